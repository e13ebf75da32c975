package entities

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"io"
	"strings"
	"sync"

	"candor/internal/query"
)

// kinds is what a name can be.
type kinds uint8

const (
	forename kinds = 1 << iota
	surname
	place
	country
	everyday // a word of everyday language, written small
)

// namesGz is made by tools/gazetteer, and folded; NOTICE.md says of what.
//
//go:embed names.gz
var namesGz []byte

// gazetteer has the names that are known, folded, with what they can be. It is
// read when it is first asked.
var gazetteer = sync.OnceValue(func() map[string]kinds {
	zipped, err := gzip.NewReader(bytes.NewReader(namesGz))
	if err != nil {
		panic("entities: names.gz is damaged: " + err.Error())
	}
	text, err := io.ReadAll(zipped)
	if err != nil {
		panic("entities: names.gz is damaged: " + err.Error())
	}
	known := make(map[string]kinds, bytes.Count(text, []byte("\n")))
	for line := range strings.Lines(string(text)) {
		letters, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		known[name] = kindsOf(letters)
	}
	for _, name := range regions {
		known[fold(name)] |= country
	}
	return known
})

func kindsOf(letters string) (k kinds) {
	for _, c := range letters {
		switch c {
		case 'f':
			k |= forename
		case 's':
			k |= surname
		case 'p':
			k |= place
		case 'c':
			k |= country
		case 'w':
			k |= everyday
		}
	}
	return k
}

// fold is a name as the gazetteer has it: its words as a query has them, with
// one blank between.
func fold(name string) string {
	var b strings.Builder
	query.EachToken(name, func(folded []byte, _, _ int) bool {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.Write(folded)
		return true
	})
	return b.String()
}
