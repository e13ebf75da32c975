package receipt_test

import (
	"fmt"

	"candor/receipt"
)

// A receipt that somebody handed over, and the log's key, which came from
// elsewhere: that is all it takes.
func Example() {
	const key = "log.example/archive+a24e52e9+AewHmBCXPxNg6iuarp/ml7HbVIu0gnJvxKD9b2slqQ4Z"
	const text = `c2sp.org/tlog-proof@v1
extra eyJ2IjoxLCJub25jZSI6IkFBQUFBQUFBQUFBQUFBQUFBQUFBQlEiLCJ0aW1lIjoiMjAyNi0xMS0yM1QxNDoyMFoiLCJhY3QiOiJzZWFyY2giLCJwaGFzZSI6ImludGVudCIsInB1cnBvc2UiOiJwLWFiY2RlZmdoaWoiLCJhY3RvciI6ImE3IiwiY29sbGVjdGlvbiI6Im1haW4iLCJ0ZXJtcyI6InNoYTI1NjphYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhIn0=
index 5
P4Xsrv9iWFp2+3T9aLwaKwNskgo/1HRmm6ozJmxD9Hk=
Q+CvY8y3Zsy0SZWO2QZrtyokxEXa2eWYM9F61iGkqxk=
/7L5GL3D6vdUREhRB2/qPz88EsUjy6nCYwsgdLhfi4M=

log.example/archive
7
T2HX1wfnliQfEdXTCdWTyn4GNcnw0a8c8dmmvfDsO9k=

— log.example/archive ok5S6UDH6CaeOdsD0GjScb4LM/pAs7etkSC6NokXDNBSt5Ic2SN/4qr5DmJFM9AXkyH9ZUdhFjyEY6s2s5/2sYR5FAs=
`
	log, err := receipt.NewVerifier(key)
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := receipt.Parse([]byte(text))
	if err != nil {
		fmt.Println(err)
		return
	}
	rec, err := r.Verify(receipt.Trust{Log: log})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("record %d: %s, %s, under %s at %s\n", r.Index, rec.Act, rec.Phase, rec.Purpose, rec.Time)
	// Output: record 5: search, intent, under p-abcdefghij at 2026-11-23T14:20Z
}
