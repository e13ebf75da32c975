package api

import (
	"net/http"
	"time"

	"candor"
	"candor/internal/archive"
	"candor/internal/wire"
	"candor/receipt"
)

func (d *door) purposeRoutes() []route {
	return []route{
		get("purposes", "/purposes", "One's own purposes; for an approver those of others too; newest first", d.listPurposes),
		post("purposes", "/purposes", "Ask for a purpose", d.requestPurpose),
		get("purposes", "/purposes/{id}", "One purpose with its coverage", d.showPurpose),
		post("purposes", "/purposes/{id}/approve", "Approve a purpose that somebody else asked for (approver)", d.decide(true)),
		post("purposes", "/purposes/{id}/refuse", "Refuse a purpose that was asked for (approver)", d.decide(false)),
		post("purposes", "/purposes/{id}/revoke", "End a purpose before it expires", d.revoke),
	}
}

func (d *door) listPurposes(r *http.Request, who archive.Actor) (wire.Purposes, error) {
	list, err := d.archive.Purposes(r.Context(), who)
	return wire.Purposes{Purposes: each(list, encodePurpose)}, err
}

func (d *door) showPurpose(r *http.Request, who archive.Actor) (wire.Purpose, error) {
	p, err := d.archive.Purpose(r.Context(), who, purposeID(r))
	return encodePurpose(p), err
}

func (d *door) requestPurpose(r *http.Request, who archive.Actor, in wire.PurposeRequest) (wire.PurposeAct, error) {
	const longest = int64(100 * 365 * 24 * time.Hour / time.Second)
	if in.Coverage < 0 || in.Seconds < 0 || in.Seconds > longest {
		return wire.PurposeAct{}, candor.Errorf(candor.Invalid, "coverage and lifetime_seconds must be 0 (the terms' default) or more, and a lifetime at most 100 years.")
	}
	return purposeAct(d.archive.RequestPurpose(r.Context(), who, archive.PurposeRequest{
		Reason: in.Reason, Why: in.Why, Collections: in.Collections, Acts: in.Acts,
		Coverage: in.Coverage, Lifetime: time.Duration(in.Seconds) * time.Second, Override: in.Override,
	}))
}

func (d *door) decide(approve bool) func(*http.Request, archive.Actor, wire.Decision) (wire.PurposeAct, error) {
	return func(r *http.Request, who archive.Actor, in wire.Decision) (wire.PurposeAct, error) {
		return purposeAct(d.archive.DecidePurpose(r.Context(), who, purposeID(r), approve, in.Because))
	}
}

func (d *door) revoke(r *http.Request, who archive.Actor, _ nothing) (wire.PurposeAct, error) {
	return purposeAct(d.archive.RevokePurpose(r.Context(), who, purposeID(r)))
}

func purposeID(r *http.Request) candor.PurposeID { return candor.PurposeID(r.PathValue("id")) }

func purposeAct(p archive.PurposeInfo, proof receipt.Receipt, err error) (wire.PurposeAct, error) {
	if err != nil {
		return wire.PurposeAct{}, err
	}
	return wire.PurposeAct{Purpose: encodePurpose(p), Receipt: encodeReceipt(proof)}, nil
}

func encodePurpose(p archive.PurposeInfo) wire.Purpose { return wire.Purpose(p) }
