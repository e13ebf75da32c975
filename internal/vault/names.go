package vault

import (
	"encoding/base32"
	"io"
	"strings"

	"candor"
)

// Where things stand in the bucket (docs/spec/vault.md):
//
//	keys/<collection>/<aa>/<item>.<rendition>   aa: the item's first two characters
//	keys/document/<kind>/<id>
//	keys/archive/<what>
//	bodies/<bb>/<id>                            bb: the body's first two characters
const (
	keysPrefix   = "keys/"
	bodiesPrefix = "bodies/"
)

// Names begin with a collection, or with one of these two.
const (
	familyDocument = "document"
	familyArchive  = "archive"
)

const (
	maxSegment = 128 // characters
	itemIDLen  = 26
)

// checkName refuses a name that has none of the three forms of candor.KeyName.
// Nothing it lets through can leave the bucket's folder or meet another name's blob.
func checkName(name candor.KeyName) error {
	if validName(string(name)) {
		return nil
	}
	return candor.Errorf(candor.Invalid, "This is not a name of a key: expected <collection>/<item>/<rendition>, document/<kind>/<id> or archive/<what>.")
}

func validName(name string) bool {
	seg := strings.Split(name, "/")
	for _, s := range seg {
		if !validSegment(s) {
			return false
		}
	}
	switch seg[0] {
	case familyDocument:
		return len(seg) == 3
	case familyArchive:
		return len(seg) == 2
	}
	return len(seg) == 3 && candor.ItemID(seg[1]).Valid()
}

// validSegment allows lower-case letters, digits and "._-", beginning with a
// letter or digit, and no ending that the file driver keeps for itself.
func validSegment(s string) bool {
	if s == "" || len(s) > maxSegment || strings.HasSuffix(s, ".tmp") || strings.HasSuffix(s, ".attrs") {
		return false
	}
	for i, c := range []byte(s) {
		letter := c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
		if !letter && (i == 0 || c != '.' && c != '_' && c != '-') {
			return false
		}
	}
	return true
}

// blobKey tells where a valid name's blob stands. Items are spread over 1,024
// folders a collection, and have no folder of their own.
func blobKey(name candor.KeyName) string {
	family, rest, _ := strings.Cut(string(name), "/")
	if family == familyDocument || family == familyArchive {
		return keysPrefix + string(name)
	}
	item, rendition, _ := strings.Cut(rest, "/")
	return keysPrefix + family + "/" + item[:2] + "/" + item + "." + rendition
}

// nameOf is the inverse of blobKey; ok is false for a blob that stands for no name.
func nameOf(key string) (name candor.KeyName, ok bool) {
	rest, ok := strings.CutPrefix(key, keysPrefix)
	if !ok {
		return "", false
	}
	name = candor.KeyName(rest)
	if seg := strings.Split(rest, "/"); len(seg) == 3 && seg[0] != familyDocument {
		item, rendition, _ := strings.Cut(seg[2], ".")
		name = candor.KeyName(seg[0] + "/" + item + "/" + rendition)
	}
	ok = validName(string(name)) && blobKey(name) == key
	return name, ok
}

// blobPrefix tells under which prefix the blobs of a prefix of names stand.
// A prefix is empty, or whole segments each with its slash, or a whole name.
func blobPrefix(prefix string) (string, error) {
	if validName(prefix) {
		return blobKey(candor.KeyName(prefix)), nil
	}
	if prefix == "" {
		return keysPrefix, nil
	}
	seg := strings.Split(strings.TrimSuffix(prefix, "/"), "/")
	valid := strings.HasSuffix(prefix, "/") && len(seg) <= 2
	for _, s := range seg {
		valid = valid && validSegment(s)
	}
	ofItems := seg[0] != familyDocument && seg[0] != familyArchive
	if valid && len(seg) == 2 && ofItems {
		valid = candor.ItemID(seg[1]).Valid()
	}
	if !valid {
		return "", candor.Errorf(candor.Invalid, "This is not a prefix of key names: expected whole parts, each with its slash, or a whole name.")
	}
	if len(seg) == 2 && ofItems {
		return keysPrefix + seg[0] + "/" + seg[1][:2] + "/" + seg[1] + ".", nil
	}
	return keysPrefix + prefix, nil
}

var idEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// newBodyID makes a random body ID: 26 base32 characters, 130 bits.
func newBodyID(random io.Reader) (string, error) {
	var b [17]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", candor.Wrap(err, candor.Unavailable, "No randomness could be had; nothing was stored.")
	}
	return idEncoding.EncodeToString(b[:])[:itemIDLen], nil
}

// validBodyID reports whether id is a body's: they look like item IDs.
func validBodyID(id string) bool { return candor.ItemID(id).Valid() }

func bodyKey(id string) string { return bodiesPrefix + id[:2] + "/" + id }

// bodyOfKey is the inverse of bodyKey.
func bodyOfKey(key string) (id string, ok bool) {
	rest, ok := strings.CutPrefix(key, bodiesPrefix)
	if !ok || len(rest) != 3+itemIDLen {
		return "", false
	}
	id = rest[3:]
	return id, validBodyID(id) && bodyKey(id) == key
}
