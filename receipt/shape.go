package receipt

import "strings"

// What a field of a record may look like.
var (
	purposeForm    = shape{prefix: "p-", chars: chars("a-z2-7"), least: 10, most: 10}
	codeForm       = shape{first: chars("a-z0-9"), chars: chars("a-z0-9-"), least: 1, most: 64}
	actorForm      = shape{chars: chars("A-Za-z0-9._-"), least: 1, most: 64}
	collectionForm = shape{chars: chars("a-z0-9-"), least: 1, most: 63}
	termsForm      = shape{prefix: "sha256:", chars: chars("0-9a-f"), least: 64, most: 64}
	ruleForm       = shape{first: chars("A-Za-z0-9"), chars: chars("A-Za-z0-9._:/-"), least: 1, most: 100}
	hashForm       = shape{chars: chars("0-9a-f"), least: 64, most: 64}
)

// shape is a prefix, and then so many of some characters. A regular expression
// would say the same; it took most of the time of checking a log.
type shape struct {
	prefix      string
	first       *charset // of the first character after the prefix; nil for chars
	chars       *charset
	least, most int
}

type charset [256]bool

// chars is a set of characters, written as in a bracket expression.
func chars(list string) *charset {
	var set charset
	for i := 0; i < len(list); i++ {
		from, to := list[i], list[i]
		if i+2 < len(list) && list[i+1] == '-' {
			to = list[i+2]
			i += 2
		}
		for c := int(from); c <= int(to); c++ {
			set[c] = true
		}
	}
	return &set
}

func (f *shape) matches(s string) bool {
	s, ok := strings.CutPrefix(s, f.prefix)
	if !ok || len(s) < f.least || len(s) > f.most {
		return false
	}
	if f.first != nil && !f.first[s[0]] {
		return false
	}
	for i := range len(s) {
		if !f.chars[s[i]] {
			return false
		}
	}
	return true
}
