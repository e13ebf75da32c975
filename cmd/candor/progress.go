package main

import (
	"fmt"
	"sync"
	"time"
)

// showProgress keeps one line on a terminal up to date, and does nothing
// anywhere else. The returned function ends it and clears the line.
func (c *cli) showProgress(line func() string) (stop func()) {
	if !c.terminal() {
		return func() {}
	}
	const clear = "\r\x1b[K"
	ended := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		tick := time.NewTicker(250 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				fmt.Fprint(c.errOut, clear+line())
			case <-ended:
				fmt.Fprint(c.errOut, clear)
				return
			}
		}
	})
	return sync.OnceFunc(func() { close(ended); running.Wait() })
}

// jobProgress shows how far a job of known length is.
func (c *cli) jobProgress(what string) (report func(done, total int64), stop func()) {
	var mu sync.Mutex
	var at, all int64
	start := time.Now()
	stop = c.showProgress(func() string {
		mu.Lock()
		defer mu.Unlock()
		if all == 0 {
			return what + " …"
		}
		return fmt.Sprintf("%s: %d of %d, %.0f/s", what, at, all, float64(at)/time.Since(start).Seconds())
	})
	return func(done, total int64) {
		mu.Lock()
		defer mu.Unlock()
		at, all = done, total
	}, stop
}
