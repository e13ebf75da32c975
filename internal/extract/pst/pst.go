// Package pst reads mailboxes of Outlook (PST, and OST, which keeps a copy of a
// server's), after [MS-PST]. Each message becomes a part: a mail file in its
// folder, made of its properties, with its attachments inside it. The same
// message always gives the same bytes.
package pst

import (
	"errors"
	"fmt"
	"io"

	"candor"
	"candor/internal/extract/name"
)

const (
	folder  = 0x02 // kinds of nodes
	message = 0x04
	attach  = 0x05

	deepestFolder  = 64
	deepestMessage = 8 // messages inside one another
)

// Read reads a mailbox. What Outlook deleted and has not overwritten is not
// looked for. The error is the sink's.
func Read(src candor.Source, typ string, sink candor.Sink) (candor.Reading, error) {
	reading := candor.Reading{Type: typ, Condition: candor.Done}
	d, err := openDatabase(src)
	switch {
	case candor.CodeOf(err) == candor.NotSupported:
		reading.Condition, reading.Reason = candor.Unsupported, candor.MessageOf(err)
		return reading, nil
	case err != nil:
		reading.Condition, reading.Reason = candor.Failed, "its header is damaged or cut short"
		return reading, nil
	}
	m := mailbox{d: d, sink: sink, folders: map[uint64]string{}, count: map[string]int{}}
	err = d.each(d.nodes, deepest+1, m.visit)
	if m.fault != nil {
		return reading, m.fault
	}
	reading.Fields = append(reading.Fields, candor.Field{Name: "mail:Messages", Value: fmt.Sprint(m.messages)})
	switch {
	case err != nil && m.messages == 0:
		reading.Condition, reading.Reason = candor.Failed, "its list of messages is damaged or cut short"
	case err != nil:
		reading.Lack("parts of its list of messages are damaged: messages may be missing")
	}
	if m.broken > 0 {
		reading.Lack(fmt.Sprintf("%d of %d messages could not be read to their end", m.broken, m.messages))
	}
	return reading, nil
}

type mailbox struct {
	d                *database
	sink             candor.Sink
	folders          map[uint64]string // their paths
	count            map[string]int    // messages, by folder
	messages, broken int
	fault            error // the sink's
}

// visit reads a node if it is a message.
func (m *mailbox) visit(n node) error {
	if n.kind() != message {
		return nil
	}
	m.messages++
	in := m.path(n.parent, 0)
	m.count[in]++
	place := candor.Place{Path: name.Clean(fmt.Sprintf("%s/%04d.eml", in, m.count[in]))}
	o, err := m.d.object(n)
	if err != nil {
		m.broken++
		return nil
	}
	r := &watched{r: newMail(o, fmt.Sprintf("%x", n.id), 0)}
	if m.fault = m.sink.Part(place, r); m.fault != nil {
		return m.fault
	}
	if r.err != nil {
		m.broken++
	}
	return nil
}

// watched remembers that a message could not be read to its end.
type watched struct {
	r   io.Reader
	err error
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err
}

// path names a folder with those above it, up to the root, which has no name.
func (m *mailbox) path(id uint64, depth int) string {
	if have, ok := m.folders[id]; ok {
		return have
	}
	n, err := m.d.node(id)
	if err != nil || n.kind() != folder || depth > deepestFolder {
		return ""
	}
	title := ""
	if o, err := m.d.object(n); err == nil {
		title = name.Base(o.text(displayName))
		if o.text(displayName) == "" {
			title = ""
		}
	}
	path := title
	if n.parent != id {
		if above := m.path(n.parent, depth+1); above != "" && title != "" {
			path = above + "/" + title
		} else if title == "" {
			path = above
		}
	}
	m.folders[id] = path
	return path
}
