package candor

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
)

// itemIDLen is the length of an ItemID: 26 characters of 5 bits.
const itemIDLen = 26

// idEncoding is RFC 4648 base32 in lower case, so that names are the same on
// file systems that fold case.
var idEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// NewItemID names content within a collection: the first 130 bits of
// HMAC-SHA-256, keyed with the collection's secret, of the content's SHA-256.
func NewItemID(secret []byte, sum [sha256.Size]byte) ItemID {
	mac := hmac.New(sha256.New, secret)
	mac.Write(sum[:])
	return ItemID(idEncoding.EncodeToString(mac.Sum(nil))[:itemIDLen])
}

// Valid reports whether the ID has the form of an item ID.
func (id ItemID) Valid() bool {
	if len(id) != itemIDLen {
		return false
	}
	for _, c := range []byte(id) {
		if (c < 'a' || c > 'z') && (c < '2' || c > '7') {
			return false
		}
	}
	return true
}
