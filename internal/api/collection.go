package api

import (
	"net/http"

	"candor/internal/archive"
	"candor/internal/wire"
)

func (d *door) collectionRoutes() []route {
	return []route{
		get("collections", "/collections", "Collections and what they hold", d.listCollections),
		post("collections", "/collections", "Add a collection (administrator)", d.addCollection),
		post("collections", "/collections/{name}/ocr", "Choose the languages that its pictures are read in (administrator)", d.setOCR),
	}
}

func (d *door) listCollections(r *http.Request, who archive.Actor) (wire.Collections, error) {
	list, err := d.archive.Collections(r.Context(), who)
	return wire.Collections{Collections: each(list, func(c archive.CollectionInfo) wire.Collection {
		return wire.Collection(c)
	})}, err
}

func (d *door) setOCR(r *http.Request, who archive.Actor, in wire.CollectionOCR) (wire.Done, error) {
	done, err := d.archive.SetOCR(r.Context(), who, r.PathValue("name"), in.OCR)
	if err != nil {
		return wire.Done{}, err
	}
	return wire.Done{Receipt: encodeReceipt(done.Receipt)}, nil
}

func (d *door) addCollection(r *http.Request, who archive.Actor, in wire.NewCollection) (wire.Done, error) {
	done, err := d.archive.AddCollection(r.Context(), who, in.Name, in.Title)
	if err != nil {
		return wire.Done{}, err
	}
	return wire.Done{Receipt: encodeReceipt(done.Receipt)}, nil
}
