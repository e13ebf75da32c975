package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strconv"

	"candor"
	"candor/internal/archive"
	"candor/internal/wire"
)

// maxBody bounds every request body that is not a file: 1 MiB. The longest
// query that is worth refusing politely and a full KnownFiles batch fit.
const maxBody = 1 << 20

const tooLargeMessage = "The request is larger than 1 MiB. Send less at a time; files themselves go to PUT /api/v1/additions/{id}/files, which has no limit."

const jsonType = "application/json"

// route is one operation: how it is reached, what it says about itself, and
// what serves it. The mux and the OpenAPI document are both made from it.
type route struct {
	method, path string // path below wire.Prefix, in net/http's pattern syntax
	summary      string
	tag          string
	public       bool // needs no sign-in
	params       []param
	request      string       // media type of a streamed request body; "" for JSON or none
	in           reflect.Type // JSON request body, nil for none
	answer       string       // media type of the answer
	out          reflect.Type // JSON answer, nil when answer is not JSON
	serve        func(w http.ResponseWriter, r *http.Request, who archive.Actor) error
}

// param is one query parameter.
type param struct {
	name, kind, doc string // kind: string, integer
	required        bool
}

// with adds query parameters to a route.
func (r route) with(params ...param) route {
	r.params = append(r.params, params...)
	return r
}

// anyone makes a route public.
func (r route) anyone() route {
	r.public = true
	return r
}

// get makes a route that answers with JSON.
func get[Out any](tag, path, summary string, call func(r *http.Request, who archive.Actor) (Out, error)) route {
	return route{
		method: http.MethodGet, path: path, summary: summary, tag: tag, answer: jsonType, out: reflect.TypeFor[Out](),
		serve: func(w http.ResponseWriter, r *http.Request, who archive.Actor) error {
			out, err := call(r, who)
			if err != nil {
				return err
			}
			return answer(w, http.StatusOK, out)
		},
	}
}

// post makes a route that is told JSON and answers with JSON.
func post[In, Out any](tag, path, summary string, call func(r *http.Request, who archive.Actor, in In) (Out, error)) route {
	return route{
		method: http.MethodPost, path: path, summary: summary, tag: tag, answer: jsonType,
		in: reflect.TypeFor[In](), out: reflect.TypeFor[Out](),
		serve: func(w http.ResponseWriter, r *http.Request, who archive.Actor) error {
			in, err := decode[In](r)
			if err != nil {
				return err
			}
			out, err := call(r, who, in)
			if err != nil {
				return err
			}
			return answer(w, http.StatusOK, out)
		},
	}
}

// stream makes a route that writes its own answer, of another media type.
func stream(tag, method, path, summary, media string, serve func(w http.ResponseWriter, r *http.Request, who archive.Actor) error) route {
	return route{method: method, path: path, summary: summary, tag: tag, answer: media, serve: serve}
}

// nothing is the body of a request or answer that says nothing.
type nothing struct{}

// decode reads a JSON body strictly: one object, no field that we do not know,
// so that a misspelt limit is an error and not the default.
func decode[In any](r *http.Request) (In, error) {
	var in In
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil && !(errors.Is(err, io.EOF) && mayBeEmpty(reflect.TypeFor[In]())) {
		return in, badBody(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return in, candor.Errorf(candor.Invalid, "The body holds more than one JSON object. Send exactly one.")
	}
	return in, nil
}

// mayBeEmpty reports whether an operation takes no body too.
func mayBeEmpty(in reflect.Type) bool {
	return in == reflect.TypeFor[nothing]() || in == reflect.TypeFor[wire.Decision]()
}

func badBody(err error) error {
	var tooBig *http.MaxBytesError
	if errors.As(err, &tooBig) {
		return candor.Errorf(candor.TooLarge, tooLargeMessage)
	}
	return candor.Wrap(err, candor.Invalid, "The body is not the JSON object that this operation takes (%v). %s/openapi.json describes it.", err, wire.Prefix)
}

// answer writes a success, with the receipt's index in the header if there is one.
func answer(w http.ResponseWriter, code int, out any) error {
	if r, ok := out.(interface{ RecordIndex() int64 }); ok && r.RecordIndex() > 0 { // record 0 is no outcome
		setReceipt(w.Header(), r.RecordIndex())
	}
	writeJSON(w, code, out)
	return nil
}

func setReceipt(h http.Header, index int64) {
	h.Set(wire.ReceiptHeader, strconv.FormatInt(index, 10))
}

// writeJSON writes one object. A reader that has gone away is not our error.
func writeJSON(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", jsonType)
	w.WriteHeader(code)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v)
}

// intParam reads a query parameter that is a whole number, not negative.
func intParam(r *http.Request, name string, otherwise int) (int, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, candor.Errorf(candor.Invalid, "The parameter %s must be a whole number, 0 or more.", name)
	}
	return n, nil
}

// each converts a list; an empty list stays a list in JSON.
func each[A, B any](list []A, convert func(A) B) []B {
	out := make([]B, len(list))
	for i, a := range list {
		out[i] = convert(a)
	}
	return out
}

// orEmpty makes a nil list an empty one, so that JSON says [] and not null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// detached lets an act that has begun come to its recorded end although the
// caller has gone away: a commit that half the files wait for is not undone by
// a lost connection.
func detached(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }
