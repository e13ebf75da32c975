// Package media finds out what sound and moving pictures hold: how long they
// are and what is in them, what their makers wrote into them, a sheet of
// pictures, captions, and, with a Speech, what is said, with the time of each
// line. It does so by the programs ffprobe and ffmpeg, which run confined
// (package native) and get a file's bytes over a pipe or from memory. It
// implements archive.Listener.
package media

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"candor"
	"candor/internal/extract/native"
	"candor/internal/language"
)

// Speech writes down what is said. Safe for concurrent use.
type Speech interface {
	// Name tells which model listens, and where.
	Name() string
	// Transcribe gets sound as a WAV file (16 kHz, one channel, 16 bits) of at most
	// ChunkLength, and returns what is said, in order.
	Transcribe(ctx context.Context, wav []byte) ([]candor.Line, error)
}

// Config says how an Engine works. The zero value is good for production.
type Config struct {
	Speech  Speech        // nil: what is said is not written down
	Command []string      // see native.Program
	Time    time.Duration // for one run of a program; default 10 minutes
}

// Engine reads sound and moving pictures. Safe for concurrent use.
type Engine struct {
	probe, convert native.Program
	speech         Speech
}

// Bounds. What is beyond them is left out, and said to be.
const (
	// mostInMemory is up to which size a file is held in memory while it is read,
	// so that programs can seek in it. What is larger they read from its beginning
	// to its end, which some files do not allow.
	mostInMemory = 256 << 20
	mostSpoken   = 12 * time.Hour

	// ChunkLength is how much sound a Speech gets at once.
	ChunkLength = 10 * time.Minute

	heardLength = 30 * time.Minute

	mostProbed   = 4 << 20
	mostHeard    = 32 << 20
	mostPicture  = 4 << 20
	mostCaptions = 16 << 20
	mostSound    = int64(ChunkLength/time.Second)*2*sampleRate + 4096

	sampleRate = 16_000
	tiles      = 3 // of the sheet of pictures, in each direction
	tileWidth  = 160
)

// New finds the programs. NotSupported if they are not installed.
func New(cfg Config) (*Engine, error) {
	if cfg.Time == 0 {
		cfg.Time = 10 * time.Minute
	}
	probe, err := find("ffprobe", cfg.Command, cfg.Time)
	if err != nil {
		return nil, err
	}
	convert, err := find("ffmpeg", cfg.Command, cfg.Time)
	if err != nil {
		return nil, err
	}
	return &Engine{probe, convert, cfg.Speech}, nil
}

// find finds a program, and says what it may take.
func find(name string, command []string, limit time.Duration) (native.Program, error) {
	p, err := native.Find(name)
	p.Command, p.Time, p.Memory, p.Env = command, limit, 2<<30, []string{"LC_ALL=C"}
	return p, err
}

// quietly are arguments before others: only errors are said, and what is named inside
// of a file is opened by these protocols only.
func quietly(protocols string, args ...string) []string {
	return append([]string{"-hide_banner", "-v", "error", "-protocol_whitelist", protocols}, args...)
}

// Name tells which model writes down what is said; "" if none does.
func (e *Engine) Name() string {
	if e.speech == nil {
		return ""
	}
	return e.speech.Name()
}

// Listen reads a source. What fails beside the first look is told in Lacks.
// Errors: Invalid for what is no sound or moving picture, Unavailable when the
// time was up.
func (e *Engine) Listen(ctx context.Context, src candor.Source) (candor.Recording, error) {
	in := &input{src: src}
	defer in.close()
	if err := in.hold(); err != nil {
		return candor.Recording{}, err
	}
	out, err := run(ctx, e.probe, in, mostProbed, "-print_format", "json", "-show_format", "-show_streams", "-show_chapters", "-i", in.name())
	if err != nil {
		return candor.Recording{}, err
	}
	p, err := parseProbe(out)
	if err != nil {
		return candor.Recording{}, err
	}
	rec := p.recording()
	if p.has("video") {
		if rec.Thumbnail, err = e.sheet(ctx, in, p.length()); err != nil {
			rec.Lacks = append(rec.Lacks, "no pictures could be taken from it: "+candor.MessageOf(err))
		}
	}
	if captions, err := e.captions(ctx, in, p); err != nil {
		rec.Lacks = append(rec.Lacks, "its captions could not be read: "+candor.MessageOf(err))
	} else {
		rec.Captions = captions
	}
	if p.has("audio") && e.speech != nil {
		e.listen(ctx, in, p.length(), &rec)
	}
	rec.Language = language.Of(rec.Text())
	return rec, ctx.Err()
}

// Sound makes the sound of a source anew, from a time on, as WebM with Opus.
func (e *Engine) Sound(ctx context.Context, src candor.Source, from time.Duration) ([]byte, error) {
	in := &input{src: src}
	defer in.close()
	if err := in.hold(); err != nil {
		return nil, err
	}
	out, err := e.made(ctx, in, mostHeard, "-ss", seconds(from), "-i", in.name(), "-map", "0:a:0", "-vn", "-map_metadata", "-1", "-ac", "1",
		"-t", seconds(heardLength), "-c:a", "libopus", "-b:a", "32k", "-f", "webm", "-")
	if candor.CodeOf(err) == candor.Invalid {
		return nil, candor.Wrap(err, candor.NotFound, "There is nothing to listen to here: %s.", candor.MessageOf(err))
	}
	return out, err
}

