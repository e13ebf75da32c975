package archive_test

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"candor"
	"candor/internal/archive"
)

// nested is a box of n letters, of which each third stands in an envelope.
func nested(n int) (box string, items int64) {
	var b strings.Builder
	for i := range n {
		letter := fmt.Sprintf("letter %d about the harbour", i)
		items++
		if i%3 == 0 {
			letter = "part inner.txt " + letter
			items++
		}
		fmt.Fprintf(&b, "part %d.txt %s\n", i, letter)
	}
	return b.String(), items + 1
}

// A crash while a container is read loses nothing of it: handed in again, what was
// stored is held, and all the rest is read.
func TestCrashInsideAContainer(t *testing.T) {
	box, want := nested(700)
	h := newHouse(t)
	ctx, cancel := context.WithCancel(bg)
	a, err := h.BeginAddition(bg, h.adder, archive.NewAddition{Collection: "main", Source: "test", Expected: 1})
	must(t, err)
	stop := make(chan struct{})
	go func() {
		defer close(stop)
		for ctx.Err() == nil {
			if n, _ := h.cfg.Catalog.Totals(bg, "main"); n.Items > 0 { // the first batch
				cancel()
			}
			time.Sleep(time.Millisecond)
		}
	}()
	_, err = h.PutFile(ctx, h.adder, a.ID, archive.FileHeader{Path: "box", Size: int64(len(box))}, strings.NewReader(box))
	cancel()
	<-stop
	if err == nil {
		t.Fatal("it was read to its end before it could be cut short")
	}
	h.reopen() // as after a crash: what was in memory is gone
	held, err := h.cfg.Catalog.Totals(bg, "main")
	must(t, err)
	if held.Items == 0 || held.Items >= want {
		t.Fatalf("%d items are held, so this test would prove nothing", held.Items)
	}
	// What is stored is found and opened, though what it stands in is not stored yet.
	p := h.purpose(100)
	res, err := h.find(p, `"letter 1"`)
	must(t, err)
	if len(res.Hits) != 1 || !strings.HasSuffix(res.Hits[0].Path, "1.txt") {
		t.Fatalf("found %+v", res.Hits)
	}
	_, err = h.Open(bg, h.reader, archive.OpenRequest{Item: res.Hits[0].Item.ID, Purpose: p})
	must(t, err)
	got := h.add([2]string{"box", box})
	if got.Items != want-held.Items {
		t.Errorf("%d items were new, want %d", got.Items, want-held.Items)
	}
	if now, err := h.cfg.Catalog.Totals(bg, "main"); err != nil || now.Items != want {
		t.Errorf("%d items are held of %d, %v", now.Items, want, err)
	}
	if d, err := h.Check(bg, h.admin, nil); err != nil || len(d) > 0 {
		t.Errorf("%v, %v", d, err)
	}
}

// What an older version has left without its parts is told, and made whole when it
// is handed in again.
func TestContainerThatLacksParts(t *testing.T) {
	h := newHouse(t)
	box, want := nested(9)
	h.add([2]string{"box", box})
	p := h.purpose(100)
	lost := h.items(`"letter 6"`, p)
	if len(lost) != 1 {
		t.Fatalf("%d letters are called so", len(lost))
	}
	it, err := h.cfg.Catalog.Item(bg, lost[0])
	must(t, err)
	must(t, h.cfg.Catalog.DeleteItem(bg, it.ID))
	must(t, h.cfg.Index.Delete(bg, []uint32{it.Num}))
	found := false
	all, err := h.Check(bg, h.admin, nil)
	must(t, err)
	for _, d := range all {
		found = found || strings.Contains(d.Problem, "inside them")
	}
	if !found {
		t.Errorf("it is not told: %v", all)
	}
	h.reopen()
	h.add([2]string{"box", box})
	if now, err := h.cfg.Catalog.Totals(bg, "main"); err != nil || now.Items != want {
		t.Errorf("%d items are held of %d, %v", now.Items, want, err)
	}
}

// quine is a reader of a file that holds itself, and another; and of two files that
// hold each other.
type quine struct{}

func (quine) Extract(_ context.Context, src candor.Source, sink candor.Sink) (candor.Reading, error) {
	r := candor.Reading{Type: "application/zip", Condition: candor.Done}
	if src.Name == "other" {
		return r, nil
	}
	whole, err := io.ReadAll(io.NewSectionReader(src, 0, src.Size))
	if err != nil {
		return r, err
	}
	for in, out := range map[string][]string{"pair": {"left", "right"}, "left": {"right"}, "right": {"left"}} {
		for _, name := range out {
			if string(whole) == in {
				if err := sink.Part(candor.Place{Path: name}, strings.NewReader(name)); err != nil {
					return r, err
				}
			}
		}
	}
	if slices.Contains([]string{"pair", "left", "right"}, string(whole)) {
		return r, nil
	}
	if err := sink.Part(candor.Place{Path: "myself"}, strings.NewReader(string(whole))); err != nil {
		return r, err
	}
	return r, sink.Part(candor.Place{Path: "other"}, strings.NewReader("other"))
}

func (quine) Render(context.Context, candor.Source, int, int) ([]byte, error) {
	return nil, candor.Errorf(candor.NotSupported, "no pages")
}

// A file that holds itself is read once, and nobody waits for himself.
func TestFileThatHoldsItself(t *testing.T) {
	h := newHouse(t)
	h.close()
	h.adjust = func(c *archive.Config) { c.Extractor = quine{} }
	h.open(false)
	got := h.add([2]string{"quine", "I hold myself"})
	if got.Items != 2 {
		t.Errorf("%d items", got.Items)
	}
	for range 20 {
		if got = h.add([2]string{"pair", "pair"}); got.Conditions[candor.Done] != 1 {
			t.Errorf("%+v", got)
		}
	}
	if now, err := h.cfg.Catalog.Totals(bg, "main"); err != nil || now.Items != 5 {
		t.Errorf("%d items, %v", now.Items, err)
	}
}

// Two additions of one container side by side keep it once, and whole.
func TestContainerInTwoAdditions(t *testing.T) {
	h := newHouse(t)
	box, want := nested(60)
	var both sync.WaitGroup
	for _, name := range []string{"one", "two"} {
		both.Go(func() {
			if _, err := h.tryAdd([2]string{name, box}); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	if now, err := h.cfg.Catalog.Totals(bg, "main"); err != nil || now.Items != want {
		t.Errorf("%d items are held of %d, %v", now.Items, want, err)
	}
	if d, err := h.Check(bg, h.admin, nil); err != nil || len(d) > 0 {
		t.Errorf("%v, %v", d, err)
	}
}
