package archive

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"candor"
)

// pseudonyms give each person another public name every month, so that the
// log tells that one person did several things, but not for longer, and not who.
type pseudonyms struct{ key []byte }

// of returns "a-" and 16 hexadecimal characters. The archive itself, when it
// starts or rebuilds, is "system" in public.
func (p pseudonyms) of(who candor.PersonID, now time.Time) string {
	if who == systemID {
		return string(systemID)
	}
	mac := hmac.New(sha256.New, p.key)
	mac.Write([]byte(now.UTC().Format("2006-01") + "\n" + string(who)))
	return "a-" + hex.EncodeToString(mac.Sum(nil)[:8])
}
