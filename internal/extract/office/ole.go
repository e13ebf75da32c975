package office

import (
	"io"

	"github.com/richardlehane/mscfb"

	"candor"
)

// OLE tells what an OLE compound file is. An encrypted Office document is one;
// the binary formats of old Office are not read by this version.
func OLE(src candor.Source, typ string) candor.Reading {
	reading := candor.Reading{Type: typ, Condition: candor.Unsupported, Reason: "files of this type are kept but not read by this version"}
	doc, err := mscfb.New(io.NewSectionReader(src, 0, src.Size))
	if err != nil {
		reading.Condition, reading.Reason = candor.Failed, "it is damaged or cut short"
		return reading
	}
	for range 10_000 {
		entry, err := doc.Next()
		if err != nil {
			break
		}
		if entry.Name == "EncryptedPackage" {
			reading.Condition, reading.Reason = candor.Encrypted, "it opens only with its password"
			return reading
		}
		if kind := oleTypes[entry.Name]; kind != "" && len(entry.Path) == 0 {
			reading.Type = kind
		}
	}
	return reading
}

var oleTypes = map[string]string{
	"WordDocument": "application/msword", "Workbook": "application/vnd.ms-excel", "Book": "application/vnd.ms-excel",
	"PowerPoint Document": "application/vnd.ms-powerpoint", "__properties_version1.0": "application/vnd.ms-outlook",
}
