package receipt

// Receipt proves offline that a record is in the log: a C2SP tlog-proof
// (https://c2sp.org/tlog-proof) together with the record it proves.
type Receipt struct {
	Index      int64    // the record's place in the log, from 0
	Leaf       []byte   // the record as it stands in the log
	Hashes     [][]byte // inclusion proof, RFC 6962, lowest level first
	Checkpoint []byte   // the signed note that covers it
}
