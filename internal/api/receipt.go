package api

import (
	"net/http"
	"strconv"

	"candor"
	"candor/internal/archive"
	"candor/internal/wire"
	"candor/receipt"
)

func (d *door) receiptRoutes() []route {
	return []route{
		get("receipts", "/receipts/{index}", "The receipt of a record under the newest checkpoint; records are public", d.receipt).anyone(),
	}
}

func (d *door) receipt(r *http.Request, _ archive.Actor) (wire.Done, error) {
	index, err := strconv.ParseInt(r.PathValue("index"), 10, 64)
	if err != nil || index < 0 {
		return wire.Done{}, candor.Errorf(candor.Invalid, "A record is named by its index in the log: a whole number, 0 or more.")
	}
	proof, err := d.archive.Receipt(r.Context(), index)
	if err != nil {
		return wire.Done{}, err
	}
	return wire.Done{Receipt: encodeReceipt(proof)}, nil
}

func encodeReceipt(r receipt.Receipt) wire.Receipt {
	return wire.Receipt{Receipt: string(r.Marshal()), Index: r.Index}
}
