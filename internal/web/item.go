package web

import (
	"bytes"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"candor"
	"candor/internal/archive"
	"candor/internal/language"
)

// Long texts are read in pieces, none of them left out: sheets are pages where
// the item has pages, else runs of lines of about this size.
const (
	sheetBytes  = 48 << 10
	sheetsAPage = 12 // pages of an item shown on one page of ours
	pageWidth   = 1100
)

type linkPage struct {
	Item    candor.ItemID
	Choices []archive.PurposeInfo
}

// itemLink is where links to an item lead. Following a link opens nothing: the
// page asks for the press of a button, which is an act.
func (s *server) itemLink(w http.ResponseWriter, v *visit) error {
	return s.show(w, v, http.StatusOK, "itemlink", "Open an item", linkPage{candor.ItemID(v.PathValue("item")), v.usable()})
}

// open performs the act and sends the browser to the view.
func (s *server) open(w http.ResponseWriter, v *visit) error {
	if err := readForm(w, v); err != nil {
		return err
	}
	purpose, err := v.purposeAsked()
	if err != nil {
		return err
	}
	item := candor.ItemID(v.PostFormValue("item"))
	opened, err := s.Archive.Open(v.Context(), v.who, archive.OpenRequest{Item: item, Purpose: purpose})
	if err != nil {
		return err
	}
	s.shown.noteOpened(opened.ID, openedItem{By: v.who.Person.ID, Item: item, Purpose: purpose})
	q := url.Values{}
	if from := v.PostFormValue("from"); from != "" {
		q.Set("from", from)
	}
	target := "/view/" + url.PathEscape(opened.ID)
	if p, err := strconv.Atoi(v.PostFormValue("page")); err == nil && p > 0 {
		q.Set("p", strconv.Itoa(p))
	}
	if len(q) > 0 {
		target += "?" + q.Encode()
	}
	return goTo(w, v, target)
}

// viewPageData is what the page of an opened item shows.
type viewPageData struct {
	View         Opened
	Tab          string
	Tabs         []tab
	From         string // the results page it was opened from
	Query        string
	Sheets       []sheet
	Translations []archive.Translation
	Tools        archive.Tools
	MayAnalyse   bool              // under the purpose that it was opened under
	Kin          map[string]string // by what it belongs to others
	Paged        bool              // the item has pages that can be drawn
	Picture      bool
	Sound        bool // a recording
	At, Last     int  // first sheet shown, number of sheets
	Previous     int  // sheet numbers; 0 when there is none
	Next         int
	Hits         int // marks in the whole text
	HitPages     []int
	NoText       bool
	Boxes        map[int]boxes // by page, where marked words stand on its picture
	Left         time.Duration
	Parent       candor.ItemID
}

// LeftSeconds is for the script, which counts down by its own clock.
func (d viewPageData) LeftSeconds() int64 { return int64(d.Left / time.Second) }

type tab struct {
	ID, Title string
	Count     int
	Here      bool
}

// sheet is one page of an item, or one run of its text.
type sheet struct {
	Number int
	Text   []passage // nothing if there is none
	Hits   int
	Raw    string          // of a page that may be typed anew
	Typed  candor.Retyping // the newest version that somebody typed; of page 0 if none
}

// passage is a piece of a sheet in one language.
type passage struct {
	Language string // ISO 639-1, "" when not known
	Told     bool   // it is not what the item is mostly in, or follows one that is not
	Text     []piece
}

// passages divides a sheet's text by its languages.
func (d *viewPageData) passages(text string, find finder) []passage {
	mostly := d.View.Item.Language
	where := language.Passages(text, mostly)
	if where == nil {
		where = []language.Passage{{At: 0, Language: mostly}}
	}
	var out []passage
	for i, w := range where {
		end := len(text)
		if i+1 < len(where) {
			end = where[i+1].At
		}
		p := passage{Language: w.Language, Told: i > 0 || w.Language != mostly, Text: find.pieces(text[w.At:end])}
		if d.Sound {
			p.Text = timed(p.Text)
		}
		if len(p.Text) > 0 {
			out = append(out, p)
		}
	}
	return out
}

// view shows an opened item. Looking on is the same act.
func (s *server) view(w http.ResponseWriter, v *visit) error {
	opened, err := s.opened(v)
	if err != nil {
		return s.viewGone(w, v, err)
	}
	data := viewPageData{View: opened, From: v.FormValue("from"), Tab: v.FormValue("tab"), Left: opened.Expires.Sub(s.Now())}
	it := opened.Item
	data.Paged = it.Pages > 0 && kindOf(it.Type).drawn
	data.Sound = candor.IsRecording(it.Type)
	data.Picture = strings.HasPrefix(it.Type, "image/") || data.Sound && slices.Contains(it.Renditions, candor.Thumbnail)
	if len(it.Places) > 0 {
		data.Parent = it.Places[0].Parent
	}
	words := s.wordsFor(v, &data)
	text, err := opened.Contents.Text(v.Context())
	if err != nil && candor.CodeOf(err) != candor.NotFound {
		return err
	}
	data.MayAnalyse, data.Kin = slices.Contains(opened.Purpose.Acts, candor.ActAnalyse), opened.Contents.Kin(text)
	data.lay(text, words, number(v.FormValue("p"), 1))
	recognised, err := opened.Contents.Words(v.Context())
	if err != nil {
		return err
	}
	data.Boxes = boxesOf(recognised, words)
	data.typed(recognised, text)
	data.Tabs = s.tabsOf(&data)
	switch data.Tab {
	case "translation":
		data.Translations, err = opened.Contents.Translations(v.Context())
	case "again":
		data.Tools = s.Archive.Tools()
	}
	if err != nil {
		return err
	}
	return s.show(w, v, http.StatusOK, "view", nameOf(it), data)
}

