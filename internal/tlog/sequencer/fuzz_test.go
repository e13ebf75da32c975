package sequencer

import (
	"bytes"
	"encoding/json"
	"testing"

	"candor"
)

// FuzzMessages: whatever comes over the wire is a message of the protocol or an
// error with a code; a message that was read says the same when written.
func FuzzMessages(f *testing.F) {
	s := stamp{1, 7, "5f0c6d3a9b7e4c1188d2f4a6b0c3e597"}
	for _, m := range []message{
		askHead{s}, tellHead{s, []byte("a checkpoint")}, askAppend{s, "00", []byte("leaf"), nil},
		tellReceipt{s, receiptBody{3, []byte("leaf"), [][]byte{make([]byte, 32)}, []byte("a checkpoint")}},
		askWhereis{s, make([]byte, 32), 3}, tellWhereis{s, -1, 0, 9}, askReceipt{s, 3}, askRange{s, 3, 4},
		tellProof{s, [][]byte{make([]byte, 32)}}, tellPage{s, []recordBody{{[]byte("leaf"), []byte("sealed")}}},
		askDestroy{s, []int64{1, 2}}, tellDone{s}, tellError{s, errorBody{candor.Denied, "No.", RuleClient}},
	} {
		text, err := json.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"v":1,"epoch":1}{"v":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		same[tellHead](t, data)
		same[askAppend](t, data)
		same[tellReceipt](t, data)
		same[askWhereis](t, data)
		same[tellWhereis](t, data)
		same[askReceipt](t, data)
		same[askRange](t, data)
		same[tellProof](t, data)
		same[tellPage](t, data)
		same[askDestroy](t, data)
		if m := same[tellError](t, data); m.V == version && candor.CodeOf(m.Error.errorOf()) == "" {
			t.Error("an error became none")
		}
	})
}

func same[M message](t *testing.T, data []byte) M {
	m, err := decode[M](bytes.NewReader(data), 1<<20)
	if err != nil {
		if c := candor.CodeOf(err); c != candor.Invalid && c != candor.NotSupported {
			t.Errorf("refused with %v", err)
		}
		var none M
		return none
	}
	first, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	again, err := decode[M](bytes.NewReader(first), 2<<20)
	if err != nil {
		t.Fatalf("%s: %v", first, err)
	}
	if second, _ := json.Marshal(again); !bytes.Equal(first, second) {
		t.Errorf("%s became %s", first, second)
	}
	return m
}

// FuzzLease: a lease is read exactly as it was written, or not at all.
func FuzzLease(f *testing.F) {
	f.Add(marshalLease(1, [holderSize]byte{1}))
	f.Add(marshalLease(1<<40, [holderSize]byte{}))
	f.Add([]byte("candor-lease-1\nepoch +1\nholder 00\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		epoch, holder, err := parseLease(data)
		if err != nil {
			if candor.CodeOf(err) != candor.Verification {
				t.Errorf("refused with %v", err)
			}
			return
		}
		if epoch < 1 || !bytes.Equal(marshalLease(epoch, holder), data) {
			t.Errorf("%q was taken for a lease", data)
		}
	})
}

func TestFlightsAreBounded(t *testing.T) {
	s := newFlights(3)
	for i := range 10 {
		f, first := s.begin([32]byte{byte(i)}, "r")
		if !first {
			t.Fatal("a new record was known")
		}
		f.land(int64(i), nil)
	}
	for i := range 10 {
		if known := s.find([32]byte{byte(i)}) != nil; known != (i >= 7) {
			t.Errorf("record %d known: %v", i, known)
		}
	}
	if len(s.by) != 3 || len(s.order) != 3 {
		t.Errorf("%d and %d kept", len(s.by), len(s.order))
	}
}
