package worker

import (
	"strings"

	"candor"
	"candor/internal/extract/kind"
	"candor/internal/extract/mail"
	"candor/internal/extract/office"
	"candor/internal/extract/pack"
	"candor/internal/extract/pdf"
	"candor/internal/extract/picture"
	"candor/internal/extract/plain"
	"candor/internal/extract/pst"
	"candor/internal/extract/rows"
	"candor/internal/extract/wire"
	"candor/internal/extract/xmp"
)

const (
	notRead = "files of this type are kept but not read by this version"
	noSound = "sound and moving pictures are not looked into here: ffmpeg is not installed"
)

// readers choose a reader by what the content is.
type readers struct {
	pdf    *pdf.Engine // nil until a PDF comes
	frames picture.Frames
}

// Load loads what the readers need before the process is confined.
func Load(h wire.HelloMessage, frames picture.Frames) (Readers, error) {
	mail.UseCharsets()
	if !h.PDF {
		return &readers{frames: frames}, nil
	}
	engine, err := pdf.Load(h.Cache)
	if err != nil && h.Cache != "" { // a cache that cannot be used is no reason to read nothing
		engine, err = pdf.Load("")
	}
	return &readers{pdf: engine, frames: frames}, err
}

func (r *readers) Read(src candor.Source, l wire.Limits, say func(string), sink candor.Sink) (candor.Reading, error) {
	typ, text, err := kind.Detect(src)
	if err != nil {
		return plain.Unreadable(candor.Reading{Type: typ}, err), nil
	}
	say(typ)
	switch typ {
	case kind.Empty:
		return candor.Reading{Type: typ, Condition: candor.Done}, nil
	case kind.PDF:
		if r.pdf == nil {
			return candor.Reading{Type: typ, Condition: candor.Failed, Reason: "the PDF engine is not loaded"}, nil
		}
		return r.pdf.Read(src, sink)
	case kind.HTML:
		return plain.HTML(src, sink)
	case kind.Troff:
		return plain.Troff(src, sink)
	case kind.Mail:
		return mail.Read(src, sink)
	case kind.Mbox:
		return mail.Mbox(src, sink)
	case kind.Zip, kind.EPUB, kind.Jar:
		return pack.Zip(src, typ, sink)
	case kind.Tar:
		return pack.Tar(src, typ, sink)
	case kind.SevenZip:
		return pack.SevenZip(src, typ, sink)
	case kind.Rar:
		return pack.Rar(src, typ, sink)
	case kind.Class:
		return pack.Class(src, typ, sink)
	case kind.Cpio:
		return pack.Cpio(src, typ, sink)
	case kind.Ar:
		return pack.Ar(src, typ, sink)
	case kind.Stamped:
		return pack.Stamped(src, typ, sink)
	case kind.Plist:
		return pack.Plist(src, typ, sink)
	case kind.WARC:
		return pack.WARC(src, typ, sink)
	case kind.PKCS7:
		return pack.Signed(src, typ, sink)
	case kind.PST:
		return pst.Read(src, typ, sink)
	case kind.SQLite:
		return rows.SQLite(src, typ, sink)
	case kind.DBF:
		return rows.DBF(src, typ, sink)
	case kind.Access:
		return rows.Access(src, typ, sink)
	case kind.Gzip, kind.Bzip2, kind.XZ, kind.Zstd, kind.Zlib, kind.LZ4, kind.Snappy, kind.Compress:
		return pack.Compressed(src, typ, sink)
	}
	return r.others(src, typ, text, l, sink)
}

func (r *readers) others(src candor.Source, typ string, text bool, l wire.Limits, sink candor.Sink) (candor.Reading, error) {
	switch typ {
	case kind.DOCX:
		return office.DOCX(src, typ, sink)
	case kind.XLSX:
		return office.XLSX(src, typ, sink)
	case kind.XLSB:
		return office.XLSB(src, typ, sink)
	case kind.PPTX:
		return office.PPTX(src, typ, sink)
	case kind.RTF:
		return office.RTF(src, typ, sink)
	case kind.WordPerfect:
		return office.WordPerfect(src, typ, sink)
	case kind.XPS:
		return office.XPS(src, typ, sink)
	case kind.OneNote:
		return office.OneNote(src, typ, sink)
	case kind.XMP:
		return xmp.Read(src, typ, sink)
	case kind.DWG:
		return office.DWG(src, typ), nil
	case kind.Metafile, kind.OldMeta:
		return office.Metafile(src, typ, sink)
	case kind.CHM:
		return pack.CHM(src, typ, sink)
	case kind.TNEF:
		return office.TNEF(src, typ, sink)
	case kind.OLE, "application/msword", kind.XLS, "application/vnd.ms-powerpoint", "application/vnd.ms-outlook":
		reading, err := office.OLE(src, typ, sink)
		if err != nil || reading.Condition != candor.Encrypted {
			return reading, err
		}
		opened, refused, ok := office.Unlock(src)
		switch {
		case !ok:
			return reading, nil
		case refused.Condition != "":
			return refused, nil
		}
		return r.Read(opened, l, func(string) {}, sink)
	}
	switch {
	case strings.HasPrefix(typ, "application/vnd.oasis.opendocument."):
		return office.ODF(src, typ, sink)
	case picture.Reads(typ):
		return r.pictures(l).Read(src, typ, sink)
	case text:
		return plain.Read(src, typ, sink)
	case candor.IsRecording(typ):
		reading := candor.Reading{Type: typ, Condition: candor.Unsupported, Reason: noSound}
		xmp.Describe(&reading, xmp.AtEnds(src))
		return reading, nil
	}
	reading := candor.Reading{Type: typ, Condition: candor.Unsupported, Reason: notRead}
	xmp.Describe(&reading, xmp.Find(src)) // what many formats of pictures and print say of themselves
	return reading, nil
}

func (r *readers) pictures(l wire.Limits) picture.Reader {
	return picture.Reader{MaxPixels: l.Pixels, Frames: r.frames}
}

func (r *readers) Render(src candor.Source, l wire.Limits, page, width int) ([]byte, error) {
	typ, _, err := kind.Detect(src)
	switch {
	case err != nil:
		return nil, candor.Wrap(err, candor.Unavailable, "the file could not be read")
	case typ == kind.PDF && r.pdf != nil:
		return r.pdf.Render(src, page, width)
	case picture.Reads(typ):
		return r.pictures(l).Render(src, typ, page, width)
	}
	return nil, candor.Errorf(candor.NotSupported, "pages of this type (%s) are not drawn", typ)
}
