package receipt

// Record is one leaf of the log: the public part of an act. It is JSON, one
// object, fields in the order of this struct, no white space, no field that is
// not listed here; docs/spec/record.md tells what each may hold. It names no
// person, query, title or item.
type Record struct {
	V          int    `json:"v"`                    // 1
	Nonce      string `json:"nonce"`                // 16 random bytes, base64url without padding
	Time       string `json:"time"`                 // UTC, floored to ten minutes: 2026-11-23T14:20Z
	Act        string `json:"act"`                  // one of candor.Acts
	Phase      string `json:"phase"`                // intent or outcome
	Intent     *int64 `json:"intent,omitempty"`     // outcome: log index of its intent
	Purpose    string `json:"purpose,omitempty"`    // purpose ID
	Reason     string `json:"reason,omitempty"`     // reason code
	Actor      string `json:"actor"`                // pseudonym of the person, new every month
	Agent      bool   `json:"agent,omitempty"`      // an AI agent acted for the person
	Collection string `json:"collection,omitempty"` //
	Terms      string `json:"terms"`                // hash of the terms in force, "sha256:" and hexadecimal
	Decision   string `json:"decision,omitempty"`   // outcome: allow, refuse or failed
	Rule       string `json:"rule,omitempty"`       // outcome: the policy that decided
	Breadth    string `json:"breadth,omitempty"`    // outcome: class of the share of the collection that matched
	Shown      int64  `json:"shown,omitempty"`      // outcome: distinct items shown
	New        int64  `json:"new,omitempty"`        // outcome: of these, new to the purpose; they sum to its coverage
	Items      int64  `json:"items,omitempty"`      // outcome of add, destroy: items stored or destroyed
	Bytes      int64  `json:"bytes,omitempty"`      // outcome of add, open, export: bytes of plaintext
	Details    string `json:"details,omitempty"`    // SHA-256 of the sealed details, hexadecimal
	Commitment string `json:"commitment,omitempty"` // outcome: what keys may be released to whom; see Commit
	Grant      *Grant `json:"grant,omitempty"`      // outcome of approve: what was decided
}

// Grant is what an approve act decided about a purpose, in public.
type Grant struct {
	Status      string   `json:"status"` // active, refused or revoked
	Acts        []string `json:"acts"`
	Collections []string `json:"collections"`
	Coverage    int64    `json:"coverage"`
	Expires     string   `json:"expires"`        // UTC, RFC 3339 to the second
	Solo        bool     `json:"solo,omitempty"` // not independently approved
}

// Decisions of an outcome.
const (
	Allow  = "allow"  // it ran, and its result left
	Refuse = "refuse" // the terms said no; nothing left
	Failed = "failed" // it was allowed and did not succeed; nothing left
)
