package query

import (
	"fmt"
	"hash/fnv"
	"math/bits"
	"strconv"
	"strings"

	"candor"
)

// Kin tells which documents belong together. Zero of a kind belongs to nothing.
type Kin struct {
	Text    uint64    // print of the text; see TextPrint
	Picture [4]uint64 // print of the picture: PDQ, 256 bits
	Thread  uint64    // hash of what names the conversation
	Family  uint64    // hash of what names the file that it came in, or was found inside
}

// Folds are kinds of belonging together, by which results can be folded (only
// the best of those that belong together is shown) and filtered.
const (
	FoldAlike  = "alike" // nearly the same text or picture
	FoldThread = "thread"
	FoldFamily = "family"
)

// Folds lists them.
func Folds() []string { return []string{FoldAlike, FoldThread, FoldFamily} }

// Near duplicates differ in at most so many bits of their prints: for texts as
// Manku et al. (Detecting near-duplicates for web crawling, 2007), for pictures
// as PDQ's authors advise.
const (
	textDistance    = 3
	pictureDistance = 31
)

// Same reports whether two documents belong together in a way of Folds. A
// document without a print of that kind belongs to nothing, itself included.
func (k Kin) Same(other Kin, fold string) bool {
	switch fold {
	case FoldThread:
		return k.Thread != 0 && k.Thread == other.Thread
	case FoldFamily:
		return k.Family != 0 && k.Family == other.Family
	case FoldAlike:
		return k.Text != 0 && other.Text != 0 && SameText(k.Text, other.Text) || k.samePicture(other)
	}
	return false
}

// SameText reports whether the prints of two texts, neither zero, are nearly the same.
func SameText(a, b uint64) bool { return bits.OnesCount64(a^b) <= textDistance }

func (k Kin) samePicture(other Kin) bool {
	if k.Picture == ([4]uint64{}) || other.Picture == ([4]uint64{}) {
		return false
	}
	n := 0
	for i, p := range k.Picture {
		n += bits.OnesCount64(p ^ other.Picture[i])
	}
	return n <= pictureDistance
}

// Key is a document's print in a way of Folds, for a filter; "" if it has none.
func (k Kin) Key(fold string) string {
	switch {
	case fold == FoldThread && k.Thread != 0:
		return hex16(k.Thread)
	case fold == FoldFamily && k.Family != 0:
		return hex16(k.Family)
	case fold == FoldAlike && k.Text != 0:
		return hex16(k.Text)
	case fold == FoldAlike && k.Picture != [4]uint64{}:
		return PicturePrint(k.Picture)
	}
	return ""
}

// PicturePrint writes a picture's print as 64 hexadecimal digits.
func PicturePrint(p [4]uint64) string {
	return hex16(p[0]) + hex16(p[1]) + hex16(p[2]) + hex16(p[3])
}

// ParsePicturePrint reads what PicturePrint wrote; ok is false for anything else.
func ParsePicturePrint(s string) (p [4]uint64, ok bool) {
	if len(s) != 64 {
		return p, false
	}
	for i := range p {
		var err error
		if p[i], err = strconv.ParseUint(s[16*i:16*i+16], 16, 64); err != nil {
			return [4]uint64{}, false
		}
	}
	return p, true
}

// ParseKin reads a key of a way of Folds.
func ParseKin(fold, key string) (k Kin, err error) {
	if p, ok := ParsePicturePrint(key); ok && fold == FoldAlike {
		k.Picture = p
		return k, nil
	}
	n, failed := strconv.ParseUint(key, 16, 64)
	if failed != nil || len(key) != 16 {
		return k, candor.Errorf(candor.Invalid, "%q is no print of the kind %q. Take it from a result.", key, fold)
	}
	switch fold {
	case FoldAlike:
		k.Text = n
	case FoldThread:
		k.Thread = n
	case FoldFamily:
		k.Family = n
	}
	return k, nil
}

func hex16(n uint64) string { return fmt.Sprintf("%016x", n) }

// NameHash is the hash of what names a conversation or a family; never zero.
func NameHash(name string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	return max(h.Sum64(), 1)
}

const (
	shingle = 4 // words

	// leastShingles: a shorter text has a print that only the same words have,
	// since a single word would change much of a SimHash.
	leastShingles = 24
	// leastPrinted: texts of fewer words are alike by chance.
	leastPrinted = 5
)

// TextPrint is the SimHash (Charikar, 2002) of a text's runs of four words, of
// folded letters and digits only: texts that differ little differ in few bits.
// A short text has a plain hash of its words; zero is for hardly any text.
func TextPrint(text string) uint64 {
	var sums [64]int32
	var last [shingle]uint64
	words, whole := 0, uint64(14695981039346656037)
	EachToken(text, func(folded []byte, _, _ int) bool {
		h := mix(folded)
		whole = (whole ^ h) * 1099511628211
		copy(last[:], last[1:])
		last[shingle-1] = h
		if words++; words >= shingle {
			addBits(&sums, shingled(last))
		}
		return true
	})
	switch {
	case words < leastPrinted:
		return 0
	case words < leastShingles+shingle:
		return max(spread(whole), 1)
	}
	var print uint64
	for i, n := range sums {
		if n > 0 {
			print |= 1 << i
		}
	}
	return max(print, 1)
}

// mix hashes a word (FNV-1a, its bits then spread).
func mix(word []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range word {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return spread(h)
}

// spread is the finaliser of MurmurHash3 (Appleby): every bit depends on every other.
func spread(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

func shingled(words [shingle]uint64) uint64 {
	var h uint64
	for i, w := range words {
		h += bits.RotateLeft64(w, 13*i)
	}
	return spread(h)
}

func addBits(sums *[64]int32, h uint64) {
	for i := range sums {
		sums[i] += int32(h>>i&1)*2 - 1
	}
}

// FoldNames says the ways of Folds in one line, for messages.
func FoldNames() string { return strings.Join(Folds(), ", ") }
