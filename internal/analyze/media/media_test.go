package media

import (
	"bytes"
	"context"
	"errors"
	"image/jpeg"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"candor"
	"candor/internal/extract"
	"candor/internal/extract/native/nativetest"
)

func TestMain(m *testing.M) {
	nativetest.Main(m, func(args []string) (int, bool) {
		if len(args) == 0 || args[0] != extract.Subcommand {
			return 0, false
		}
		if err := extract.RunWorker(os.Stdin, os.Stdout); err != nil {
			return 1, true
		}
		return 0, true
	})
}

// made has ffmpeg make a file to be read.
func made(t *testing.T, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not installed; scripts/setup-test.sh installs it")
	}
	file := filepath.Join(t.TempDir(), name)
	out, err := exec.Command("ffmpeg", append(append([]string{"-v", "error", "-nostdin"}, args...), file)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return file
}

const srt = "1\n00:00:01,000 --> 00:00:02,000\nThe <i>heron</i> by the sluice\nin two lines\n\n2\n00:00:02,500 --> 00:00:03,000\nSecond\n"

func film(t *testing.T, name string, seconds string, captions string, more ...string) string {
	t.Helper()
	args := []string{"-f", "lavfi", "-i", "testsrc=s=320x180:r=10:d=" + seconds, "-f", "lavfi", "-i", "sine=d=" + seconds}
	if captions != "" {
		file := filepath.Join(t.TempDir(), "c.srt")
		if err := os.WriteFile(file, []byte(srt), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "-i", file, "-c:s", captions)
	}
	return made(t, name, append(args, more...)...)
}

func listen(t *testing.T, file string, by Speech) (candor.Recording, error) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(Config{Speech: by})
	if err != nil {
		t.Fatal(err)
	}
	return e.Listen(t.Context(), candor.Source{Name: filepath.Base(file), Size: int64(len(data)), ReaderAt: bytes.NewReader(data)})
}

