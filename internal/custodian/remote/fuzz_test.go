package remote

import (
	"bytes"
	"encoding/json"
	"testing"

	"candor"
)

// FuzzMessages: whatever comes over the wire is a message of the protocol or
// an error with a code; a message that was read says the same when written.
func FuzzMessages(f *testing.F) {
	for _, m := range []message{
		headMessage{1, 7}, doneMessage{1}, followMessage{1, []byte("a checkpoint"), 3, [][]byte{make([]byte, 32)}},
		releaseMessage{1, candor.ReleaseRequest{Receipt: []byte("r"), Keys: []candor.ReleaseKey{{Name: "archive/index", Path: [][]byte{{1}}}}}},
		answerMessage{1, candor.ReleaseAnswer{Keys: [][]byte{{1, 2}}}}, learnMessage{1, []byte("r")},
		errorMessage{1, errorBody{candor.Denied, "No.", RuleClient}},
	} {
		text, err := json.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"v":1}{"v":1}`))
	f.Add([]byte(`{"v":2}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		same[headMessage](t, data)
		same[followMessage](t, data)
		same[releaseMessage](t, data)
		same[answerMessage](t, data)
		same[learnMessage](t, data)
		same[statusMessage](t, data)
		if m := same[errorMessage](t, data); m.V == version && candor.CodeOf(m.Error.errorOf()) == "" {
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
	again, err := decode[M](bytes.NewReader(first), 1<<20)
	if err != nil {
		t.Fatalf("%s: %v", first, err)
	}
	if second, _ := json.Marshal(again); !bytes.Equal(first, second) {
		t.Errorf("%s became %s", first, second)
	}
	return m
}
