// Package speech writes down what is said, by whisper.cpp's command line on this
// machine, or by any endpoint that speaks OpenAI's audio transcriptions. Both
// implement media.Speech.
package speech

import (
	"bytes"
	"context"
	"encoding/json"
	"mime/multipart"
	"net/textproto"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"candor"
	"candor/internal/analyze/endpoint"
	"candor/internal/extract/native"
)

const (
	mostReply = 16 << 20
	mostLines = 100_000
)

// Program is whisper.cpp's command line, which runs confined: it reads its model
// and the sound that it is given, and nothing else. Safe for concurrent use.
type Program struct {
	program native.Program
	model   string
}

// NewProgram finds the program (whisper-cli unless named) for a model's file.
// NotSupported if it is not installed.
func NewProgram(name, model string, command []string) (*Program, error) {
	if name == "" {
		name = "whisper-cli"
	}
	p, err := native.Find(name)
	if err != nil {
		return nil, err
	}
	if model, err = filepath.Abs(model); err != nil {
		return nil, err
	}
	p.Command, p.Read, p.Memory, p.Time, p.Env = command, []string{model}, 8<<30, time.Hour, []string{"LC_ALL=C"}
	return &Program{p, model}, nil
}

// Name tells which model listens.
func (p *Program) Name() string {
	return strings.TrimSuffix(filepath.Base(p.model), filepath.Ext(p.model)) + " on this machine"
}

// Transcribe has the program listen.
func (p *Program) Transcribe(ctx context.Context, wav []byte) ([]candor.Line, error) {
	out, err := p.program.Run(ctx, bytes.NewReader(wav), mostReply, "-m", p.model, "-f", "-", "-l", "auto", "-np")
	if err != nil {
		return nil, err
	}
	return parseLines(string(out)), nil
}

// spoken is a line such as "[00:00:02.500 --> 00:00:05.000]   And so, my fellow".
var spoken = regexp.MustCompile(`^\[(\d{1,3}:\d{2}:\d{2}[.,]\d{3}) --> [\d:.,]+\]\s*(.*)$`)

// parseLines reads what whisper.cpp prints; other lines are passed over.
func parseLines(s string) (out []candor.Line) {
	for line := range strings.Lines(s) {
		m := spoken.FindStringSubmatch(strings.TrimSpace(strings.ToValidUTF8(line, "\ufffd")))
		if m == nil || m[2] == "" || len(out) == mostLines {
			continue
		}
		out = append(out, candor.Line{At: candor.ParseTimeCode(m[1]), Text: m[2]})
	}
	return out
}

// Endpoint is a model at an endpoint. Safe for concurrent use.
type Endpoint struct{ client *endpoint.Client }

// NewEndpoint makes an Endpoint; it asks nothing yet. Invalid for an address that is none.
func NewEndpoint(cfg endpoint.Config) (*Endpoint, error) {
	if cfg.Time == 0 {
		cfg.Time = 30 * time.Minute
	}
	c, err := endpoint.New(cfg)
	return &Endpoint{c}, err
}

// Name tells which model listens, and where.
func (e *Endpoint) Name() string { return e.client.Name() }

// Transcribe has the model listen.
func (e *Endpoint) Transcribe(ctx context.Context, wav []byte) ([]candor.Line, error) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for _, f := range [][2]string{{"model", e.client.Model()}, {"response_format", "verbose_json"}, {"temperature", "0"}} {
		if err := form.WriteField(f[0], f[1]); err != nil {
			return nil, err
		}
	}
	// The file's name says nothing of where it comes from.
	part, err := form.CreatePart(textproto.MIMEHeader{"Content-Disposition": {`form-data; name="file"; filename="sound.wav"`}, "Content-Type": {"audio/wav"}})
	if err == nil {
		_, err = part.Write(wav)
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		return nil, err
	}
	data, err := e.client.Post(ctx, "/audio/transcriptions", form.FormDataContentType(), &body, mostReply)
	if err != nil {
		return nil, err
	}
	return parseReply(data)
}

// parseReply reads verbose_json: lines with times, or the text as one line.
func parseReply(data []byte) (out []candor.Line, err error) {
	var reply struct {
		Text     *string `json:"text"`
		Segments []struct {
			Start float64 `json:"start"`
			Text  string  `json:"text"`
		} `json:"segments"`
	}
	if err := json.Unmarshal(data, &reply); err != nil || reply.Text == nil && reply.Segments == nil {
		return nil, candor.Errorf(candor.Verification, "The endpoint replied with what is no transcript.")
	}
	for _, s := range reply.Segments {
		if text := strings.Join(strings.Fields(s.Text), " "); text != "" && s.Start >= 0 && s.Start < 1e6 && len(out) < mostLines {
			out = append(out, candor.Line{At: time.Duration(s.Start * float64(time.Second)), Text: text})
		}
	}
	if len(reply.Segments) == 0 && reply.Text != nil {
		if text := strings.Join(strings.Fields(*reply.Text), " "); text != "" {
			out = []candor.Line{{Text: text}}
		}
	}
	return out, nil
}
