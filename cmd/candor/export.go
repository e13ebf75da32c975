package main

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"candor"
	"candor/internal/wire"
)

var itemPattern = regexp.MustCompile(`^[a-z2-7]{26}$`)

const exportPage = 100 // hits a search gives at a time

// exported is what `export --json` prints.
type exported struct {
	Items int    `json:"items"`
	Files int    `json:"files"`
	Bytes int64  `json:"bytes"`
	Dir   string `json:"dir"`
	Index int64  `json:"receipt_index"`
}

func (c *cli) exportCommand() *cobra.Command {
	var purpose candor.PurposeID
	var dir, receiptFile string
	var limit int
	cmd := &cobra.Command{
		Use:   "export QUERY|ITEM...",
		Short: "Write originals to a folder, with a manifest and the receipt",
		Args:  someArgs("query or item"),
		Example: example(
			"candor export 4kq7zt2m5bw3xjd6hn8rcy9fva --purpose p-3k7v2m9qxa -o export",
			`candor export '"flood wall"' --purpose p-3k7v2m9qxa -o export --limit 200`),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := need(cmd, "purpose", "output"); err != nil {
				return err
			}
			return c.with(cmd.Context(), func(conn *connection) error {
				items, err := chosen(cmd.Context(), conn, purpose, args, limit)
				if err != nil {
					return err
				}
				out, err := exportTo(cmd.Context(), conn, wire.ExportRequest{Purpose: purpose, Items: items}, dir)
				if err != nil {
					return err
				}
				proof, err := os.ReadFile(filepath.Join(dir, "receipt.txt"))
				if err != nil {
					return candor.Wrap(err, candor.Unavailable, "The receipt of the export cannot be read.")
				}
				if err := c.keepReceipt(receiptFile, string(proof)); err != nil {
					return err
				}
				return c.print(out, func(w io.Writer) {
					fmt.Fprintf(w, "%s written to %s, with a manifest and the receipt. Recorded as number %d of the log.\n",
						counted(int64(out.Items), "item", "items"), dir, out.Index)
				})
			})
		},
	}
	purposeFlag(cmd, &purpose)
	f := cmd.Flags()
	f.StringVarP(&dir, "output", "o", "", "a new or empty `folder`")
	f.StringVar(&receiptFile, "receipt", "", "write the receipt to a `file`, beside the copy in the folder")
	f.IntVar(&limit, "limit", 1000, "for a query: most `items`, best first")
	return cmd
}

// chosen is what the arguments name: items by their IDs, or what one query finds.
func chosen(ctx context.Context, conn *connection, purpose candor.PurposeID, args []string, limit int) ([]candor.ItemID, error) {
	hits, err := chosenHits(ctx, conn, purpose, args, limit)
	items := make([]candor.ItemID, len(hits))
	for i, h := range hits {
		items[i] = h.Item
	}
	return items, err
}

// chosenIn is what the arguments name, by collection; of items named by their IDs
// the collection is not known here, and left empty.
func chosenIn(ctx context.Context, conn *connection, purpose candor.PurposeID, args []string, limit int) (map[string][]candor.ItemID, error) {
	hits, err := chosenHits(ctx, conn, purpose, args, limit)
	items := map[string][]candor.ItemID{}
	for _, h := range hits {
		items[h.Collection] = append(items[h.Collection], h.Item)
	}
	return items, err
}

func chosenHits(ctx context.Context, conn *connection, purpose candor.PurposeID, args []string, limit int) ([]wire.Hit, error) {
	var named []wire.Hit
	for _, a := range args {
		if itemPattern.MatchString(a) {
			named = append(named, wire.Hit{Item: candor.ItemID(a)})
		}
	}
	if len(named) == len(args) {
		return named, nil
	}
	if len(args) > 1 {
		return nil, candor.Errorf(candor.Invalid, "Give items, or one query in quotes: not both, and not several queries.")
	}
	return found(ctx, conn, wire.SearchRequest{Query: args[0], Purpose: purpose}, limit)
}

// found pages through a search; each page is an act of its own.
func found(ctx context.Context, conn *connection, in wire.SearchRequest, limit int) ([]wire.Hit, error) {
	var hits []wire.Hit
	for len(hits) < limit {
		in.Limit = min(exportPage, limit-len(hits))
		res, err := conn.Search(ctx, in)
		if err != nil {
			return nil, err
		}
		hits = append(hits, res.Hits...)
		if in.After = res.Next; in.After == "" {
			break
		}
	}
	if len(hits) == 0 {
		return nil, candor.Errorf(candor.NotFound, "The query found nothing.")
	}
	return hits, nil
}

// exportTo receives the zip into the folder and unpacks it there. Until all of
// it has arrived nothing else appears in the folder.
func exportTo(ctx context.Context, conn *connection, in wire.ExportRequest, dir string) (out exported, err error) {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return out, candor.Errorf(candor.Conflict, "%s is not empty. Choose a new or empty folder with -o.", dir)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return out, candor.Wrap(err, candor.Unavailable, "%s cannot be made. Choose another folder with -o.", dir)
	}
	arriving, err := os.CreateTemp(dir, ".arriving-*.zip")
	if err != nil {
		return out, diskError(err, dir)
	}
	defer func() { err = errors.Join(err, arriving.Close(), os.Remove(arriving.Name())) }()
	index, err := conn.Export(ctx, in, arriving)
	if err != nil {
		return out, err
	}
	size, err := arriving.Seek(0, io.SeekEnd)
	if err != nil {
		return out, diskError(err, dir)
	}
	files, bytes, err := unpack(arriving, size, dir)
	return exported{Items: len(in.Items), Files: files, Bytes: bytes, Dir: dir, Index: index}, err
}

// unpack writes a zip's files below dir and nowhere else, whatever their names say.
func unpack(r io.ReaderAt, size int64, dir string) (files int, bytes int64, err error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return 0, 0, candor.Wrap(err, candor.Verification, "What the server sent is not a whole zip. Run the export again.")
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return 0, 0, diskError(err, dir)
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	for _, f := range z.File {
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		n, err := unpackFile(root, f)
		if err != nil {
			return files, bytes, err
		}
		files++
		bytes += n
	}
	return files, bytes, nil
}

func unpackFile(root *os.Root, f *zip.File) (n int64, err error) {
	if err := root.MkdirAll(path.Dir(f.Name), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return 0, candor.Wrap(err, candor.Unavailable, "The folder of an exported file cannot be made.")
	}
	r, err := f.Open()
	if err != nil {
		return 0, candor.Wrap(err, candor.Verification, "An exported file is damaged. Run the export again.")
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	w, err := root.OpenFile(f.Name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, candor.Wrap(err, candor.Unavailable, "An exported file cannot be written: it would stand outside the folder, or twice in it.")
	}
	n, err = io.Copy(w, r)
	if err := errors.Join(err, w.Close()); err != nil {
		return n, candor.Wrap(err, candor.Unavailable, "An exported file could not be written. Check the disk, and run the export again.")
	}
	return n, nil
}