// typed tells of the sheets shown who typed them, and which may be typed anew:
// pages on which text was recognised.
func (d *viewPageData) typed(recognised map[int]candor.PageText, text string) {
	raw := sheetsOf(text, d.View.Item.Pages)
	for i := range d.Sheets {
		s := &d.Sheets[i]
		for _, r := range d.View.Item.Retyped {
			if r.Page == s.Number {
				s.Typed = r
			}
		}
		if _, ok := recognised[s.Number]; ok && d.MayAnalyse && s.Number <= len(raw) && len(raw) == max(d.View.Item.Pages, 1) {
			s.Raw = strings.TrimSpace(raw[s.Number-1])
		}
	}
}

// boxes are places on the picture of a page, in its pixels.
type boxes struct {
	Width, Height int
	Words         []candor.WordBox
}

// boxesOf picks, of the words that were recognised, those that are looked for.
func boxesOf(pages map[int]candor.PageText, words []string) map[int]boxes {
	find := newFinder(words)
	out := map[int]boxes{}
	for n, p := range pages {
		b := boxes{Width: p.Width, Height: p.Height}
		for _, w := range p.Words {
			if find.count(w.Text) > 0 {
				b.Words = append(b.Words, w)
			}
		}
		if len(b.Words) > 0 && b.Width > 0 && b.Height > 0 {
			out[n] = b
		}
	}
	return out
}

func (s *server) opened(v *visit) (Opened, error) {
	opened, err := s.Archive.View(v.Context(), v.who, v.PathValue("id"))
	if err == nil && opened.View == nil {
		err = candor.Errorf(candor.NotFound, "There is no such opened item for you. Open it again.")
	}
	return opened, err
}

type gonePage struct {
	Item    candor.ItemID
	Purpose candor.PurposeID
	Known   bool
}

// viewGone explains that a view has closed, and offers to open the item again.
func (s *server) viewGone(w http.ResponseWriter, v *visit, err error) error {
	if candor.CodeOf(err) != candor.NotFound {
		return err
	}
	o, ok := s.shown.openedAs(v.PathValue("id"), v.who.Person.ID)
	return s.show(w, v, http.StatusNotFound, "gone", "This view has closed", gonePage{o.Item, o.Purpose, ok})
}

// wordsFor finds which words led here: the marks on the results page from
// which the item was opened.
func (s *server) wordsFor(v *visit, data *viewPageData) []string {
	p, ok := s.shown.page(data.From, v.who.Person.ID)
	if !ok || p.Result == nil {
		data.From = ""
		return nil
	}
	data.Query = p.Request.Query
	return markedWords(p.Result.Hits)
}

// lay divides the text into sheets, marks the words, and picks what to show.
func (d *viewPageData) lay(text string, words []string, at int) {
	raw := sheetsOf(text, d.View.Item.Pages)
	d.NoText = strings.TrimSpace(text) == ""
	d.Last = max(len(raw), d.View.Item.Pages)
	find := newFinder(words)
	for i, t := range raw {
		if n := find.count(t); n > 0 {
			d.Hits += n
			d.HitPages = append(d.HitPages, i+1)
		}
	}
	step := 1
	if d.View.Item.Pages > 0 {
		step = sheetsAPage
	}
	d.At = min(max(1, at), max(1, d.Last))
	for n := d.At; n <= min(d.At+step-1, d.Last); n++ {
		var t string
		if n <= len(raw) {
			t = raw[n-1]
		}
		d.Sheets = append(d.Sheets, sheet{Number: n, Text: d.passages(t, find), Hits: find.count(t)})
	}
	if d.At > 1 {
		d.Previous = max(1, d.At-step)
	}
	if d.At+step <= d.Last {
		d.Next = d.At + step
	}
}

// sheetsOf divides a text: at form feeds where the item has pages, else at line
// ends so that no sheet is much longer than sheetBytes.
func sheetsOf(text string, pages int) []string {
	if pages > 0 {
		return strings.Split(strings.TrimSuffix(text, "\f"), "\f")
	}
	var out []string
	for len(text) > sheetBytes {
		cut := strings.LastIndexByte(text[:sheetBytes], '\n') + 1
		if cut == 0 {
			cut = runeStart(text, sheetBytes)
		}
		out = append(out, text[:cut])
		text = text[cut:]
	}
	if text != "" {
		out = append(out, text)
	}
	return out
}

