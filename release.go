package candor

// Sealed keys are named by what they open: an item's rendition, a document of
// the vault, or a key of the archive itself. The custodian binds the name into
// the wrapping, so a key presented under another name does not open.

// KeyName names one wrapped key: "<collection>/<item>/<rendition>" for an
// item's rendition or manifest, "document/<kind>/<id>" for a vault document,
// "archive/<what>" for a key of the archive itself ("archive/catalog",
// "archive/index").
type KeyName string

// ItemKey returns the name of the key of one rendition of an item.
func ItemKey(collection string, item ItemID, r Rendition) KeyName {
	return KeyName(collection + "/" + string(item) + "/" + string(r))
}

// ReleaseKey asks for one key. Salt, Leaf and Path open the outcome record's
// commitment for this key: see receipt.Commit.
type ReleaseKey struct {
	Name    KeyName  `json:"name"`
	Wrapped []byte   `json:"wrapped"` // the body of the key's stanza: hpke.Seal output
	Salt    []byte   `json:"salt"`
	Leaf    int64    `json:"leaf"`
	Path    [][]byte `json:"path"`
}

// ReleaseRequest asks the custodian for the keys that one outcome record
// allows. It carries proof of everything the custodian checks.
type ReleaseRequest struct {
	Receipt     []byte       `json:"receipt"`               // receipt.Receipt of the outcome record
	Grant       []byte       `json:"grant,omitempty"`       // receipt of the record that approved the purpose, when it has one
	Consistency [][]byte     `json:"consistency,omitempty"` // from From to the receipt's checkpoint
	From        int64        `json:"from"`                  // the tree size that the custodian last saw
	Requester   []byte       `json:"requester"`             // HPKE public key (MLKEM768X25519) made for this act
	Leaves      int64        `json:"leaves"`                // how many keys the commitment covers
	Keys        []ReleaseKey `json:"keys"`
}

// ReleaseAnswer holds the keys, each sealed with HPKE to the requester's key
// with the key's name as info, in the order of the request.
type ReleaseAnswer struct {
	Keys [][]byte `json:"keys"`
}
