-- +goose Up

-- An item's whole account is JSON in data; the other columns are those that
-- queries read. docs/spec/catalog.md describes every table.
CREATE TABLE items (
    num        INTEGER PRIMARY KEY,
    id         TEXT    NOT NULL UNIQUE,
    collection TEXT    NOT NULL,
    condition  TEXT    NOT NULL,
    size       BIGINT  NOT NULL,
    data       BLOB    NOT NULL
);

-- Kept by the transactions that change items: how large a collection is must
-- be known to every search, and may not cost a scan.
CREATE TABLE totals (
    collection TEXT   NOT NULL,
    condition  TEXT   NOT NULL,
    items      BIGINT NOT NULL,
    bytes      BIGINT NOT NULL,
    PRIMARY KEY (collection, condition)
) WITHOUT ROWID;

CREATE TABLE additions (
    id      TEXT   PRIMARY KEY,
    started BIGINT NOT NULL,
    data    BLOB   NOT NULL
);
CREATE INDEX additions_newest ON additions (started, id);

CREATE TABLE entries (
    num        INTEGER PRIMARY KEY,
    addition   TEXT    NOT NULL,
    collection TEXT    NOT NULL,
    path       TEXT    NOT NULL,
    size       BIGINT  NOT NULL,
    mod_time   BIGINT  NOT NULL,
    item       TEXT    NOT NULL,
    condition  TEXT    NOT NULL,
    reason     TEXT    NOT NULL,
    duplicate  BIGINT  NOT NULL,
    items      BIGINT  NOT NULL
);
CREATE INDEX entries_account ON entries (addition, path, num);
CREATE INDEX entries_condition ON entries (addition, condition, path, num);
CREATE INDEX entries_known ON entries (collection, path, size, mod_time, num);

CREATE TABLE documents (
    kind TEXT NOT NULL,
    id   TEXT NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (kind, id)
);

CREATE TABLE coverage (
    purpose TEXT   NOT NULL,
    num     BIGINT NOT NULL,
    PRIMARY KEY (purpose, num)
) WITHOUT ROWID;

CREATE TABLE sessions (
    hash    BLOB   PRIMARY KEY,
    who     TEXT   NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX sessions_expires ON sessions (expires);

CREATE TABLE meta (
    name  TEXT   PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO meta (name, value) VALUES ('next_num', 1);
