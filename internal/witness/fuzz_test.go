package witness

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"candor"
)

func FuzzRequest(f *testing.F) {
	l := newLog(f, "log.example/a").grow(300, "a")
	for _, r := range []request{l.request(0, 0), l.request(0, 300), l.request(100, 200), l.request(255, 256), l.request(7, 7)} {
		f.Add(r.marshal())
	}
	f.Add([]byte("old 0\n\n"))
	f.Add([]byte("old 01\n\nx"))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := parseRequest(body)
		if err == nil && !bytes.Equal(r.marshal(), body) {
			t.Errorf("%q became %q", body, r.marshal())
		}
		if err == nil && (r.old < 0 || len(r.proof) > maxProof) {
			t.Errorf("accepted old %d and %d hashes", r.old, len(r.proof))
		}
	})
}

// FuzzServer: whatever is sent, a witness that stands at 100 cosigns nothing
// but extensions of that tree which the log signed.
func FuzzServer(f *testing.F) {
	l := newLog(f, "log.example/a").grow(300, "a")
	other := newLog(f, "log.example/b").grow(10, "b")
	many := l.request(100, 200)
	many.checkpoint = append(many.checkpoint, strings.Repeat(string(lines(other.checkpoint(3))), 50)...)
	tooMany := l.request(100, 200)
	tooMany.checkpoint = append(tooMany.checkpoint, strings.Repeat(string(lines(other.checkpoint(3))), 150)...)
	twice := l.request(100, 200)
	twice.checkpoint = append(twice.checkpoint, lines(l.checkpoint(7))...)
	extended := request{old: 100, proof: l.request(100, 200).proof, checkpoint: l.checkpoint(200, "extension", "and more")}
	for _, r := range []request{l.request(100, 200), l.request(100, 100), l.request(0, 300), other.request(0, 3), many, tooMany, twice, extended} {
		f.Add(r.marshal())
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		s := mustServe(t, testConfig(t, newMemFS(), l))
		mustCosign(t, s, l, 0, 100)
		w := post(s, body)
		switch w.Code {
		case http.StatusOK:
			last := s.logs[l.origin].last.Load()
			if last.Size < 100 || last.Hash != l.root(last.Size) {
				t.Errorf("cosigned a tree of %d records that is not the log's", last.Size)
			}
		case 400, 403, 404, 409, 413, 422:
			if conflictSize(t, s, l) != 100 {
				t.Error("a refused request moved the witness")
			}
		default:
			t.Errorf("status %d", w.Code)
		}
		s.Close()
	})
}

// lines are the signature lines of a note.
func lines(signed []byte) []byte {
	_, after, _ := bytes.Cut(signed, []byte("\n\n"))
	return after
}

func FuzzSizeAnswer(f *testing.F) {
	for _, s := range []string{"0\n", "20852014\n", "9223372036854775807\n", "9223372036854775808\n", "-1\n", "007\n", "7", "7\n\n", ""} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		size, err := parseSizeAnswer(body)
		if err == nil && (size < 0 || string(formatSizes(map[string]int64{"w": size})) != strings.TrimSuffix(string(body), "\n")+" w\n") {
			t.Errorf("%q is %d", body, size)
		}
	})
}

// FuzzAnswer: only a cosignature of the very checkpoint, by the very key, is
// kept of what a witness answers.
func FuzzAnswer(f *testing.F) {
	l := newLog(f, "log.example/a").grow(20, "a")
	own := testSigner(f, testWitness)
	n, cp, err := readNote(l.checkpoint(20))
	if err != nil {
		f.Fatal(err)
	}
	state, err := (&state{}).cosign(n, cp, own, epoch)
	if err != nil {
		f.Fatal(err)
	}
	good := state.sig
	f.Add([]byte(good))
	f.Add([]byte(good + good))
	f.Add([]byte(string(lines(l.checkpoint(20))) + good))
	f.Add([]byte("\n\n" + good))
	key := testVerifier(f, own.Key())
	f.Fuzz(func(t *testing.T, body []byte) {
		e := exchange{now: func() time.Time { return epoch }, skew: 1}
		a, err := e.cosignature(Peer{Key: key}, &round{cp: cp, text: n.Text, note: l.checkpoint(20)}, body, epoch)
		if err == nil && a.line != good {
			t.Errorf("kept %q", a.line)
		}
		if err != nil && candor.CodeOf(err) != candor.Verification {
			t.Errorf("%v", err)
		}
	})
}

func FuzzPolicy(f *testing.F) {
	w := witnessLines(f, 3)
	f.Add([]byte(w + "group g 2 a0 a1 a2\nquorum g\nmode later\n"))
	f.Add([]byte(w + "group g any a0 a1\ngroup h all g a2\nquorum h\n"))
	f.Add([]byte("# nobody\nquorum none\n"))
	f.Add([]byte("log " + newLog(f, "log.example/a").vkey + " https://log.example\nquorum none\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := ParsePolicy(text)
		if err != nil {
			if code := candor.CodeOf(err); code != candor.Invalid && code != candor.NotSupported && code != candor.TooLarge {
				t.Errorf("%v", err)
			}
			return
		}
		if !p.Satisfied(func(int) bool { return true }) {
			t.Error("all witnesses together do not suffice")
		}
		if !p.NeedsNone() && p.Satisfied(func(int) bool { return false }) {
			t.Error("no witness suffices")
		}
		p.Warnings()
		p.Describe()
	})
}

func FuzzSizes(f *testing.F) {
	f.Add([]byte("20 witness.example/w1+1a2b3c4d\n30 w2+00000000\n"))
	f.Add([]byte(""))
	f.Add([]byte("1 a\n1 a\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		known, err := parseSizes(b)
		if err != nil {
			return
		}
		again, err := parseSizes(formatSizes(known))
		if err != nil || len(again) != len(known) {
			t.Errorf("%q: %v", b, err)
		}
	})
}
