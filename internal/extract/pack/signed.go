package pack

import (
	"bytes"
	"errors"
	"strings"

	"github.com/smallstep/pkcs7"

	"candor"
	"candor/internal/extract/plain"
)

// mostSigned bounds what is read into memory of a signed file, in bytes.
const mostSigned = 256 << 20

// Signed reads what is wrapped in CMS (RFC 5652, as S/MIME of RFC 8551 sends it):
// the signed content is a part, and who signed it, by the certificates inside, is
// a field. No signature is checked: to read is not to vouch. What is encrypted
// opens only with a recipient's key. The error is the sink's.
func Signed(src candor.Source, typ string, sink candor.Sink) (candor.Reading, error) {
	data, reading, ok := plain.Whole(src, typ, mostSigned, "signed files")
	if !ok {
		return reading, nil
	}
	if encrypted(data) {
		reading.Condition, reading.Reason = candor.Encrypted, "it opens only with the key of somebody it was sent to"
		return reading, nil
	}
	p, err := pkcs7.Parse(data)
	if errors.Is(err, pkcs7.ErrUnsupportedContentType) {
		reading.Condition, reading.Reason = candor.Unsupported, "what is digested or compressed in this form is kept but not read by this version"
		return reading, nil
	}
	if err != nil {
		reading.Condition, reading.Reason = candor.Failed, "its signed form is damaged or not known: "+err.Error()
		return reading, nil
	}
	for _, c := range p.Certificates {
		if who := c.Subject.String(); who != "" {
			reading.Fields = append(reading.Fields, candor.Field{Name: "signed:Certificate", Value: strings.ToValidUTF8(who, "\ufffd")})
		}
	}
	if len(p.Content) == 0 { // a signature of what stands elsewhere, or certificates alone
		return reading, nil
	}
	return reading, sink.Part(candor.Place{Path: contentName(src.Name, p.Content)}, bytes.NewReader(p.Content))
}

// contentName is what the content of a signed file is called: the file's name
// without the ending, and for the part of a mail, which is a message of its own, .eml.
func contentName(outer string, content []byte) string {
	inner := innerName(outer, "")
	if !strings.Contains(inner, ".") && bytes.HasPrefix(bytes.ToLower(content[:min(len(content), 8)]), []byte("content-")) {
		inner += ".eml"
	}
	return inner
}

// encrypted tells whether CMS data are enveloped or encrypted ones (RFC 5652,
// sections 6 and 8), by the object identifier in front.
func encrypted(data []byte) bool {
	head := data[:min(len(data), 32)]
	return bytes.Contains(head, []byte("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03")) || bytes.Contains(head, []byte("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06"))
}