// listen writes down what is said, a chunk at a time.
func (e *Engine) listen(ctx context.Context, in *input, length time.Duration, rec *candor.Recording) {
	rec.By = e.speech.Name()
	for at := time.Duration(0); at == 0 || at < length; at += ChunkLength {
		if at >= mostSpoken {
			rec.Lacks = append(rec.Lacks, fmt.Sprintf("what is said after %s was not written down", mostSpoken))
			return
		}
		lines, err := e.chunk(ctx, in, at)
		if err != nil {
			rec.Lacks = append(rec.Lacks, fmt.Sprintf("what is said from %s on could not be written down: %s", candor.TimeCode(at), candor.MessageOf(err)))
			return
		}
		for _, l := range lines {
			l.At += at
			rec.Spoken = append(rec.Spoken, l)
		}
	}
}

func (e *Engine) chunk(ctx context.Context, in *input, at time.Duration) ([]candor.Line, error) {
	wav, err := e.made(ctx, in, mostSound, "-ss", seconds(at), "-i", in.name(), "-map", "0:a:0", "-vn", "-ac", "1", "-ar", strconv.Itoa(sampleRate),
		"-t", seconds(ChunkLength), "-c:a", "pcm_s16le", "-f", "wav", "-")
	if err != nil || len(wav) < sampleRate/10 { // less than a twentieth of a second
		return nil, err
	}
	return e.speech.Transcribe(ctx, wav)
}

// sheet draws pictures from all over a film on one, as JPEG. Only whole pictures
// are decoded, which is quick and enough.
func (e *Engine) sheet(ctx context.Context, in *input, length time.Duration) ([]byte, error) {
	filter := fmt.Sprintf("scale=%d:-2,tile=%dx%d", tileWidth, tiles, tiles)
	if length > time.Second {
		filter = fmt.Sprintf("fps=%d/%s:start_time=0:round=up,", tiles*tiles, seconds(length)) + filter
	} else {
		filter = fmt.Sprintf("scale=%d:-2", tiles*tileWidth)
	}
	return e.made(ctx, in, mostPicture, "-skip_frame", "nokey", "-i", in.name(), "-map", "0:v:0", "-vf", filter, "-frames:v", "1", "-c:v", "mjpeg", "-f", "image2pipe", "-")
}

// captions are those of the first stream of text.
func (e *Engine) captions(ctx context.Context, in *input, p probed) ([]candor.Line, error) {
	for i, s := range p.of("subtitle") {
		if slices.Contains(drawnCaptions, s.Codec) {
			continue
		}
		out, err := e.made(ctx, in, mostCaptions, "-i", in.name(), "-map", "0:s:"+strconv.Itoa(i), "-f", "webvtt", "-")
		if err != nil {
			return nil, err
		}
		return parseVTT(string(out)), nil
	}
	return nil, nil
}

// drawnCaptions are pictures of captions, not text.
var drawnCaptions = []string{"dvd_subtitle", "dvb_subtitle", "hdmv_pgs_subtitle", "xsub"}

// made is what ffmpeg makes of the input.
func (e *Engine) made(ctx context.Context, in *input, most int64, args ...string) ([]byte, error) {
	return run(ctx, e.convert, in, most, append([]string{"-nostdin"}, args...)...)
}

// run runs a program on the input. Files named inside of a file are not opened.
func run(ctx context.Context, p native.Program, in *input, most int64, args ...string) ([]byte, error) {
	return p.Run(ctx, in.reader(), most, quietly("file,pipe", args...)...)
}

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) }

// input is a source that programs read, once or several times.
type input struct {
	src  candor.Source
	held io.ReadCloser // in memory; nil: it is read through a pipe
}

// hold puts a source into memory, if it is small enough.
func (in *input) hold() error {
	if in.src.Size > mostInMemory {
		return nil
	}
	f, err := native.Seekable(in.src, in.src.Size)
	switch candor.CodeOf(err) {
	case "":
		in.held = f
	case candor.NotSupported: // then through a pipe
	default:
		return candor.Wrap(err, candor.Unavailable, "the file could not be read")
	}
	return nil
}

func (in *input) reader() io.Reader {
	if in.held != nil {
		return in.held
	}
	return io.NewSectionReader(in.src, 0, in.src.Size)
}

// name is what a program opens to read the input.
func (in *input) name() string {
	if in.held != nil {
		return native.Stdin
	}
	return "pipe:0"
}

func (in *input) close() {
	if in.held != nil {
		_ = in.held.Close()
	}
}

// decimal reads a number of seconds as ffprobe writes it; 0 for what is none.
func decimal(s string) time.Duration {
	f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || math.IsNaN(f) || f < 0 || f > 1e7 {
		return 0
	}
	return time.Duration(f * float64(time.Second))
}
