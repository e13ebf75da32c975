package archive

import (
	"context"
	"slices"
	"strings"
	"time"

	"candor"
)

// listensBy names the model that writes down what is said; "" if none does.
func (a *Archive) listensBy() string {
	if a.cfg.Listener == nil {
		return ""
	}
	return a.cfg.Listener.Name()
}

// placesBy names the model that is told texts and queries to place them in
// meaning; "" if none is told.
func (a *Archive) placesBy() string {
	if a.cfg.Embedder == nil {
		return ""
	}
	return a.cfg.Embedder.Name()
}

// toldOnAdding names the models that are told what items hold when they are read.
func (a *Archive) toldOnAdding() string {
	return joined(a.listensBy(), a.indexedBy())
}

// indexedBy names the models that are told a text when it is indexed: to tell the
// names in it, and to place it in meaning.
func (a *Archive) indexedBy() string {
	if a.cfg.Namer == nil {
		return a.placesBy()
	}
	return joined(a.cfg.Namer.Name(), a.placesBy())
}

// joined names some models, of which any may be "".
func joined(models ...string) string {
	named := slices.DeleteFunc(models, func(m string) bool { return m == "" })
	return strings.Join(slices.Compact(named), ", ")
}

// sound is what can be heard of an opened recording.
func (v *View) sound(ctx context.Context, from time.Duration) ([]byte, error) {
	a := v.archive
	if !candor.IsRecording(v.Item.Type) || a.cfg.Listener == nil {
		return nil, candor.Errorf(candor.NotFound, "There is nothing to listen to here.")
	}
	c, err := v.original(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	select {
	case a.playing <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-a.playing }()
	return a.cfg.Listener.Sound(ctx, candor.Source{Name: v.Item.Name, Size: c.Size(), ReaderAt: c}, from)
}

// listen completes the reading of a recording, which workers only know as one:
// what it says of itself, pictures of it, and what is said in it.
func (f *family) listen(ctx context.Context, src candor.Source, r *candor.Reading, s *sink) error {
	a := f.intake.archive
	if !candor.IsRecording(r.Type) || a.cfg.Listener == nil {
		return nil
	}
	a.recognising <- struct{}{}
	defer func() { <-a.recognising }()
	rec, err := a.cfg.Listener.Listen(ctx, src)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		r.Condition, r.Reason = candor.Failed, "it could not be listened to: "+candor.MessageOf(err)
		return nil
	}
	rec.Supplement(r.Extraction) // which has what its XMP says
	r.Condition, r.Reason, r.Extraction, r.Thumbnail = candor.Done, "", rec.Extraction, rec.Thumbnail
	for _, lack := range rec.Lacks {
		r.Lack(lack)
	}
	if rec.By != "" {
		f.spent.add(Cost{Sound: lengthOf(candor.Item{Extraction: rec.Extraction})})
		r.Fields = append(r.Fields, candor.Field{Name: "media:Transcript", Value: "machine-made, by " + rec.By})
	}
	return s.Text([]byte(rec.Text()))
}
