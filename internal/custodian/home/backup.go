package home

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"

	"candor"
	"candor/internal/custodian"
	"candor/internal/custodian/shares"
	"candor/internal/ownfile"
	"candor/receipt"
)

// backup is what shares restore: keys, settings and agreements, and how far the
// log had been followed. What was spent and shown is not in it.
type backup struct {
	V        int      `json:"v"` // 1
	Settings Settings `json:"settings"`
	Key      []byte   `json:"key"`      // seed of the HPKE key
	Identity []byte   `json:"identity"` // PEM
	Clients  []string `json:"clients"`
	Consents []string `json:"consents"`
	Size     int64    `json:"size"` // of the newest checkpoint seen
	Root     []byte   `json:"root,omitempty"`
}

// Split writes the folder's keys and agreements as n share files into a folder
// dir, any threshold of which bring them back, and writes the ceremony down. The
// custodian must not be running: its newest checkpoint goes with the shares.
func (h *Home) Split(ctx context.Context, dir string, n, threshold int) ([]string, error) {
	text, err := h.backup(ctx)
	if err != nil {
		return nil, err
	}
	texts, err := shares.Split(text, "the custodian of "+h.Origin, n, threshold, nil)
	if err != nil {
		return nil, err
	}
	if err := h.note("split", fmt.Sprintf("The keys were split into %d shares, any %d of which restore them.", n, threshold)); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, ownfile.CannotWrite(err, dir)
	}
	var files []string
	for i, t := range texts {
		file := filepath.Join(dir, fmt.Sprintf("share-%d-of-%d.txt", i+1, n))
		if err := ownfile.New(file, t); err != nil {
			return files, err
		}
		files = append(files, file)
	}
	return files, nil
}

func (h *Home) backup(ctx context.Context) ([]byte, error) {
	c, err := h.Custodian(ctx, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	st, err := c.Status(ctx)
	if closed := c.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return nil, err
	}
	b := backup{V: 1, Settings: h.Settings, Size: st.Size, Root: st.Root}
	if b.Key, err = h.private.Bytes(); err != nil {
		return nil, candor.Wrap(err, candor.Internal, "The custodian's key could not be written out; no share was made.")
	}
	if b.Identity, err = ownfile.Private(h.path(identityFile)); err != nil {
		return nil, err
	}
	if b.Clients, err = h.Clients(); err != nil {
		return nil, err
	}
	if b.Consents, err = h.Consents(); err != nil {
		return nil, err
	}
	return json.Marshal(b)
}

// Join makes a folder of shares again. newest is the log's newest signed
// checkpoint, brought by hand: nothing recorded or approved before it is
// honoured by the restored custodian (custodian.MarkRestored).
func Join(ctx context.Context, dir string, newest []byte, texts ...[]byte) (*Home, int64, error) {
	text, err := shares.Join(texts...)
	if err != nil {
		return nil, 0, err
	}
	b, err := parseBackup(text)
	if err != nil {
		return nil, 0, err
	}
	trusted, err := b.Settings.trust()
	if err != nil {
		return nil, 0, err
	}
	if _, _, err := trusted.OpenCheckpoint(newest); err != nil { // before anything is written
		return nil, 0, candor.Wrap(err, candor.Verification, "The checkpoint that was given by hand is not signed by the log %s. Fetch it from the archive's /checkpoint, better from a witness.", b.Settings.Origin)
	}
	h, err := create(dir, contents{b.Settings, b.Key, b.Identity, b.Clients, b.Consents})
	if err != nil {
		return nil, 0, err
	}
	size, err := h.restored(ctx, newest, b, "join", fmt.Sprintf("The keys were joined again from %d shares.", len(texts)))
	if err != nil {
		for _, name := range []string{keyFile, identityFile, settingsFile, clientsFile, consentFile, publicFile, custodian.JournalFile, custodian.JournalFile + ".lock"} {
			_ = os.Remove(filepath.Join(dir, name)) // made a moment ago
		}
		return nil, 0, err
	}
	return h, size, nil
}

func parseBackup(text []byte) (backup, error) {
	var b backup
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&b); err != nil || b.V != 1 || (b.Size > 0 && len(b.Root) != tlog.HashSize) {
		return b, candor.Wrap(err, candor.NotSupported, "What the shares restore is not of this Candor. It may be of a newer version.")
	}
	return b, nil
}

// Restored is told that the folder itself came out of a backup. Without it an
// older copy of the folder would let nonces be spent again and count budgets
// anew: nobody else can know.
func (h *Home) Restored(ctx context.Context, newest []byte) (int64, error) {
	return h.restored(ctx, newest, backup{}, "restored", "The folder was put back from a backup.")
}

func (h *Home) restored(ctx context.Context, newest []byte, b backup, kind, what string) (int64, error) {
	r := custodian.Restored{Trust: h.trusted, StateDir: h.dir, Newest: newest}
	if b.Size > 0 {
		r.Backup = receipt.Checkpoint{Origin: h.Origin, Size: b.Size, Hash: tlog.Hash(b.Root)}
	}
	size, err := custodian.MarkRestored(ctx, r)
	if err != nil {
		return 0, err
	}
	return size, h.note(kind, fmt.Sprintf("%s Nothing from before record %d is honoured.", what, size))
}
