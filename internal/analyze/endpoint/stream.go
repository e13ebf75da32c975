package endpoint

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strings"

	"candor"
)

const mostLine = 1 << 20 // bytes of one event of a stream

// ChatStream is Chat piece by piece: said is called with all that the model has
// said so far, whenever it has said more. An endpoint that knows no streams may
// reply at once. It returns all that was said, also with an error.
func (c *Client) ChatStream(ctx context.Context, messages []Message, tokens int, most int64, said func(soFar string)) (string, error) {
	body, err := json.Marshal(map[string]any{"model": c.cfg.Model, "messages": messages, "temperature": 0, "max_tokens": tokens, "stream": true})
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Time)
	defer cancel()
	res, err := c.send(ctx, "/chat/completions", "application/json", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	in := bufio.NewReaderSize(io.LimitReader(res.Body, most), 64<<10)
	if first, err := in.Peek(1); err == nil && first[0] == '{' {
		return c.atOnce(in, said)
	}
	var all strings.Builder
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, mostLine)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data:")
		if data = strings.TrimSpace(data); !ok || data == "" {
			continue // a comment, a name, or the end of an event
		}
		if data == "[DONE]" {
			return all.String(), nil
		}
		var event struct {
			Choices []struct {
				Delta  Message `json:"delta"`
				Reason string  `json:"finish_reason"`
			} `json:"choices"`
		}
		if err := json.Unmarshal([]byte(data), &event); err != nil {
			return all.String(), c.noAnswer()
		}
		for _, choice := range event.Choices[:min(len(event.Choices), 1)] {
			if choice.Delta.Content == "" {
				continue
			}
			all.WriteString(choice.Delta.Content)
			said(all.String())
		}
	}
	switch {
	case lines.Err() != nil:
		return all.String(), candor.Wrap(lines.Err(), candor.Unavailable, "The model broke off its answer.")
	case all.Len() == 0:
		return "", c.noAnswer()
	}
	return all.String(), nil // some end without saying so
}

func (c *Client) atOnce(in io.Reader, said func(string)) (string, error) {
	data, err := io.ReadAll(in)
	if err != nil {
		return "", candor.Wrap(err, candor.Unavailable, "The model broke off its answer.")
	}
	all, err := c.completion(data)
	if err == nil {
		said(all)
	}
	return all, err
}
