package archive

import (
	"context"
	"io"
	"regexp"
	"slices"
	"strings"

	"candor"
)

var collectionPattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// reserved names are the first segments of key names that are no collection's.
var reserved = []string{"archive", "document", "coverage"}

// Collections lists the collections by name with what they hold.
func (a *Archive) Collections(_ context.Context, _ Actor) ([]CollectionInfo, error) {
	a.books.mu.RLock()
	defer a.books.mu.RUnlock()
	all := make([]CollectionInfo, 0, len(a.books.collections))
	for _, c := range a.books.collections {
		all = append(all, CollectionInfo{Name: c.Name, Title: c.Title, Created: c.Created, Totals: a.totals.of(c.Name), OCR: c.OCR})
	}
	slices.SortFunc(all, func(x, y CollectionInfo) int { return strings.Compare(x.Name, y.Name) })
	return all, nil
}

// AddCollection makes a collection with a secret of its own.
func (a *Archive) AddCollection(ctx context.Context, who Actor, name, title string) (Receipted, error) {
	if err := checkCollection(name); err != nil {
		return Receipted{}, err
	}
	if _, ok := a.books.collection(name); ok {
		return Receipted{}, candor.Errorf(candor.Conflict, "There is a collection %s already. Choose another name.", name)
	}
	work := act{kind: candor.ActChangeTerms, who: who, details: a.details(who, Details{Subject: "collection " + name})}
	done, err := a.gate.pass(ctx, work, func(ctx context.Context) (result, error) {
		return result{}, a.saveCollection(ctx, name, title)
	})
	return Receipted{Receipt: done.receipt}, err
}

// SetOCR chooses in which languages a collection's pictures are read, as of an
// addition, where an addition or an analysis does not say others. "" leaves it to
// the archive. What was read stays as it is.
func (a *Archive) SetOCR(ctx context.Context, who Actor, name, ocr string) (Receipted, error) {
	c, err := a.findCollection(name)
	if err != nil {
		return Receipted{}, err
	}
	if err := a.checkOCR(ocr); err != nil {
		return Receipted{}, err
	}
	work := act{kind: candor.ActChangeTerms, who: who, details: a.details(who, Details{Subject: "collection " + name + ", languages of its pictures"})}
	done, err := a.gate.pass(ctx, work, func(ctx context.Context) (result, error) {
		c.OCR = ocr
		if err := a.putDocument(ctx, kindCollection, name, c); err != nil {
			return result{}, err
		}
		a.books.keepCollection(c)
		return result{}, nil
	})
	return Receipted{Receipt: done.receipt}, err
}

func checkCollection(name string) error {
	if !collectionPattern.MatchString(name) || slices.Contains(reserved, name) {
		return candor.Errorf(candor.Invalid, "A collection's name has lower-case letters, digits and hyphens, at most 63, and is none of %s.", strings.Join(reserved, ", "))
	}
	return nil
}

func (a *Archive) saveCollection(ctx context.Context, name, title string) error {
	if err := checkCollection(name); err != nil {
		return err
	}
	secret := make([]byte, 32)
	if _, err := io.ReadFull(a.cfg.Rand, secret); err != nil {
		return candor.Wrap(err, candor.Unavailable, "No randomness could be had; try again.")
	}
	if strings.TrimSpace(title) == "" {
		title = name
	}
	c := candor.Collection{Name: name, Title: title, Secret: secret, Created: a.now()}
	if err := a.putDocument(ctx, kindCollection, name, c); err != nil {
		return err
	}
	a.books.keepCollection(c)
	return nil
}

// findCollection returns a collection by name, or says what to do.
func (a *Archive) findCollection(name string) (candor.Collection, error) {
	c, ok := a.books.collection(name)
	if !ok {
		return c, candor.Errorf(candor.NotFound, "There is no collection %q. See `candor collection list`, or make it with `candor collection add`.", name)
	}
	return c, nil
}
