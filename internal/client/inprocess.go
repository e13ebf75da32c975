package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
)

// errAborted is what the reader of an answer sees when the handler broke the
// connection on purpose (http.ErrAbortHandler).
var errAborted = errors.New("the answer broke off")

// InProcess is a transport that calls a handler in this process: no socket, no
// serialised request, and bodies stream both ways through pipes of no size, so
// that memory stays constant for files of any length.
//
// It keeps net/http's promises that handlers rely on: the request's context
// ends when the answer is closed; trailers arrive after the body; a handler
// that panics with http.ErrAbortHandler breaks the answer off.
type InProcess struct {
	Handler http.Handler
	running sync.WaitGroup
}

// Wait returns when no handler runs any more. No request may be made meanwhile
// or after.
func (t *InProcess) Wait() { t.running.Wait() }

// RoundTrip returns when the handler has sent its header.
func (t *InProcess) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(req.Context())
	body, pipe := io.Pipe()
	w := &pipeWriter{header: http.Header{}, pipe: pipe, ready: make(chan struct{})}
	t.running.Go(func() { t.serve(w, serverRequest(ctx, req)) })
	select {
	case <-w.ready:
	case <-ctx.Done():
		cancel()
		_ = body.CloseWithError(req.Context().Err())
		return nil, req.Context().Err()
	}
	if w.failed != nil {
		cancel()
		return nil, w.failed
	}
	return &http.Response{
		Status: fmt.Sprintf("%d %s", w.status, http.StatusText(w.status)), StatusCode: w.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.sent, Trailer: w.trailer, Body: answerBody{body, cancel}, ContentLength: -1, Request: req,
	}, nil
}

// answerBody ends the request's context when the answer is closed.
type answerBody struct {
	*io.PipeReader
	cancel context.CancelFunc
}

func (b answerBody) Close() error {
	b.cancel()
	return b.PipeReader.Close()
}

// serve runs the handler to its end.
func (t *InProcess) serve(w *pipeWriter, r *http.Request) {
	defer func() {
		_ = r.Body.Close()
		if p := recover(); p != nil {
			w.abort(p)
		}
	}()
	t.Handler.ServeHTTP(w, r)
	w.finish()
}

// serverRequest is the request as a handler expects it.
func serverRequest(ctx context.Context, req *http.Request) *http.Request {
	r := req.Clone(ctx)
	r.RequestURI = req.URL.RequestURI()
	r.Host = req.URL.Host
	r.RemoteAddr = "in-process"
	r.Proto, r.ProtoMajor, r.ProtoMinor = "HTTP/1.1", 1, 1
	if r.Body == nil {
		r.Body = http.NoBody
	}
	return r
}

// pipeWriter is the http.ResponseWriter of one in-process request.
type pipeWriter struct {
	once    sync.Once
	ready   chan struct{}
	status  int
	header  http.Header // the handler's
	sent    http.Header // as it was when the status was written
	trailer http.Header // filled at the end, read after the body's end
	pipe    *io.PipeWriter
	failed  error // set before ready when there is no answer at all
}

func (w *pipeWriter) Header() http.Header { return w.header }

func (w *pipeWriter) WriteHeader(status int) {
	w.once.Do(func() {
		w.status = status
		w.sent = w.header.Clone()
		w.trailer = http.Header{}
		for _, name := range w.sent.Values("Trailer") {
			for key := range strings.SplitSeq(name, ",") {
				w.trailer[http.CanonicalHeaderKey(strings.TrimSpace(key))] = nil
			}
		}
		close(w.ready)
	})
}

func (w *pipeWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.pipe.Write(p)
}

// Flush does nothing: the pipe holds nothing back.
func (w *pipeWriter) Flush() { w.WriteHeader(http.StatusOK) }

// finish ends the answer after the handler has returned.
func (w *pipeWriter) finish() {
	w.WriteHeader(http.StatusOK)
	for name := range w.trailer {
		w.trailer[name] = w.header[name]
	}
	_ = w.pipe.Close()
}

// abort ends the answer of a handler that panicked, as net/http's server does:
// without an answer, or by breaking it off.
func (w *pipeWriter) abort(p any) {
	err := errAborted
	if cause, ok := p.(error); ok && !errors.Is(cause, http.ErrAbortHandler) {
		err = errors.Join(errAborted, cause)
	}
	w.once.Do(func() {
		w.failed = err
		close(w.ready)
	})
	_ = w.pipe.CloseWithError(err)
}