func (s *server) tabsOf(d *viewPageData) []tab {
	it := d.View.Item
	tabs := []tab{{ID: "read", Title: s.pages.text("Read")}, {ID: "details", Title: s.pages.text("Details"), Count: len(it.Fields)}}
	if len(it.Parts) > 0 || d.Parent != "" {
		tabs = append(tabs, tab{ID: "parts", Title: s.pages.text("Parts"), Count: len(it.Parts)})
	}
	if len(it.Translated) > 0 {
		tabs = slices.Insert(tabs, 1, tab{ID: "translation", Title: s.pages.text("Translation")})
	}
	if d.MayAnalyse {
		tabs = append(tabs, tab{ID: "again", Title: s.pages.text("Read again")})
	}
	tabs = append(tabs, tab{ID: "places", Title: s.pages.text("Places"), Count: len(it.Places)},
		tab{ID: "record", Title: s.pages.text("Record")})
	known := false
	for i := range tabs {
		tabs[i].Here = tabs[i].ID == d.Tab
		known = known || tabs[i].Here
	}
	if !known {
		d.Tab, tabs[0].Here = "read", true
	}
	return tabs
}

// viewPage serves a page that a confined worker drew.
func (s *server) viewPage(w http.ResponseWriter, v *visit) error {
	n, err := strconv.Atoi(strings.TrimSuffix(v.PathValue("file"), ".png"))
	if err != nil || n < 1 || !strings.HasSuffix(v.PathValue("file"), ".png") {
		return candor.Errorf(candor.NotFound, "There is no such page.")
	}
	opened, err := s.opened(v)
	if err != nil {
		return err
	}
	if n > opened.Item.Pages {
		return candor.Errorf(candor.NotFound, "The item has no page of that number.")
	}
	png, err := opened.Contents.Page(v.Context(), n, pageWidth)
	if err != nil {
		return err
	}
	return sendMade(w, v, "image/png", png)
}

// viewImage serves a picture that a confined worker drew anew, in full or, where
// it cannot, small.
func (s *server) viewImage(w http.ResponseWriter, v *visit) error {
	opened, err := s.opened(v)
	if err != nil {
		return err
	}
	if png, err := opened.Contents.Page(v.Context(), 1, pageWidth); err == nil {
		return sendMade(w, v, "image/png", png)
	}
	jpeg, err := opened.Contents.Thumbnail(v.Context())
	if err != nil {
		return err
	}
	return sendMade(w, v, "image/jpeg", jpeg)
}

// sendMade serves what was made of an item anew.
func sendMade(w http.ResponseWriter, v *visit, mediaType string, data []byte) error {
	w.Header().Set("Content-Security-Policy", filePolicy)
	w.Header().Set("Content-Type", mediaType)
	http.ServeContent(w, v.Request, "", time.Time{}, bytes.NewReader(data))
	return nil
}

func (s *server) viewText(w http.ResponseWriter, v *visit) error {
	opened, err := s.opened(v)
	if err != nil {
		return err
	}
	text, err := opened.Contents.Text(v.Context())
	if err != nil {
		return err
	}
	attach(w, "text/plain; charset=utf-8", nameOf(opened.Item)+".txt")
	http.ServeContent(w, v.Request, "", time.Time{}, strings.NewReader(text))
	return nil
}

// viewOriginal hands out the bytes as received: always as a download, never
// under a type that a browser would show.
func (s *server) viewOriginal(w http.ResponseWriter, v *visit) error {
	opened, err := s.opened(v)
	if err != nil {
		return err
	}
	content, err := opened.Contents.Original(v.Context())
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }() // it was only read
	attach(w, "application/octet-stream", opened.Item.Name)
	http.ServeContent(w, v.Request, "", time.Time{}, io.NewSectionReader(content, 0, content.Size()))
	return nil
}

// attach makes an answer a download. The name is a name only: no folder, no
// control character.
func attach(w http.ResponseWriter, mediaType, name string) {
	w.Header().Set("Content-Security-Policy", filePolicy)
	w.Header().Set("Content-Type", mediaType)
	disposition := mime.FormatMediaType("attachment", map[string]string{"filename": fileName(name)})
	if disposition == "" {
		disposition = "attachment"
	}
	w.Header().Set("Content-Disposition", disposition)
}

func fileName(name string) string {
	name = path.Base(strings.ReplaceAll(name, "\\", "/"))
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || strings.ContainsRune(`"<>|:*?`, r) {
			return '_'
		}
		return r
	}, strings.ToValidUTF8(name, "_"))
	if strings.Trim(name, ". /") == "" {
		return "item"
	}
	return name
}

func nameOf(it candor.Item) string {
	if it.Title != "" {
		return it.Title
	}
	if it.Name != "" {
		return it.Name
	}
	return string(it.ID)
}

func number(text string, otherwise int) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return otherwise
	}
	return n
}
