package pack

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"candor"
	"candor/internal/extract/plain"
)

const mostClass = 16 << 20

// Class reads what a class of Java declares, and the texts in it (The Java Virtual
// Machine Specification, chapter 4). Its code is not read. The error is the sink's.
func Class(src candor.Source, typ string, sink candor.Sink) (candor.Reading, error) {
	data, reading, ok := plain.Whole(src, typ, mostClass, "classes")
	if !ok {
		return reading, nil
	}
	c := classFile{b: data, w: plain.NewWriter(sink)}
	c.read()
	if err := c.w.Close(); err != nil {
		return reading, err
	}
	if c.short {
		reading.Lack("it is damaged or cut short")
	}
	return reading, nil
}

type classFile struct {
	b     []byte // what is still to be read
	w     *plain.Writer
	texts map[uint16]string
	names map[uint16]uint16 // of classes and strings, to their texts
	value map[uint16]string // of numbers
	said  []uint16          // strings, in order
	short bool
}

func (c *classFile) take(n int) []byte {
	if n > len(c.b) {
		c.short, c.b = true, nil
		return make([]byte, min(n, 8))
	}
	out := c.b[:n]
	c.b = c.b[n:]
	return out
}

func (c *classFile) u2() uint16 { return binary.BigEndian.Uint16(c.take(2)) }

func (c *classFile) read() {
	c.take(8)
	c.constants()
	flags := c.u2()
	kind := "class"
	switch {
	case flags&0x2000 != 0:
		kind = "@interface"
	case flags&0x0200 != 0:
		kind = "interface"
	case flags&0x4000 != 0:
		kind = "enum"
	}
	head := modifiers(flags&^0x0020) + kind + " " + c.class(c.u2())
	if super := c.class(c.u2()); super != "" {
		head += " extends " + super
	}
	for i := range c.u2() {
		if c.short {
			return
		}
		head += [...]string{" implements ", ", "}[min(i, 1)] + c.class(c.u2())
	}
	c.line(head)
	c.members() // fields
	c.members() // methods
	for _, s := range c.said {
		c.line(`"` + c.texts[c.names[s]] + `"`)
	}
}

func (c *classFile) line(s string) {
	_, _ = c.w.WriteString(s)
	c.w.Line()
}

// constants reads the table of constants. Long numbers take two places.
func (c *classFile) constants() {
	c.texts, c.names, c.value = map[uint16]string{}, map[uint16]uint16{}, map[uint16]string{}
	for i, n := uint16(1), c.u2(); i < n && !c.short; i++ {
		switch tag := c.take(1)[0]; tag {
		case 1:
			c.texts[i] = strings.ToValidUTF8(string(c.take(int(c.u2()))), "\ufffd")
		case 7, 19, 20:
			c.names[i] = c.u2()
		case 8:
			c.names[i] = c.u2()
			c.said = append(c.said, i)
		case 16:
			c.take(2)
		case 15:
			c.take(3)
		case 3:
			c.value[i] = fmt.Sprint(int32(binary.BigEndian.Uint32(c.take(4))))
		case 4:
			c.value[i] = fmt.Sprint(math.Float32frombits(binary.BigEndian.Uint32(c.take(4))))
		case 5:
			c.value[i] = fmt.Sprint(int64(binary.BigEndian.Uint64(c.take(8))))
			i++
		case 6:
			c.value[i] = fmt.Sprint(math.Float64frombits(binary.BigEndian.Uint64(c.take(8))))
			i++
		case 9, 10, 11, 12, 17, 18:
			c.take(4)
		default:
			c.short = true
		}
	}
}

func (c *classFile) class(i uint16) string { return strings.ReplaceAll(c.texts[c.names[i]], "/", ".") }

// members writes fields or methods, a line each.
func (c *classFile) members() {
	for range c.u2() {
		flags, name, typ := c.u2(), c.texts[c.u2()], c.texts[c.u2()]
		constant := ""
		for range c.u2() {
			attribute := c.texts[c.u2()]
			body := c.take(int(min(binary.BigEndian.Uint32(c.take(4)), mostClass)))
			if c.short {
				return
			}
			if attribute == "ConstantValue" && len(body) == 2 {
				constant = c.constant(binary.BigEndian.Uint16(body))
			}
		}
		if c.short {
			return
		}
		if rest, method := strings.CutPrefix(typ, "("); method {
			arguments, result, _ := strings.Cut(rest, ")")
			name += "(" + strings.Join(types(arguments), ", ") + ")"
			typ = result
		}
		c.line(modifiers(flags) + strings.Join(types(typ), " ") + " " + name + constant)
	}
}

// constant is the value of a field, as its declaration states it.
func (c *classFile) constant(i uint16) string {
	if v, ok := c.value[i]; ok {
		return " = " + v
	}
	return ` = "` + c.texts[c.names[i]] + `"`
}

// modifiers are the words that flags stand for, each with a blank behind it.
func modifiers(flags uint16) string {
	var b strings.Builder
	for i, word := range []string{"public ", "private ", "protected ", "static ", "final ", "synchronized ", "", "", "native ", "", "abstract "} {
		if flags>>i&1 == 1 {
			b.WriteString(word)
		}
	}
	return b.String()
}

// types are the types that a descriptor lists.
func types(s string) (out []string) {
	basic := map[byte]string{'B': "byte", 'C': "char", 'D': "double", 'F': "float", 'I': "int", 'J': "long", 'S': "short", 'Z': "boolean", 'V': "void"}
	for s != "" {
		bare := strings.TrimLeft(s, "[")
		arrays := strings.Repeat("[]", len(s)-len(bare))
		if s = bare; s == "" {
			break
		}
		if s[0] == 'L' {
			name, rest, _ := strings.Cut(s[1:], ";")
			out, s = append(out, strings.ReplaceAll(name, "/", ".")+arrays), rest
			continue
		}
		out, s = append(out, basic[s[0]]+arrays), s[1:]
	}
	return out
}
