// Package pdf reads PDF files with PDFium, compiled to WebAssembly and run
// without a file system, so that a fault in it stays inside its own memory,
// inside a confined worker.
package pdf

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// memoryPages bounds the memory of one PDFium instance, in units of 64 KiB.
// A document that needs more fails by itself, and the worker lives.
const memoryPages = 384 << 20 / (64 << 10)

// Engine holds PDFium, compiled, with one instance that is used for document
// after document. It is not safe for concurrent use.
type Engine struct {
	pool     pdfium.Pool
	instance pdfium.Pdfium
}

// Load compiles PDFium, or reads it compiled from the cache folder (about 70 ms
// instead of some seconds), and starts an instance. It is called before a
// worker confines itself: nothing is opened later. An empty cache compiles anew.
func Load(cache string) (*Engine, error) {
	conf := wazero.NewRuntimeConfigCompiler().
		WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling).
		WithMemoryLimitPages(memoryPages)
	if cache != "" {
		c, err := wazero.NewCompilationCacheWithDir(cache)
		if err != nil {
			return nil, fmt.Errorf("opening the cache of compiled code: %w", err)
		}
		conf = conf.WithCompilationCache(c)
	}
	pool, err := webassembly.Init(webassembly.Config{
		Context:       context.Background(),
		MaxTotal:      1,
		FSConfig:      wazero.NewFSConfig(), // the default would mount the root folder
		RuntimeConfig: conf,
		Stdout:        io.Discard,
		Stderr:        io.Discard,
	})
	if err != nil {
		return nil, fmt.Errorf("compiling the PDF engine: %w", err)
	}
	e := &Engine{pool: pool}
	return e, e.start()
}

func (e *Engine) start() error {
	instance, err := e.pool.GetInstance(10 * time.Second)
	if err != nil {
		return fmt.Errorf("starting the PDF engine: %w", err)
	}
	e.instance = instance
	return nil
}

// restart throws away an instance that a document has broken.
func (e *Engine) restart() error {
	_ = e.instance.Kill()
	return e.start()
}

var errTrapped = errors.New("the PDF engine gave up on it")

// guard runs f and turns a trap or a panic of the engine into errTrapped.
func guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errTrapped
		}
	}()
	return f()
}
