package tlog

import (
	"bytes"
	"context"
	"path"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"candor"
	"candor/receipt"
)

// Publish brings the public files up to the newest checkpoint, or to the newest
// cosigned one if there are witnesses that keep up or are awaited, and returns
// when they show it. Readers always find a checkpoint whose tiles are there.
// Unavailable if a file could not be written; records are not at risk then.
func (l *Log) Publish(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := l.fence(); err != nil {
		return err
	}
	l.pubMu.Lock()
	err := l.publish()
	l.pubMu.Unlock()
	if err != nil {
		return candor.Wrap(err, candor.Unavailable, "The log's public files could not be written. Its records are safe. Make room on the disk of the log folder.")
	}
	if err := l.settleFiles(); err != nil {
		l.logger.Warn("The log keeps its journal longer than it should.", "error", err)
	}
	return nil
}

func (l *Log) publishLoop() {
	defer l.done.Done()
	for {
		select {
		case <-l.kick:
		case <-l.overdue():
		case <-l.stop:
			return
		}
		wait := l.every
		if err := l.Publish(context.Background()); err != nil {
			l.logger.Error("The log's public files are behind.", "error", err)
			wait = max(wait, time.Second)
			l.again()
		}
		select {
		case <-time.After(wait):
		case <-l.stop:
			return
		}
	}
}

func (l *Log) again() {
	select {
	case l.kick <- struct{}{}:
	default:
	}
}

// publish writes what is new: tiles and bundles first, the checkpoint last.
func (l *Log) publish() error {
	h, before := l.showable(), l.shown()
	if before.signed != nil && bytes.Equal(h.signed, before.signed) {
		return nil
	}
	for _, t := range tlog.NewTiles(tileBits, before.size, h.size) {
		if err := l.writeTile(t); err != nil {
			return err
		}
	}
	return l.publishHead(h)
}

func (l *Log) publishHead(h head) error {
	if err := replaceFile(l.fs, "checkpoint", h.signed); err != nil {
		return err
	}
	l.headMu.Lock()
	l.published = h
	l.headMu.Unlock()
	l.tree.release(h.size)
	l.bundles.release(h.size)
	return nil
}

func (l *Log) writeTile(t tlog.Tile) error {
	b, err := l.tree.data(t.L, t.N, t.W)
	if err != nil {
		return err
	}
	if err := l.put(receipt.TilePath(t.L, t.N, t.W), b); err != nil {
		return err
	}
	if t.L == 0 {
		return l.writeBundle(t.N, t.W)
	}
	return nil
}

func (l *Log) writeBundle(n int64, w int) error {
	leaves, details, ok := l.bundles.get(n)
	if !ok || len(leaves) < w {
		return candor.Errorf(candor.Internal, "A bundle to be published is not in memory.")
	}
	var b []byte
	for _, leaf := range leaves[:w] {
		b = receipt.AppendEntry(b, leaf)
	}
	if err := l.put(receipt.BundlePath(n, w), b); err != nil || w < width {
		return err
	}
	b = nil
	for _, d := range details {
		b = appendDetails(b, d)
	}
	return l.put(detailsPath(n), b)
}

// put replaces a file, making its folder.
func (l *Log) put(name string, b []byte) error {
	if err := l.fs.MkdirAll(path.Dir(name)); err != nil {
		return err
	}
	return replaceFile(l.fs, name, b)
}

func parent(name string) string { return path.Dir(name) }

// settleFiles lets go of journal segments that are no longer needed: it syncs
// the full tiles that take their place, then removes them. Nothing is done
// until a segment is full, so that syncs are few.
func (l *Log) settleFiles() error {
	l.commitMu.Lock()
	first := l.journal.segments[0]
	more := len(l.journal.segments) > 1
	l.commitMu.Unlock()
	l.pubMu.Lock()
	defer l.pubMu.Unlock()
	full := l.shown().size &^ (width - 1)
	if !more || first.end > full || l.noDrop {
		return nil
	}
	tiles := fullTiles(l.durable, full)
	if err := l.syncTiles(tiles); err != nil {
		l.noDrop = true // a second sync of the same file may succeed without having done anything
		return err
	}
	l.durable = full
	return l.dropSegments(tiles)
}

// dropSegments must take the locks the other way round, so it lets pubMu go.
func (l *Log) dropSegments(tiles []tlog.Tile) error {
	durable := l.durable
	l.pubMu.Unlock()
	l.commitMu.Lock()
	err := l.journal.drop(durable)
	l.commitMu.Unlock()
	l.pubMu.Lock()
	if err != nil {
		return err
	}
	for _, t := range tiles {
		for _, name := range filesOf(t) {
			if err := l.fs.RemoveAll(name + ".p"); err != nil {
				return err
			}
		}
	}
	return nil
}

// fullTiles lists the tiles that became full between two sizes.
func fullTiles(from, to int64) []tlog.Tile {
	var full []tlog.Tile
	for _, t := range tlog.NewTiles(tileBits, from, to) {
		if t.W == width {
			full = append(full, t)
		}
	}
	return full
}

// filesOf names the files of a full tile.
func filesOf(t tlog.Tile) []string {
	names := []string{receipt.TilePath(t.L, t.N, width)}
	if t.L == 0 {
		names = append(names, receipt.BundlePath(t.N, width), detailsPath(t.N))
	}
	return names
}

// syncTiles makes full tiles durable, with the folders on the way to them and
// the checkpoint.
func (l *Log) syncTiles(tiles []tlog.Tile) error {
	names := []string{"checkpoint"}
	for _, t := range tiles {
		names = append(names, filesOf(t)...)
	}
	dirs := map[string]bool{".": true}
	for _, name := range names {
		if err := l.fs.Sync(name); err != nil {
			return err
		}
		for dir := parent(name); dir != "."; dir = parent(dir) {
			dirs[dir] = true
		}
	}
	for dir := range dirs {
		if err := l.fs.Sync(dir); err != nil {
			return err
		}
	}
	return nil
}
