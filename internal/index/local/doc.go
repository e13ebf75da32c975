// Package local is the embedded search engine: words, phrases, patterns,
// facets and snippets, exact and ranked, with everything at rest sealed.
//
// # How it works
//
// An index is a list of segments, as in Lucene. A segment holds some documents
// and never changes: a dictionary (a finite state transducer of vellum) leads
// from a term to its record, which lists the documents that have it, how often
// and where; columns hold one value a document, for filters, facets, dates and
// lengths; texts are stored compressed for snippets. Documents of a segment are
// in the order of their item numbers.
//
// Put makes one or more segments in memory (build.go, occurrences.go), writes
// each as a sealed file (segment.go, seal.go), finds older versions of the same
// items and marks them deleted, and writes a commit: the list of segments with
// what is deleted of each (commit.go). The commit is renamed into place when
// everything it names is durable; that moment is when the documents are there,
// for readers and for the disk alike. A merge (merge.go) makes one segment of
// several and leaves out what is deleted. Files that the two newest commits do
// not name are removed.
//
// Search compiles a query on a snapshot of segments (plan.go, pattern.go),
// finds for each segment exactly which documents match, as lists or bit sets
// (match.go), counts them and their facets (search.go), and lets block-max
// WAND find the best of them without scoring the others (rank.go). A word is
// looked up by its stem; how words look as they stand is kept apart only where
// it differs from that.
//
// # What never breaks
//
// What Put or Delete acknowledged is there after a crash. No word, name, title
// or text stands readable in any file; a wrong key or a changed file is an
// error and not a wrong answer. A search sees all of a Put or nothing of it.
// Totals and facet counts are exact. A second process is refused.
//
// What can be seen without the key: the number, sizes and times of files, from
// which follow the number of segments and about how much text there is.
// docs/spec/index.md has the format, docs/design/index.md the reasons.
package local
