package vault

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"candor"
)

// A header is that of https://age-encryption.org/v1, with one stanza:
//
//	age-encryption.org/v1
//	-> candor/hpke-mlkem768x25519 inline
//	<1,152 bytes of hpke.Seal output in base64, 24 lines of 64 columns>
//	<an empty line>
//	--- <HMAC-SHA-256 in base64>
//
// The stanza's argument is the form of what follows in the blob: "inline" for
// the payload itself, "body" for one line that names a separate blob and its size.
const (
	intro      = "age-encryption.org/v1\n"
	stanzaType = "candor/hpke-mlkem768x25519"

	formInline = "inline"
	formBody   = "body"
)

const (
	fileKeySize = 16
	wrappedSize = 1120 + fileKeySize + tagSize // encapsulated key, then the sealed file key
	columns     = 64
	lineBytes   = columns / 4 * 3
	bodyLines   = wrappedSize / lineBytes
	macChars    = 43
	nonceSize   = 16
	tagSize     = 16
	chunkSize   = 64 << 10

	maxKeyBlob = 2048 + nonceSize + InlineLimit + tagSize
)

var b64 = base64.RawStdEncoding.Strict()

// keyBlob is the parsed blob of a name. Exactly one of payload and body is set.
type keyBlob struct {
	header  []byte // the age header, as it stands
	wrapped []byte // the stanza's body
	payload []byte // inline: the rest of the age file
	body    pointer
}

// pointer names the separate blob that holds the rest of an age file:
// "bodies/<bb>/<id> <size>\n", size in bytes.
type pointer struct {
	id   string
	size int64
}

func (p pointer) String() string {
	return bodyKey(p.id) + " " + strconv.FormatInt(p.size, 10) + "\n"
}

// payloadSize is the size of the payload of an age file: a nonce, then chunks
// with a tag each; an empty file has one empty chunk.
func payloadSize(plain int64) int64 {
	chunks := max(1, (plain+chunkSize-1)/chunkSize)
	return nonceSize + plain + chunks*tagSize
}

// marshalHeader writes the header for a file key. age makes a header only
// together with a new key and a new payload, and a name is known only after
// the payload was made, so the few lines are written here.
func marshalHeader(form string, wrapped, fileKey []byte) []byte {
	var b bytes.Buffer
	b.Grow(2048 + InlineLimit)
	b.WriteString(intro + "-> " + stanzaType + " " + form + "\n")
	for line := range chunks(wrapped, lineBytes) {
		b.WriteString(b64.EncodeToString(line) + "\n")
	}
	// A stanza ends with a line that is not full: an empty one, here.
	b.WriteString("\n---")
	mac := headerMAC(fileKey, b.Bytes())
	b.WriteString(" " + b64.EncodeToString(mac) + "\n")
	return b.Bytes()
}

func chunks(p []byte, n int) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for len(p) > 0 {
			k := min(n, len(p))
			if !yield(p[:k]) {
				return
			}
			p = p[k:]
		}
	}
}

// headerMAC authenticates a header up to and including its "---".
func headerMAC(fileKey, header []byte) []byte {
	key, err := hkdf.Key(sha256.New, fileKey, nil, "header", sha256.Size)
	if err != nil {
		return nil // only for lengths over 255 hashes; an empty MAC never verifies
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(header)
	return mac.Sum(nil)
}

// parseKeyBlob parses the blob of a name. It takes only what this package
// writes, byte for byte; the MAC is verified by age when the file key is known.
func parseKeyBlob(data []byte) (keyBlob, error) {
	form, rest, ok := cutOpening(data)
	if !ok {
		return keyBlob{}, damaged("its header is not of a form that this Candor writes")
	}
	wrapped, rest, ok := cutWrapped(rest)
	if !ok {
		return keyBlob{}, damaged("its wrapped key is not whole")
	}
	rest, ok = cutMAC(rest)
	if !ok {
		return keyBlob{}, damaged("its header does not end as it should")
	}
	k := keyBlob{header: data[:len(data)-len(rest)], wrapped: wrapped}
	if form == formInline {
		if len(rest) < nonceSize+tagSize || len(rest) > nonceSize+InlineLimit+tagSize {
			return keyBlob{}, damaged("its payload has an impossible size")
		}
		k.payload = rest
		return k, nil
	}
	k.body, ok = parsePointer(string(rest))
	if !ok {
		return keyBlob{}, damaged("the line that names its body is wrong")
	}
	return k, nil
}

func damaged(what string) error {
	return candor.Errorf(candor.Verification, "A sealed key in the vault was altered or damaged: %s. Put it back from a backup; nothing was released.", what)
}

func cutOpening(data []byte) (form string, rest []byte, ok bool) {
	for _, form := range []string{formInline, formBody} {
		if rest, ok := bytes.CutPrefix(data, []byte(intro+"-> "+stanzaType+" "+form+"\n")); ok {
			return form, rest, true
		}
	}
	return "", nil, false
}

func cutWrapped(data []byte) (wrapped, rest []byte, ok bool) {
	wrapped = make([]byte, 0, wrappedSize)
	for range bodyLines {
		if len(data) <= columns || data[columns] != '\n' {
			return nil, nil, false
		}
		var line [lineBytes]byte
		if n, err := b64.Decode(line[:], data[:columns]); err != nil || n != lineBytes {
			return nil, nil, false
		}
		wrapped = append(wrapped, line[:]...)
		data = data[columns+1:]
	}
	rest, ok = bytes.CutPrefix(data, []byte("\n"))
	return wrapped, rest, ok
}

func cutMAC(data []byte) (rest []byte, ok bool) {
	data, ok = bytes.CutPrefix(data, []byte("--- "))
	if !ok || len(data) <= macChars || data[macChars] != '\n' {
		return nil, false
	}
	// The decoder passes over line ends, so the length is looked at too.
	mac, err := b64.DecodeString(string(data[:macChars]))
	return data[macChars+1:], err == nil && len(mac) == sha256.Size
}

func parsePointer(s string) (pointer, bool) {
	key, size, ok := strings.Cut(strings.TrimSuffix(s, "\n"), " ")
	if !ok {
		return pointer{}, false
	}
	id, ok := bodyOfKey(key)
	if !ok {
		return pointer{}, false
	}
	n, err := strconv.ParseInt(size, 10, 64)
	p := pointer{id: id, size: n}
	return p, err == nil && n > nonceSize+InlineLimit && p.String() == s
}

// errBody describes what is wrong with a separate body, for Check.
func (p pointer) mismatch(have int64) string {
	return fmt.Sprintf("its sealed bytes are %d long where %d are expected", have, p.size)
}
