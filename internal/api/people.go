package api

import (
	"net/http"

	"candor"
	"candor/internal/archive"
	"candor/internal/wire"
)

func (d *door) peopleRoutes() []route {
	return []route{
		get("people", "/people", "Who may act", d.listPeople),
		post("people", "/people", "Add a person (administrator)", d.addPerson),
	}
}

func (d *door) listPeople(r *http.Request, who archive.Actor) (wire.People, error) {
	list, err := d.archive.People(r.Context(), who)
	return wire.People{People: orEmpty(list)}, err
}

func (d *door) addPerson(r *http.Request, who archive.Actor, in wire.NewPerson) (wire.Done, error) {
	done, err := d.archive.AddPerson(r.Context(), who, candor.Person{ID: in.ID, Name: in.Name, Roles: in.Roles}, in.Password)
	if err != nil {
		return wire.Done{}, err
	}
	return wire.Done{Receipt: encodeReceipt(done.Receipt)}, nil
}
