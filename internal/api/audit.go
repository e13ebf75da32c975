package api

import (
	"encoding/json"
	"net/http"
	"reflect"

	"candor/internal/archive"
	"candor/internal/wire"
)

func (d *door) auditRoutes() []route {
	records := stream("audit", http.MethodPost, "/audit/records", "Records with their details as they are sealed (auditor); JSON lines", linesType, d.auditRecords)
	records.in = reflect.TypeFor[wire.AuditRequest]()
	return []route{
		records,
		post("audit", "/audit/reviews", "Mark a record reviewed, with a note (auditor)", d.review),
		post("audit", "/audit/destroy", "Destroy the sealed details of acts before a time, for good (auditor)", d.destroyDetails),
	}
}

// lines is an answer of JSON lines. Until the first is written, an error can still
// be told as one.
type lines struct {
	w     http.ResponseWriter
	to    *json.Encoder
	begun bool
}

func newLines(w http.ResponseWriter) *lines {
	l := &lines{w: w, to: json.NewEncoder(w)}
	l.to.SetEscapeHTML(false)
	return l
}

func (l *lines) write(line any) error {
	if !l.begun {
		l.w.Header().Set("Content-Type", linesType)
		l.begun = true
	}
	return l.to.Encode(line)
}

// auditRecords streams. The archive yields nothing before the audit's own
// record is durable, so an error before the first line is a proper error; one
// after it is told in the last line.
func (d *door) auditRecords(w http.ResponseWriter, r *http.Request, who archive.Actor) error {
	in, err := decode[wire.AuditRequest](r)
	if err != nil {
		return err
	}
	lines := newLines(w)
	proof, err := d.archive.Audit(r.Context(), who, decodeAudit(in), func(a archive.AuditRecord) error {
		return lines.write(wire.AuditLine{Record: encodeAudit(a)})
	})
	switch {
	case err != nil && !lines.begun:
		return err
	case err != nil:
		body := errorBody(err)
		_ = lines.write(wire.AuditLine{Error: &body})
	default:
		out := encodeReceipt(proof)
		if !lines.begun {
			setReceipt(w.Header(), proof.Index)
		}
		_ = lines.write(wire.AuditLine{Done: &out})
	}
	return nil
}

func decodeAudit(in wire.AuditRequest) archive.AuditRequest {
	return archive.AuditRequest{
		Act: in.Act, Purpose: in.Purpose, From: in.From, To: in.To, Indexes: in.Indexes,
		Newest: in.Newest, Sample: in.Sample, Seed: in.Seed, For: archive.LookingFor(in.For),
	}
}

func encodeAudit(a archive.AuditRecord) *wire.AuditRecord {
	return &wire.AuditRecord{
		Index: a.Index, Leaf: string(a.Leaf), Sealed: a.Sealed, Held: string(a.Held), DestroyedBy: a.DestroyedBy,
		Reviews: each(a.Reviews, func(r archive.Review) wire.Review { return wire.Review(r) }),
	}
}

func (d *door) review(r *http.Request, who archive.Actor, in wire.NewReview) (wire.Done, error) {
	done, err := d.archive.Review(r.Context(), who, in.Index, in.Note)
	if err != nil {
		return wire.Done{}, err
	}
	return wire.Done{Receipt: encodeReceipt(done.Receipt)}, nil
}

func (d *door) destroyDetails(r *http.Request, who archive.Actor, in wire.Retention) (wire.Destroyed, error) {
	out, err := d.archive.DestroyDetails(detached(r.Context()), who, in.Before)
	if err != nil {
		return wire.Destroyed{}, err
	}
	return wire.Destroyed{Records: out.Records, Kept: out.Kept, Receipt: encodeReceipt(out.Receipt)}, nil
}
