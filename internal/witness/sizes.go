package witness

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"candor"
)

// sizes is the file of what each witness acknowledged, one line each:
//
//	20852163 witness.example/w1+1a2b3c4d
//
// It only saves the first request of a run from being a wrong guess, so it is
// written without a disk sync, at most once a second.
type sizes struct {
	files FS // nil keeps nothing
	now   func() time.Time

	mu    sync.Mutex
	known map[string]int64 // as the file has it
	saved time.Time
}

const sizesFile = "sizes"

func identify(p Peer) string { return fmt.Sprintf("%s+%08x", p.Key.Name(), p.Key.KeyHash()) }

func openSizes(cfg SubmitterConfig) (*sizes, error) {
	s := &sizes{files: cfg.FS, now: cfg.Now, known: map[string]int64{}}
	if s.files == nil {
		return s, nil
	}
	if err := s.files.Make(); err != nil {
		return nil, candor.Wrap(err, candor.Unavailable, "The folder for what witnesses acknowledged cannot be made.")
	}
	b, err := s.files.ReadFile(sizesFile)
	if err == nil {
		s.known, err = parseSizes(b)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		cfg.Logger.Warn("What the witnesses acknowledged cannot be read; they will be asked.", "error", err)
	}
	return s, nil
}

func parseSizes(b []byte) (map[string]int64, error) {
	known := map[string]int64{}
	for line := range strings.Lines(string(b)) {
		count, who, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		size, err := parseSize(count)
		if !ok || err != nil || who == "" || !strings.HasSuffix(line, "\n") {
			return map[string]int64{}, fmt.Errorf("%.80q is not a size and a witness", line)
		}
		known[who] = size
	}
	return known, nil
}

func formatSizes(known map[string]int64) []byte {
	var b strings.Builder
	for _, who := range slices.Sorted(maps.Keys(known)) {
		fmt.Fprintf(&b, "%d %s\n", known[who], who)
	}
	return []byte(b.String())
}

// save writes the file if it is due, or now.
func (s *sizes) save(known map[string]int64, now bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.files == nil || maps.Equal(known, s.known) || (!now && s.now().Sub(s.saved).Abs() < time.Second) {
		return nil
	}
	s.saved = s.now()
	if err := s.files.WriteFile(sizesFile+".tmp", formatSizes(known)); err != nil {
		return err
	}
	if err := s.files.Rename(sizesFile+".tmp", sizesFile); err != nil {
		return err
	}
	s.known = known
	return nil
}
