package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"candor"
	"candor/internal/wire"
)

// AuditRecords calls yield for each record that the request chooses, with its
// details as they are sealed, and returns the receipt of the audit's own
// record. An error of yield ends it and is returned.
func (c *Client) AuditRecords(ctx context.Context, in wire.AuditRequest, yield func(wire.AuditRecord) error) (wire.Receipt, error) {
	body, err := encode(in)
	if err != nil {
		return wire.Receipt{}, err
	}
	res, err := c.send(ctx, http.MethodPost, "/audit/records", nil, "application/json", body)
	if err != nil {
		return wire.Receipt{}, err
	}
	defer func() { _ = res.Body.Close() }()
	dec := json.NewDecoder(bufio.NewReader(res.Body))
	for {
		var line wire.AuditLine
		err := dec.Decode(&line)
		switch {
		case errors.Is(err, io.EOF):
			return wire.Receipt{}, auditBrokeOff(nil)
		case err != nil:
			return wire.Receipt{}, auditBrokeOff(err)
		case line.Error != nil:
			return wire.Receipt{}, asError(*line.Error)
		case line.Done != nil:
			return *line.Done, nil
		case line.Record == nil:
			return wire.Receipt{}, auditBrokeOff(nil)
		}
		if err := yield(*line.Record); err != nil {
			return wire.Receipt{}, err
		}
	}
}

func auditBrokeOff(err error) error {
	return candor.Wrap(err, candor.Unavailable, "The records broke off before their end. The audit is on the record; run it again.")
}

// Review marks a record reviewed.
func (c *Client) Review(ctx context.Context, in wire.NewReview) (wire.Done, error) {
	return post[wire.Done](ctx, c, "/audit/reviews", in)
}

// DestroyDetails destroys the sealed details of acts before a time.
func (c *Client) DestroyDetails(ctx context.Context, in wire.Retention) (wire.Destroyed, error) {
	return post[wire.Destroyed](ctx, c, "/audit/destroy", in)
}
