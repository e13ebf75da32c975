package api

import (
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"candor"
	"candor/internal/archive"
	"candor/internal/wire"
)

const (
	defaultPageWidth = 1000
	maxPageWidth     = 3000
)

func (d *door) viewRoutes() []route {
	return []route{
		post("items", "/items/{id}/open", "Open an item under a purpose", d.open),
		post("items", "/items/{id}/retype", "Type a page anew in place of what was recognised, under a purpose that allows to analyse", d.retype),
		get("items", "/views/{view}", "An opened item again; no new act", d.view),
		stream("items", http.MethodGet, "/views/{view}/original", "The item's bytes; Range is understood", "application/octet-stream", d.original),
		stream("items", http.MethodGet, "/views/{view}/text", "The text read out of the item, pages separated by form feeds", "text/plain", d.text),
		get("items", "/views/{view}/translations", "What machines made of its text in other languages", d.translations),
		get("items", "/views/{view}/retyped", "What people typed in place of recognised text, all versions", d.retyped),
		stream("items", http.MethodGet, "/views/{view}/thumbnail", "A small JPEG made by a confined worker", "image/jpeg", d.thumbnail),
		stream("items", http.MethodGet, "/views/{view}/pages/{page}", "One page as an image, drawn by a confined worker; {page} is such as 1.png", "image/png", d.page).with(
			param{name: "width", kind: "integer", doc: "pixels; 0 is 1000, at most 3000"}),
	}
}

func (d *door) open(r *http.Request, who archive.Actor, in wire.OpenRequest) (wire.View, error) {
	v, err := d.archive.Open(r.Context(), who, archive.OpenRequest{Item: candor.ItemID(r.PathValue("id")), Purpose: in.Purpose})
	return encodeView(v, err)
}

func (d *door) view(r *http.Request, who archive.Actor) (wire.View, error) {
	return encodeView(d.find(r, who))
}

func (d *door) find(r *http.Request, who archive.Actor) (*archive.View, error) {
	return d.archive.View(r.Context(), who, r.PathValue("view"))
}

func encodeView(v *archive.View, err error) (wire.View, error) {
	if err != nil {
		return wire.View{}, err
	}
	return wire.View{
		View: v.ID, Item: v.Item, Expires: v.Expires,
		Purpose: encodePurpose(v.Purpose), Receipt: encodeReceipt(v.Receipt),
	}, nil
}

// original sends the bytes as an attachment of no type, so that no browser
// ever runs a hostile file in our origin.
func (d *door) original(w http.ResponseWriter, r *http.Request, who archive.Actor) error {
	v, err := d.find(r, who)
	if err != nil {
		return err
	}
	content, err := v.Original(r.Context())
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }()
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": v.Item.Name}))
	h.Set("ETag", `"`+v.Item.SHA256+`"`)
	setReceipt(h, v.Receipt.Index)
	http.ServeContent(w, r, "", v.Item.Added, io.NewSectionReader(content, 0, content.Size()))
	return nil
}

func (d *door) text(w http.ResponseWriter, r *http.Request, who archive.Actor) error {
	v, err := d.find(r, who)
	if err != nil {
		return err
	}
	text, err := v.Text(r.Context())
	if err != nil {
		return err
	}
	send(w, v, "text/plain; charset=utf-8", []byte(text))
	return nil
}

func (d *door) translations(r *http.Request, who archive.Actor) (wire.Translations, error) {
	v, err := d.find(r, who)
	if err != nil {
		return wire.Translations{}, err
	}
	all, err := v.Translations(r.Context())
	return wire.Translations{Translations: orEmpty(each(all, func(t archive.Translation) wire.Translation { return wire.Translation(t) }))}, err
}

func (d *door) retyped(r *http.Request, who archive.Actor) (wire.RetypedPages, error) {
	v, err := d.find(r, who)
	if err != nil {
		return wire.RetypedPages{}, err
	}
	all, err := v.Retyped(r.Context())
	return wire.RetypedPages{Pages: orEmpty(each(all, func(p archive.RetypedPage) wire.RetypedPage { return wire.RetypedPage(p) }))}, err
}

func (d *door) thumbnail(w http.ResponseWriter, r *http.Request, who archive.Actor) error {
	v, err := d.find(r, who)
	if err != nil {
		return err
	}
	picture, err := v.Thumbnail(r.Context())
	if err != nil {
		return err
	}
	send(w, v, "image/jpeg", picture)
	return nil
}

func (d *door) page(w http.ResponseWriter, r *http.Request, who archive.Actor) error {
	digits, isPNG := strings.CutSuffix(r.PathValue("page"), ".png")
	n, err := strconv.Atoi(digits)
	if err != nil || !isPNG || n < 1 {
		return candor.Errorf(candor.NotFound, "Pages are named 1.png, 2.png and so on.")
	}
	width, err := intParam(r, "width", defaultPageWidth)
	if err != nil {
		return err
	}
	if width == 0 {
		width = defaultPageWidth
	}
	v, err := d.find(r, who)
	if err != nil {
		return err
	}
	picture, err := v.Page(r.Context(), n, min(width, maxPageWidth))
	if err != nil {
		return err
	}
	send(w, v, "image/png", picture)
	return nil
}

func send(w http.ResponseWriter, v *archive.View, media string, data []byte) {
	w.Header().Set("Content-Type", media)
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	setReceipt(w.Header(), v.Receipt.Index)
	_, _ = w.Write(data)
}
