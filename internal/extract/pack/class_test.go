package pack

import (
	"encoding/binary"
	"strings"
	"testing"

	"candor"
)

// network writes numbers of 8, 16 and 32 bits, and texts, one after the other.
func network(values ...any) (b []byte) {
	for _, v := range values {
		if s, ok := v.(string); ok {
			b = append(b, s...)
			continue
		}
		var err error
		if b, err = binary.Append(b, binary.BigEndian, v); err != nil {
			panic(err)
		}
	}
	return b
}

func javaClass() []byte {
	text := func(s string) []byte { return network(uint8(1), uint16(len(s)), s) }
	return network(uint32(0xcafebabe), uint32(52), uint16(15),
		text("port/Fees"), uint8(7), uint16(1), text("java/lang/Object"), uint8(7), uint16(3), // 1 to 4
		uint8(5), uint64(7), text("due"), text("[J"), text("pay"), text("(Ljava/lang/String;[[I)V"), text("Late fee"), uint8(8), uint16(11), text("Code"), text("ConstantValue"), // 5 to 14
		uint16(0x0421), uint16(2), uint16(4), uint16(1), uint16(4),
		uint16(1), uint16(0x0012), uint16(7), uint16(8), uint16(1), uint16(14), uint32(2), uint16(5),
		uint16(1), uint16(0x0001), uint16(9), uint16(10), uint16(1), uint16(13), uint32(3), "abc")
}

func TestClassesOfJava(t *testing.T) {
	var got kept
	r, err := Class(from("Fees.class", javaClass()), "", &got)
	want := "public abstract class port.Fees extends java.lang.Object implements java.lang.Object\nprivate final long[] due = 7\npublic void pay(java.lang.String, int[][])\n\"Late fee\"\n"
	if text := got.text.String(); err != nil || r.Condition != candor.Done || text != want {
		t.Errorf("%s (%s), %v, %q", r.Condition, r.Reason, err, text)
	}
	got = kept{}
	if r, _ := Class(from("Fees.class", javaClass()[:120]), "", &got); r.Condition != candor.Partial || strings.Contains(got.text.String(), "pay") {
		t.Errorf("cut short: %s, %q", r.Condition, got.text.String())
	}
}

func FuzzClass(f *testing.F) {
	f.Add(javaClass())
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := Class(from("x.class", b), "", &kept{}); err != nil {
			t.Error(err)
		}
	})
}
