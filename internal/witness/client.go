package witness

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"time"

	"golang.org/x/mod/sumdb/note"

	"candor"
	"candor/receipt"
)

// answered is what a witness's answer amounts to.
type answered struct {
	line     string // the cosignature as a line of a note; empty after a conflict
	at       time.Time
	conflict bool
	size     int64 // after a conflict: what the witness has cosigned
}

// exchange is how requests are made.
type exchange struct {
	client *http.Client
	now    func() time.Time
	skew   time.Duration
}

// submit asks a witness to cosign a checkpoint. old is the size that it is
// believed to have cosigned; if it says otherwise, it is asked once more with
// the size that it gave.
func (e *exchange) submit(ctx context.Context, p Peer, old int64, r *round, prove func(ctx context.Context, from, to int64) ([][]byte, error)) (answered, error) {
	old = min(old, r.cp.Size)
	for again := false; ; again = true {
		proof, err := proofFor(ctx, prove, old, r.cp.Size)
		if err != nil {
			return answered{}, err
		}
		a, err := e.post(ctx, p, request{old: old, proof: proof, checkpoint: r.note}, r)
		if err != nil || !a.conflict {
			return a, err
		}
		switch {
		case a.size > r.cp.Size:
			return a, candor.Errorf(candor.Conflict, "It has cosigned %d records of this log, more than the %d there are here. "+
				"Either another process submits for this log, or the log was restored from an old copy: then stop, and restore a newer one.", a.size, r.cp.Size)
		case again || a.size == old:
			return a, candor.Errorf(candor.Unavailable, "It says that its size is not what it said before. Another process may be submitting for this log.")
		}
		old = a.size
	}
}

func proofFor(ctx context.Context, prove func(ctx context.Context, from, to int64) ([][]byte, error), from, to int64) ([][]byte, error) {
	if from == 0 || from == to {
		return nil, nil
	}
	proof, err := prove(ctx, from, to)
	if err != nil {
		return nil, candor.Wrap(err, candor.CodeOf(err), "This log could not prove that %d records extend %d. Run candor verify on it.", to, from)
	}
	return proof, nil
}

func (e *exchange) post(ctx context.Context, p Peer, req request, r *round) (answered, error) {
	started := e.now()
	hreq, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL+"/add-checkpoint", bytes.NewReader(req.marshal()))
	if err != nil {
		return answered{}, candor.Wrap(err, candor.Invalid, "Its address in the policy cannot be used.")
	}
	hreq.Header.Set("Content-Type", "text/plain; charset=utf-8")
	res, err := e.client.Do(hreq)
	if err != nil {
		return answered{}, candor.Wrap(err, candor.Unavailable, "It does not answer.")
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil || len(body) > maxAnswer {
		return answered{}, candor.Wrap(err, candor.Unavailable, "Its answer broke off, or is longer than %d bytes.", maxAnswer)
	}
	switch res.StatusCode {
	case http.StatusOK:
		return e.cosignature(p, r, body, started)
	case http.StatusConflict:
		return conflict(res.Header.Get("Content-Type"), body)
	}
	return answered{}, refused(res.StatusCode)
}

func conflict(contentType string, body []byte) (answered, error) {
	size, err := parseSizeAnswer(body)
	if kind, _, _ := mime.ParseMediaType(contentType); err == nil && kind != sizeType {
		err = errors.New("not of the type " + sizeType)
	}
	if err != nil {
		return answered{}, candor.Wrap(err, candor.Verification, "It answered a conflict without the size that it has cosigned: it does not keep to the protocol.")
	}
	return answered{conflict: true, size: size}, nil
}

// refused translates the statuses of the protocol.
func refused(status int) error {
	switch status {
	case http.StatusNotFound:
		return candor.Errorf(candor.NotFound, "It does not follow this log, or its address is wrong. Ask its operator to add the log's origin and key.")
	case http.StatusForbidden:
		return candor.Errorf(candor.Verification, "It knows this log under another key. Give its operator the log's present key.")
	case http.StatusUnprocessableEntity:
		return candor.Errorf(candor.Verification, "It says that this log does not extend what it cosigned before. Run candor verify; if the log was restored from an old copy, restore a newer one.")
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
		return candor.Errorf(candor.Invalid, "It does not accept our request (HTTP status %d).", status)
	}
	return candor.Errorf(candor.Unavailable, "It answered with the HTTP status %d.", status)
}

// cosignature finds the witness's signature in an answer and verifies it:
// name, key ID, signature, and that it was made just now.
func (e *exchange) cosignature(p Peer, r *round, body []byte, started time.Time) (answered, error) {
	signed := append([]byte(r.text+"\n"), body...)
	n, err := note.Open(signed, note.VerifierList(p.Key))
	if err == nil && n.Text != r.text {
		err = errors.New("the answer holds more than signatures")
	}
	if err != nil {
		return answered{}, candor.Wrap(err, candor.Verification, "Its answer holds no cosignature of this checkpoint by the key in the policy.")
	}
	at, err := receipt.CosignedAt(signed, p.Key)
	if err != nil {
		return answered{}, candor.Wrap(err, candor.Verification, "Its cosignature does not tell when it was made.")
	}
	if at.Before(started.Add(-e.skew)) || at.After(e.now().Add(e.skew)) {
		return answered{}, candor.Errorf(candor.Verification, "Its cosignature is dated %s, more than %s from the time here. One of the two clocks is wrong, or an old answer was replayed.",
			at.Format(time.RFC3339), e.skew)
	}
	return answered{line: signatureLines(n.Sigs), at: at}, nil
}
