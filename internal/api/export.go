package api

import (
	"net/http"
	"reflect"

	"candor"
	"candor/internal/archive"
	"candor/internal/wire"
)

// maxExport bounds one export: the request must fit into a body.
const maxExport = 20_000

func (d *door) exportRoutes() []route {
	r := stream("export", http.MethodPost, "/export", "The originals of items as one zip, with a manifest and the receipt inside", "application/zip", d.export)
	r.in = reflect.TypeFor[wire.ExportRequest]()
	return []route{r}
}

// export streams. The archive writes nothing before its record is durable, so
// an error before the first byte is still a proper error; one after it breaks
// the connection, for a zip that ends early must not look whole.
func (d *door) export(w http.ResponseWriter, r *http.Request, who archive.Actor) error {
	in, err := decode[wire.ExportRequest](r)
	if err != nil {
		return err
	}
	if len(in.Items) == 0 || len(in.Items) > maxExport {
		return candor.Errorf(candor.Invalid, "Name 1 to %d items to export.", maxExport)
	}
	w.Header().Set("Content-Type", "application/zip")
	w.Header().Set("Content-Disposition", `attachment; filename="candor-export.zip"`)
	w.Header().Set("Trailer", wire.ReceiptHeader)
	out := &counted{w: w}
	proof, err := d.archive.Export(r.Context(), who, in.Purpose, in.Items, out)
	if err != nil && out.n == 0 {
		return err
	}
	if err != nil {
		d.cfg.Logger.ErrorContext(r.Context(), "export broke off", "code", candor.CodeOf(err), "bytes", out.n, "err", err)
		panic(http.ErrAbortHandler) // net/http's way of breaking the connection
	}
	setReceipt(w.Header(), proof.Index)
	return nil
}

// counted counts what has been written.
type counted struct {
	w http.ResponseWriter
	n int64
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
