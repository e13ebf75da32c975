package catalog

import "context"

const (
	putDocument = `INSERT INTO documents (kind, id, data) VALUES ($1, $2, $3)
		ON CONFLICT (kind, id) DO UPDATE SET data = excluded.data`
	deleteDocument = `DELETE FROM documents WHERE kind = $1 AND id = $2`
	documentsOf    = `SELECT id, data FROM documents WHERE kind = $1`
)

// PutDocument stores a document, replacing the one with its kind and ID.
func (c *Catalog) PutDocument(ctx context.Context, kind, id string, data []byte) error {
	if data == nil {
		data = []byte{}
	}
	return c.write(ctx, "store a document", func(t *txn) error {
		return t.exec(putDocument, kind, id, data)
	})
}

// DeleteDocument removes a document. One not held is no error.
func (c *Catalog) DeleteDocument(ctx context.Context, kind, id string) error {
	return c.write(ctx, "remove a document", func(t *txn) error {
		return t.exec(deleteDocument, kind, id)
	})
}

// Documents returns all documents of a kind by ID.
func (c *Catalog) Documents(ctx context.Context, kind string) (map[string][]byte, error) {
	all := make(map[string][]byte)
	err := c.each(ctx, documentsOf, []any{kind}, func(scan func(...any) error) error {
		var id string
		var data []byte
		err := scan(&id, &data)
		all[id] = data
		return err
	})
	return all, err
}
