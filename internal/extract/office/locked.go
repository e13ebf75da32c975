package office

import (
	"bytes"
	"io"

	"github.com/xuri/excelize/v2"

	"candor"
)

// mostLocked bounds an encrypted document that is opened: it is decrypted in memory.
const mostLocked = 128 << 20

// givenAway is the password with which Excel encrypts a workbook that is only
// protected from changes: whoever opens it is not asked.
const givenAway = "VelvetSweatshop"

// zipMark begins what an encrypted document holds.
var zipMark = []byte("PK\x03\x04")

// Unlock opens a document of the formats from 2007 on that is encrypted (MS-OFFCRYPTO,
// agile or standard), with the source's password, or with the one that Excel
// gives away. Where there is nothing to open,
// ok is false; where it does not open, the reading says why.
func Unlock(src candor.Source) (opened candor.Source, reading candor.Reading, ok bool) {
	c, err := openCompound(src)
	if err != nil || c.streams["EncryptedPackage"] == nil {
		return src, reading, false
	}
	reading = candor.Reading{Type: "application/x-ole-storage", Condition: candor.Encrypted, Reason: "it opens with another password than was given"}
	if src.Size > mostLocked && src.Password == "" {
		return src, reading, false
	}
	if src.Size > mostLocked {
		reading.Reason = "it is encrypted and larger than 128 MB: decrypt it with another program and add it"
		return src, reading, true
	}
	stated := src.Password
	if stated == "" {
		src.Password = givenAway
	}
	data, err := decrypt(src)
	if err != nil || !bytes.HasPrefix(data, zipMark) {
		return src, reading, stated != ""
	}
	return candor.Source{Name: src.Name, Size: int64(len(data)), ReaderAt: bytes.NewReader(data)}, candor.Reading{}, true
}

// decrypt leaves it to a library, which a damaged file may bring to a fall.
func decrypt(src candor.Source) (data []byte, err error) {
	defer func() {
		if recover() != nil {
			err = candor.Errorf(candor.Invalid, oleDamaged)
		}
	}()
	raw, err := io.ReadAll(io.NewSectionReader(src, 0, src.Size))
	if err != nil {
		return nil, err
	}
	return excelize.Decrypt(raw, &excelize.Options{Password: src.Password})
}
