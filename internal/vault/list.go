package vault

import (
	"context"
	"errors"
	"slices"
	"strings"

	"gocloud.dev/blob"

	"candor"
)

// List calls yield for each name under a prefix ("main/", "document/"), in
// order. A prefix is empty, or whole parts each with its slash, or one name.
// Names bound or deleted meanwhile may or may not be listed.
func (v *Vault) List(ctx context.Context, prefix string, yield func(candor.KeyName) error) error {
	under, err := blobPrefix(prefix)
	if err != nil {
		return err
	}
	return v.walk(ctx, under, func(o *blob.ListObject) error {
		name, ok := nameOf(o.Key)
		if !ok || (validName(prefix) && string(name) != prefix) {
			return nil // stray files are Check's to report
		}
		return yield(name)
	})
}

// walk visits the blobs under a prefix in order of their keys, holding one
// level of folders in memory at a time.
func (v *Vault) walk(ctx context.Context, prefix string, visit func(*blob.ListObject) error) error {
	level, err := v.level(ctx, prefix)
	if err != nil {
		return err
	}
	for _, o := range level {
		if o.IsDir {
			err = v.walk(ctx, o.Key, visit)
		} else {
			err = visit(o)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// level lists what stands directly under a prefix. The file driver reads a
// folder anew for each page, so pages of local folders are large.
func (v *Vault) level(ctx context.Context, prefix string) ([]*blob.ListObject, error) {
	size := 1000
	if v.dir != nil {
		size = 1 << 16
	}
	var level []*blob.ListObject
	token := blob.FirstPageToken
	for {
		if err := ctx.Err(); err != nil {
			return nil, err // the file driver does not look
		}
		page, next, err := v.bucket.ListPage(ctx, token, size, &blob.ListOptions{Prefix: prefix, Delimiter: "/"})
		if err != nil {
			return nil, fail(err, "The vault could not be listed")
		}
		level = append(level, page...)
		if token = next; len(token) == 0 {
			break
		}
	}
	slices.SortFunc(level, func(a, b *blob.ListObject) int { return strings.Compare(a.Key, b.Key) })
	return level, nil
}

// Check reads through the vault and names what is wrong: names without their
// body, bodies of the wrong length, key blobs that do not parse, files that
// are not the vault's. It opens nothing, so bytes altered within a body of the
// right length are found by reading it. It removes bodies that no name stands
// for, and what interrupted writes left, once a day old. It keeps about 60
// bytes a separate body in memory.
func (v *Vault) Check(ctx context.Context, problem func(string)) error {
	bodies, err := v.listBodies(ctx, problem)
	if err != nil {
		return err
	}
	err = v.walk(ctx, keysPrefix, func(o *blob.ListObject) error {
		name, ok := nameOf(o.Key)
		if !ok {
			return v.stray(ctx, o, problem)
		}
		return v.checkKey(ctx, name, bodies, problem)
	})
	if err != nil {
		return err
	}
	return v.sweep(ctx, bodies)
}

// foundBody is a separate body as it was listed.
type foundBody struct {
	id    string
	size  int64
	old   bool
	bound bool
}

func (v *Vault) listBodies(ctx context.Context, problem func(string)) ([]foundBody, error) {
	var bodies []foundBody
	err := v.walk(ctx, bodiesPrefix, func(o *blob.ListObject) error {
		id, ok := bodyOfKey(o.Key)
		if !ok {
			return v.stray(ctx, o, problem)
		}
		bodies = append(bodies, foundBody{id: id, size: o.Size, old: v.isOld(o)})
		return nil
	})
	return bodies, err
}

func (v *Vault) isOld(o *blob.ListObject) bool { return v.now().Sub(o.ModTime) > sweepAge }

// stray deals with a blob that stands for nothing.
func (v *Vault) stray(ctx context.Context, o *blob.ListObject, problem func(string)) error {
	if !strings.HasSuffix(o.Key, ".tmp") {
		problem("a file that is not the vault's stands under " + keysOrBodies(o.Key) + ": move it elsewhere")
		return nil
	}
	if !v.isOld(o) {
		return nil // perhaps being written
	}
	if err := v.remove(ctx, o.Key); err != nil {
		return fail(err, "What an interrupted write left could not be removed")
	}
	return nil
}

func keysOrBodies(key string) string {
	if strings.HasPrefix(key, keysPrefix) {
		return keysPrefix
	}
	return bodiesPrefix
}

func (v *Vault) checkKey(ctx context.Context, name candor.KeyName, bodies []foundBody, problem func(string)) error {
	k, err := v.readKey(ctx, name)
	switch candor.CodeOf(err) {
	case "":
	case candor.NotFound:
		return nil // deleted since it was listed
	case candor.Verification:
		problem(string(name) + ": " + candor.MessageOf(err))
		return nil
	default:
		return err
	}
	if k.body.id == "" {
		return nil
	}
	i, found := slices.BinarySearchFunc(bodies, k.body.id, func(b foundBody, id string) int { return strings.Compare(b.id, id) })
	if found {
		bodies[i].bound = true
		if bodies[i].size != k.body.size {
			problem(string(name) + ": " + k.body.mismatch(bodies[i].size))
		}
		return nil
	}
	return v.checkLateBody(ctx, name, k.body, problem)
}

// checkLateBody looks for a body that was not listed: it is missing, unless it
// was stored, or its name bound anew, since the bodies were listed.
func (v *Vault) checkLateBody(ctx context.Context, name candor.KeyName, p pointer, problem func(string)) error {
	exists, err := v.bucket.Exists(ctx, bodyKey(p.id))
	if err != nil {
		return fail(err, "The vault could not be read")
	}
	if exists {
		return nil
	}
	now, err := v.bodyOf(ctx, name)
	if err != nil {
		return err
	}
	if now == p.id {
		problem(string(name) + ": its sealed bytes are missing")
	}
	return nil
}

// sweep removes old bodies that no name stands for. Those that this vault has
// sealed and not yet bound are left, however long their sealing took.
func (v *Vault) sweep(ctx context.Context, bodies []foundBody) error {
	var errs error
	for _, b := range bodies {
		if b.bound || !b.old || v.isUnbound(b.id) {
			continue
		}
		errs = errors.Join(errs, v.remove(ctx, bodyKey(b.id)))
	}
	if errs != nil {
		return fail(errs, "Bodies that nothing stands for could not be removed")
	}
	return nil
}