func TestAFilmIsRead(t *testing.T) {
	for name, captions := range map[string]string{"film.mp4": "mov_text", "film.mkv": "srt", "film.webm": "webvtt", "film.mov": "mov_text"} {
		rec, err := listen(t, film(t, name, "4", captions, "-metadata", "title=Harbour walk", "-metadata", "artist=Ama Osei",
			"-metadata", "creation_time=2025-03-14T10:00:00Z"), nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if rec.Length < 3500*time.Millisecond || rec.Length > 5*time.Second || rec.Title != "Harbour walk" || len(rec.Lacks) > 0 {
			t.Errorf("%s: %s long, called %q, lacks %q", name, rec.Length, rec.Title, rec.Lacks)
		}
		if text := rec.Text(); text != "[0:00:01] The heron by the sluice in two lines\n[0:00:02] Second\n" {
			t.Errorf("%s: its captions are %q", name, text)
		}
		pic, err := jpeg.DecodeConfig(bytes.NewReader(rec.Thumbnail))
		if err != nil || pic.Width != 480 {
			t.Errorf("%s: a sheet of %d pixels: %v", name, pic.Width, err)
		}
		if !slices.ContainsFunc(rec.Fields, func(f candor.Field) bool {
			return f.Name == "media:Video" && strings.Contains(f.Value, "320x180, 10 pictures a second")
		}) {
			t.Errorf("%s: its fields are %v", name, rec.Fields)
		}
		if name == "film.mp4" && (rec.Date.Year() != 2025 || !slices.Contains(rec.People, "Ama Osei")) {
			t.Errorf("%s: of %s, by %v", name, rec.Date, rec.People)
		}
	}
}

func TestSoundIsRead(t *testing.T) {
	for _, name := range []string{"s.wav", "s.mp3", "s.m4a", "s.flac", "s.ogg", "s.opus"} {
		rec, err := listen(t, made(t, name, "-f", "lavfi", "-i", "sine=d=2", "-metadata", "title=A tone"), nil)
		if err != nil || rec.Title != "A tone" || rec.Length < time.Second || rec.Thumbnail != nil || rec.By != "" {
			t.Errorf("%s: %+v, %v", name, rec, err)
		}
	}
}

// TestSoundIsMadeAnew: what is played begins where it should, and says nothing of
// its maker.
func TestSoundIsMadeAnew(t *testing.T) {
	data, err := os.ReadFile(film(t, "film.mp4", "6", "", "-metadata", "title=Harbour walk"))
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	src := candor.Source{Size: int64(len(data)), ReaderAt: bytes.NewReader(data)}
	sound, err := e.Sound(t.Context(), src, 4*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := e.Listen(t.Context(), candor.Source{Size: int64(len(sound)), ReaderAt: bytes.NewReader(sound)})
	if err != nil || rec.Title != "" || !slices.ContainsFunc(rec.Fields, func(f candor.Field) bool { return f.Name == "media:Audio" && strings.HasPrefix(f.Value, "opus") }) {
		t.Errorf("%+v, %v", rec, err)
	}
	whole, err := e.Sound(t.Context(), src, 0)
	if err != nil || len(whole) < 2*len(sound) {
		t.Errorf("all of it has %d bytes, the last third %d: %v", len(whole), len(sound), err)
	}
	if _, err := e.Sound(t.Context(), candor.Source{Size: 4, ReaderAt: strings.NewReader("nope")}, 0); candor.CodeOf(err) != candor.NotFound {
		t.Errorf("no recording: %v", err)
	}
}

// heard is a Speech that hears where in the sound it is, by how long it is.
type heard struct {
	chunks []int
	fails  bool
}

func (h *heard) Name() string { return "ear-1 on this machine" }

func (h *heard) Transcribe(_ context.Context, wav []byte) ([]candor.Line, error) {
	if !bytes.HasPrefix(wav, []byte("RIFF")) || !bytes.Contains(wav[:64], []byte("WAVE")) {
		return nil, errors.New("no WAV")
	}
	h.chunks = append(h.chunks, len(wav))
	if h.fails && len(h.chunks) == 2 {
		return nil, candor.Errorf(candor.Unavailable, "the ear is tired")
	}
	return []candor.Line{{At: 1500 * time.Millisecond, Text: "something was said"}}, nil
}

// TestSpeechByChunks: what is longer than a chunk is heard in several, and every
// line has its time in the whole.
func TestSpeechByChunks(t *testing.T) {
	file := made(t, "long.mp3", "-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono:d=1210", "-b:a", "8k")
	h := &heard{}
	rec, err := listen(t, file, h)
	if err != nil || len(h.chunks) != 3 || rec.By != h.Name() {
		t.Fatalf("%d chunks, by %q: %v", len(h.chunks), rec.By, err)
	}
	if text := rec.Text(); text != "[0:00:01] something was said\n[0:10:01] something was said\n[0:20:01] something was said\n" {
		t.Errorf("heard %q", text)
	}
	rec, err = listen(t, file, &heard{fails: true})
	if err != nil || len(rec.Spoken) != 1 || len(rec.Lacks) != 1 || !strings.Contains(rec.Lacks[0], "from 0:10:00 on") {
		t.Errorf("%d lines, lacks %q: %v", len(rec.Spoken), rec.Lacks, err)
	}
}

// TestHostileFiles: what is no recording, is cut short, or names other files,
// is an error or a recording that lacks something, and shows nothing of others.
func TestHostileFiles(t *testing.T) {
	whole, err := os.ReadFile(film(t, "film.mp4", "2", ""))
	if err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(t.TempDir(), "secret.txt")
	if err := os.WriteFile(secret, []byte("[0:00:01] the secret line"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"nothing": {}, "noise": bytes.Repeat([]byte("\x00\xff\x13"), 5000), "cut": whole[:len(whole)/2], "head": whole[:40],
		"ffconcat": []byte("ffconcat version 1.0\nfile '" + secret + "'\n"),
		"playlist": []byte("#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile://" + secret + "\n#EXT-X-ENDLIST\n"),
		"far":      []byte("#EXTM3U\n#EXTINF:10,\nhttp://192.0.2.1/x.ts\n#EXT-X-ENDLIST\n"),
		"sdp":      []byte("v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n"),
	} {
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		rec, err := listen(t, file, &heard{})
		if err == nil {
			t.Errorf("%s is a recording: %+v", name, rec)
		}
		if strings.Contains(rec.Text(), "secret") {
			t.Errorf("%s shows another file", name)
		}
	}
	flipped := bytes.Clone(whole)
	for i := len(flipped) / 4; i < len(flipped); i += 97 {
		flipped[i] ^= 0xff
	}
	file := filepath.Join(t.TempDir(), "flipped.mp4")
	if err := os.WriteFile(file, flipped, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := listen(t, file, nil); err != nil && candor.CodeOf(err) != candor.Invalid {
		t.Errorf("flipped: %v", err)
	}
}

func FuzzProbe(f *testing.F) {
	f.Add([]byte(`{"streams":[{"codec_type":"audio","avg_frame_rate":"1/0","tags":{"x":"y"}}],"format":{"duration":"1e400","tags":{"date":"2020"}},"chapters":[{"start_time":"-1"}]}`))
	f.Add([]byte(`{"streams":[{"codec_type":""},{"codec_type":"video","width":-1}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := parseProbe(data)
		if err != nil {
			return
		}
		if rec := p.recording(); rec.Length < 0 || len(rec.Fields) > mostTags {
			t.Errorf("%s long, %d fields", rec.Length, len(rec.Fields))
		}
	})
}

func FuzzVTT(f *testing.F) {
	f.Add("WEBVTT\n\n00:01.000 --> 00:02.000\nA <b>line</b>\nmore\n\nNOTE x\n\n1:00:01.000 --> 00:02.000\n{\\an8}up\n")
	f.Fuzz(func(t *testing.T, s string) {
		for _, l := range parseVTT(s) {
			if l.Text == "" || l.At < 0 {
				t.Errorf("%+v", l)
			}
		}
	})
}
