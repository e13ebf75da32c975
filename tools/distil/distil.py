"""Distils a sentence transformer into the table that Candor embeds texts by.

    python distil.py MODEL_FOLDER TEXTS OUT.bin

MODEL_FOLDER holds the published weights of all-MiniLM-L6-v2 (model.safetensors,
config.json, tokenizer.json); TEXTS is a file with a passage a line, of many kinds
(texts.py makes one of Debian packages). The table is fitted so that the mean of
a passage's rows points where the teacher puts the passage:

 1. the teacher embeds every passage, and every piece of a word alone;
 2. both are turned to their principal axes (as model2vec does), and kept to
    DIMS of them; frequent pieces begin with little weight (SIF, Arora et al. 2017);
 3. the rows are moved by gradient descent (Adam) until the cosine of passages
    that were held back no longer rises; a pull keeps rare pieces where they began;
 4. the axes are turned at random, so that each carries as much, which is what
    the signatures of the index need, and the rows are rounded to a byte a number.

Passages that the table is judged by (bench/relevance) are not among the texts.
"""

import json
import os
import struct
import sys

import numpy as np
import scipy.sparse as sp

from teacher import CLS, SEP, PAD, UNKNOWN, Teacher

DIMS = 256
LONGEST = 160  # tokens of a passage that the teacher reads
HELD_BACK = 20  # one passage in so many judges the fit
PULL = 0.01
RATE = 0.02
BATCH = 8192
MOST_ROUNDS = 60


def main(model, texts, out):
    teacher = Teacher(model)
    with open(texts) as f:
        rows = [teacher.tokens(line)[:LONGEST] for line in f]
    rows = [r for r in rows if r]
    targets = cached(out + ".passages.npy", lambda: embed(teacher, rows))
    alone = cached(out + ".pieces.npy", lambda: embed(teacher, [[i] for i in range(teacher.config["vocab_size"])]))
    table = fit(rows, targets, alone)
    vocabulary = teacher.tokenizer.get_vocab()
    pieces = [p for p, _ in sorted(vocabulary.items(), key=lambda item: item[1])]
    write(out, pieces, turned(table))


def cached(path, make):
    if not os.path.exists(path):
        np.save(path, make())
    return np.load(path)


def embed(teacher, rows):
    """Embeds rows, those of about one length together."""
    out = np.zeros((len(rows), teacher.config["hidden_size"]), np.float32)
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
    for i in range(0, len(order), 64):
        batch = order[i : i + 64]
        out[batch] = teacher.embed([rows[j] for j in batch])
        print(f"\rembedded {i + len(batch)} of {len(order)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return out


def unit(rows):
    return rows / (np.linalg.norm(rows, axis=1, keepdims=True) + 1e-9)


def fit(rows, targets, alone):
    """Returns a table of a row for each piece."""
    centred = targets - targets.mean(0)
    _, _, axes = np.linalg.svd(centred[:20000], full_matrices=False)
    axes = axes[:DIMS].T
    targets = unit(centred @ axes).astype(np.float32)
    passages = matrix(rows, len(alone))
    share = np.asarray((passages > 0).mean(0)).ravel()
    weight = 1e-3 / (1e-3 + share)
    start = (unit((unit(alone) - unit(alone).mean(0)) @ axes) * weight[:, None]).astype(np.float32)
    held = len(rows) // HELD_BACK
    table, best, score = start.copy(), start, -1.0
    for step in descent(table, start, passages, targets, held):
        now = float((unit(passages[:held] @ table) * targets[:held]).sum(1).mean())
        print(f"round {step}: cosine {now:.4f} on passages held back", file=sys.stderr, flush=True)
        if now < score + 1e-4:
            break
        best, score = table.copy(), now
    return best


def matrix(rows, pieces):
    """The share of each piece in each passage."""
    ends, which, shares = [0], [], []
    for row in rows:
        found, times = np.unique(np.array(row), return_counts=True)
        which.append(found)
        shares.append(times / len(row))
        ends.append(ends[-1] + len(found))
    return sp.csr_matrix((np.concatenate(shares).astype(np.float32), np.concatenate(which), ends), shape=(len(rows), pieces))


def descent(table, start, passages, targets, held):
    """Moves a table in place, and yields after every fifth round."""
    rng = np.random.RandomState(0)
    first, second = np.zeros_like(table), np.zeros((len(table), 1), np.float32)
    index, step = np.arange(held, passages.shape[0]), 0
    for done in range(1, MOST_ROUNDS + 1):
        rng.shuffle(index)
        for at in range(0, len(index), BATCH):
            batch = index[at : at + BATCH]
            means = passages[batch] @ table
            length = np.linalg.norm(means, axis=1, keepdims=True) + 1e-6
            towards = means / length
            cosine = (towards * targets[batch]).sum(1, keepdims=True)
            slope = passages[batch].T @ ((cosine * towards - targets[batch]) / length)
            slope = slope / len(batch) * 1e3 + PULL * (table - start)
            step += 1
            first[:] = 0.9 * first + 0.1 * slope
            second[:] = 0.99 * second + 0.01 * (slope**2).mean(1, keepdims=True)
            table -= RATE * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-6)
        if done % 5 == 0:
            yield done


def turned(table):
    """Turns the axes at random, which changes no cosine."""
    rotation, _ = np.linalg.qr(np.random.RandomState(7).normal(size=(DIMS, DIMS)))
    return (table @ rotation).astype(np.float32)


def write(path, pieces, table):
    """Writes the file that internal/analyze/embed/table.go describes. Pieces that
    only steer the teacher, or stand for nothing, are left empty."""
    silent = {CLS, SEP, PAD, UNKNOWN}
    names = ["" if i in silent or p.startswith("[") and p.endswith("]") and len(p) > 2 else p for i, p in enumerate(pieces)]
    scales = np.abs(table).max(1) / 127
    rounded = np.rint(table / np.maximum(scales, 1e-12)[:, None]).astype(np.int8)
    with open(path, "wb") as f:
        f.write(b"candorEM" + struct.pack("<II", table.shape[1], len(names)))
        f.write("".join(n + "\n" for n in names).encode())
        f.write(scales.astype("<f4").tobytes())
        f.write(rounded.tobytes())


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
