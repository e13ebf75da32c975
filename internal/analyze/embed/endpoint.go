package embed

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"strings"

	"candor"
	"candor/internal/analyze/endpoint"
	"candor/internal/query"
)

const (
	batch     = 64       // passages a request
	mostReply = 64 << 20 // bytes: 64 vectors of 8,192 numbers in decimal, with room
)

// Endpoint embeds by a model at an endpoint that speaks OpenAI's embeddings API.
// Safe for concurrent use.
type Endpoint struct {
	client *endpoint.Client
	rest   endpoint.Rest
}

// NewEndpoint makes an Endpoint; it asks nothing yet. Invalid for an address that is none.
func NewEndpoint(cfg endpoint.Config) (*Endpoint, error) {
	c, err := endpoint.New(cfg)
	if err != nil {
		return nil, err
	}
	return &Endpoint{client: c}, nil
}

// Model names the space that places are in: the model, wherever it runs.
func (e *Endpoint) Model() string { return e.client.Model() }

// Name tells which model it is, and where.
func (e *Endpoint) Name() string { return e.client.Name() }

// Embed cuts a text into passages and has the model place each. The title stands
// before the first. Unavailable when the model cannot be asked, or could not be
// within the last half minute; Verification when it replies what is no place.
func (e *Endpoint) Embed(ctx context.Context, title, text string) (query.Meaning, error) {
	return embedBy(ctx, e.Model(), batch, title, text, e.ask)
}

// embedBy cuts a text into passages and has a model place each, so many at once.
func embedBy(ctx context.Context, model string, atOnce int, title, text string, ask func(context.Context, []string) ([][]float32, error)) (query.Meaning, error) {
	spans := cut(text)
	out := query.Meaning{Model: model}
	for len(spans) > 0 {
		n := min(atOnce, len(spans))
		texts := make([]string, n)
		for i, p := range spans[:n] {
			texts[i] = strings.ToValidUTF8(text[p.start:p.end], "\ufffd")
		}
		if len(out.Passages) == 0 && title != "" {
			texts[0] = strings.ToValidUTF8(title, "\ufffd") + "\n" + texts[0]
		}
		vectors, err := ask(ctx, texts)
		if err != nil {
			return query.Meaning{}, err
		}
		for i, p := range spans[:n] {
			out.Passages = append(out.Passages, query.Passage{Start: p.start, End: p.end, Vector: vectors[i]})
		}
		if len(out.Passages[0].Vector) != len(vectors[0]) {
			return query.Meaning{}, candor.Errorf(candor.Verification, "The model of meaning replied with places of different sizes. Is %s a model of embeddings?", model)
		}
		spans = spans[n:]
	}
	if len(out.Passages) == 0 {
		return query.Meaning{}, nil
	}
	return out, nil
}

// Query places what is looked for; nil for nothing. Errors as of Embed.
func (e *Endpoint) Query(ctx context.Context, text string) ([]float32, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	vectors, err := e.ask(ctx, []string{strings.ToValidUTF8(text, "\ufffd")})
	if err != nil {
		return nil, err
	}
	return vectors[0], nil
}

// ask returns a vector of length 1 for each text, all of them as long.
func (e *Endpoint) ask(ctx context.Context, texts []string) ([][]float32, error) {
	if e.rest.Due() {
		return nil, candor.Errorf(candor.Unavailable, "The model of meaning could not be asked a moment ago, and is left alone for half a minute. Search by text meanwhile.")
	}
	body, err := json.Marshal(map[string]any{"model": e.client.Model(), "input": texts, "encoding_format": "float"})
	if err != nil {
		return nil, err
	}
	data, err := e.client.Post(ctx, "/embeddings", "application/json", bytes.NewReader(body), mostReply)
	if err != nil {
		e.rest.After(ctx, err)
		return nil, err
	}
	var reply struct {
		Data []struct {
			Index     int       `json:"index"`
			Embedding []float32 `json:"embedding"`
		} `json:"data"`
	}
	if err := json.Unmarshal(data, &reply); err != nil || len(reply.Data) != len(texts) {
		return nil, e.nonsense()
	}
	out := make([][]float32, len(texts))
	for _, d := range reply.Data {
		v, ok := whole(d.Embedding)
		if !ok || d.Index < 0 || d.Index >= len(out) || out[d.Index] != nil || len(d.Embedding) != len(reply.Data[0].Embedding) {
			return nil, e.nonsense()
		}
		out[d.Index] = v
	}
	return out, nil
}

func (e *Endpoint) nonsense() error {
	return candor.Errorf(candor.Verification, "What the model of meaning replied is no place of the texts that it was given. Is %s a model of embeddings?", e.client.Model())
}

// whole makes a vector of length 1 and of a multiple of 64 numbers; zeros change
// no likeness. False for what points nowhere.
func whole(v []float32) ([]float32, bool) {
	if len(v) == 0 || len(v) > query.MostDims {
		return nil, false
	}
	square := 0.0
	for _, f := range v {
		square += float64(f) * float64(f)
	}
	if square == 0 || math.IsNaN(square) || math.IsInf(square, 0) {
		return nil, false
	}
	out := make([]float32, (len(v)+query.DimStep-1)/query.DimStep*query.DimStep)
	scale := 1 / math.Sqrt(square)
	for i, f := range v {
		out[i] = float32(float64(f) * scale)
	}
	return out, true
}
