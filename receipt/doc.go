// Package receipt checks what a Candor archive claims, offline and without
// trusting it: that a record is in the log (Receipt), that the log only ever
// grew (CheckConsistency), and that a whole log agrees with itself and gives
// the figures that its operator reports (VerifyLog).
//
// To check one receipt, parse it and verify it with the log's key:
//
//	v, err := receipt.NewVerifier(vkey)
//	r, err := receipt.Parse(text)
//	rec, err := r.Verify(receipt.Trust{Log: v})
//
// To check a whole log, from its folder or its address:
//
//	src, err := receipt.OpenSource("https://archive.example.org/log")
//	found, err := receipt.VerifyLog(ctx, src, receipt.Options{Key: vkey})
//
// What never breaks: a nil error of Verify means that the log's key signed a
// tree that holds exactly these bytes; a record has one encoding and parses in
// one way; the figures are a pure function of the log. What it cannot know:
// whether the operator shows others a different log (ask for witnesses), and
// whether something was done and never recorded.
//
// The formats are public: C2SP tlog-proof, tlog-checkpoint, tlog-tiles,
// tlog-cosignature and signed-note, RFC 6962 hashes, and docs/spec. The package
// imports the standard library and golang.org/x/mod, and nothing of Candor.
package receipt
