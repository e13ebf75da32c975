package api

import (
	"encoding/json"
	"net/http"
	"reflect"
	"regexp"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"candor"
	"candor/internal/wire"
)

var wildcard = regexp.MustCompile(`\{([a-z]+)\}`)

// describe makes the OpenAPI 3.1 document of a table of routes. Schemas come
// from the Go types of package wire by reflection.
func describe(version string, routes []route) ([]byte, error) {
	schemas := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	doc := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title:   "Candor",
			Version: version,
			Description: "An archive you can search, but not search in secret. Every act is answered with the receipt of its " +
				"record in the transparency log: in the field receipt, and as an index in the header " + wire.ReceiptHeader + ".",
		},
		Servers: []*huma.Server{{URL: wire.Prefix}},
		Paths:   map[string]*huma.PathItem{},
		Components: &huma.Components{
			Schemas:         schemas,
			SecuritySchemes: map[string]*huma.SecurityScheme{"bearer": {Type: "http", Scheme: "bearer"}},
		},
	}
	for _, r := range routes {
		item := doc.Paths[r.path]
		if item == nil {
			item = &huma.PathItem{}
			doc.Paths[r.path] = item
		}
		if err := place(item, r, operation(schemas, r)); err != nil {
			return nil, err
		}
	}
	data, err := json.MarshalIndent(doc, "", " ")
	if err != nil {
		return nil, candor.Wrap(err, candor.Internal, "The OpenAPI document could not be made.")
	}
	return data, nil
}

func place(item *huma.PathItem, r route, op *huma.Operation) error {
	switch r.method {
	case http.MethodGet:
		item.Get = op
	case http.MethodPost:
		item.Post = op
	case http.MethodPut:
		item.Put = op
	case http.MethodDelete:
		item.Delete = op
	default:
		return candor.Errorf(candor.Internal, "The OpenAPI document knows no method %s.", r.method)
	}
	return nil
}

func operation(schemas huma.Registry, r route) *huma.Operation {
	op := &huma.Operation{
		OperationID: operationID(r),
		Summary:     r.summary,
		Tags:        []string{r.tag},
		Parameters:  parameters(r),
		Responses: map[string]*huma.Response{
			"200": success(schemas, r),
			"default": {
				Description: "An error, with a code from a closed list",
				Content:     content(schemas, jsonType, reflect.TypeFor[wire.Error]()),
			},
		},
	}
	if r.answer == "" {
		op.Responses["204"] = &huma.Response{Description: "Done"}
		delete(op.Responses, "200")
	}
	if !r.public {
		op.Security = []map[string][]string{{"bearer": {}}}
	}
	if r.request != "" {
		op.RequestBody = &huma.RequestBody{Required: true, Content: content(schemas, r.request, nil)}
	} else if r.in != nil && r.in != reflect.TypeFor[nothing]() {
		op.RequestBody = &huma.RequestBody{Required: !mayBeEmpty(r.in), Content: content(schemas, jsonType, r.in)}
	}
	return op
}

func success(schemas huma.Registry, r route) *huma.Response {
	res := &huma.Response{Description: "Done", Content: content(schemas, r.answer, r.out)}
	if r.out != nil && r.out.Implements(reflect.TypeFor[interface{ RecordIndex() int64 }]()) {
		res.Headers = map[string]*huma.Param{wire.ReceiptHeader: {
			Description: "the act's place in the log", Schema: &huma.Schema{Type: huma.TypeInteger},
		}}
	}
	return res
}

func content(schemas huma.Registry, media string, t reflect.Type) map[string]*huma.MediaType {
	if t == nil {
		return map[string]*huma.MediaType{media: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}
	}
	return map[string]*huma.MediaType{media: {Schema: schemas.Schema(t, true, t.Name())}}
}

func parameters(r route) []*huma.Param {
	var out []*huma.Param
	for _, m := range wildcard.FindAllStringSubmatch(r.path, -1) {
		out = append(out, &huma.Param{Name: m[1], In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}})
	}
	for _, p := range r.params {
		out = append(out, &huma.Param{
			Name: p.name, In: "query", Required: p.required, Description: p.doc, Schema: &huma.Schema{Type: p.kind},
		})
	}
	return out
}

// operationID is the method and the path's words, such as post-items-id-open.
func operationID(r route) string {
	words := strings.FieldsFunc(r.path, func(c rune) bool { return strings.ContainsRune("/{}", c) })
	return strings.ToLower(r.method) + "-" + strings.Join(words, "-")
}
