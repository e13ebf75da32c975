package office

import (
	"encoding/xml"
	"strings"

	"candor"
	"candor/internal/extract/plain"
)

// metaNames are the properties that are kept, by their element's local name:
// Dublin Core, OPC core properties, and OpenDocument's meta.
var metaNames = map[string]string{
	"title": "doc:Title", "creator": "doc:Creator", "subject": "doc:Subject", "description": "doc:Description",
	"keywords": "doc:Keywords", "keyword": "doc:Keywords", "category": "doc:Category", "language": "doc:Language",
	"lastModifiedBy": "doc:LastModifiedBy", "created": "doc:Created", "modified": "doc:Modified", "revision": "doc:Revision",
	"initial-creator": "doc:InitialCreator", "creation-date": "doc:Created", "date": "doc:Modified", "generator": "doc:Generator",
	"Application": "doc:Generator", "Company": "doc:Company", "Pages": "doc:Pages", "Manager": "doc:Manager",
}

// meta reads a member of properties into a reading. A package without it, or
// with a damaged one, has none.
func (p *pack) meta(r *candor.Reading, member string) {
	var name string
	var value strings.Builder
	_ = p.walk(member, func(t xml.Token) error {
		switch e := t.(type) {
		case xml.StartElement:
			name = metaNames[e.Name.Local]
			value.Reset()
		case xml.CharData:
			if name != "" && value.Len() < 8<<10 {
				value.Write(e)
			}
		case xml.EndElement:
			if v := strings.TrimSpace(value.String()); name != "" && v != "" && len(r.Fields) < 200 {
				setMeta(r, name, v)
			}
			name = ""
			value.Reset()
		}
		return nil
	})
}

func setMeta(r *candor.Reading, name, v string) {
	r.Fields = append(r.Fields, candor.Field{Name: name, Value: v})
	switch name {
	case "doc:Title":
		r.Title = v
	case "doc:Creator", "doc:InitialCreator", "doc:LastModifiedBy":
		for _, p := range r.People {
			if p == v {
				return
			}
		}
		r.People = append(r.People, v)
	case "doc:Created":
		if t, ok := plain.ParseDate(v); ok {
			r.Date, r.DateFrom = t, name
		}
	case "doc:Modified":
		if t, ok := plain.ParseDate(v); ok && r.Date.IsZero() {
			r.Date, r.DateFrom = t, name
		}
	case "doc:Language":
		if len(v) == 2 || len(v) > 2 && v[2] == '-' {
			r.Language = strings.ToLower(v[:2])
		}
	}
}
