package pst

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"

	"github.com/klauspost/compress/zlib"

	"candor"
)

// Versions of the format ([MS-PST] 2.2.2.6): 14 and 15 hold ids of 4 bytes, 23
// of 8, and 36 pages of 4 KiB and packed blocks, as Outlook 2013 and later
// keep copies of mailboxes of servers.
const (
	versionWide = 23
	versionBig  = 36

	deepest   = 16       // levels of a B-tree
	mostBlock = 1 << 20  // blocks of one value, and nodes below one node
	mostValue = 64 << 20 // bytes of a property that is held in memory
)

var (
	errDamaged = errors.New("the mailbox is damaged")
	errLarge   = errors.New("a property is larger than 64 MiB")
)

// decode turns a byte back that was permuted (5.1 of the specification): a
// disguise, not encryption.
var decode, _ = hex.DecodeString("" +
	"47f1b4e60b6a7248854e9eebe2f89453e0bba002e85a09abdbe3bac67cc310dd39059630f53760828cc9134a6b1df3fb8f2697ca911701c4322d6e3195ffd923" +
	"d1005e79dc443b1a28c5615720903d83b943be67d2464276c06d5b7eb20f16293ca903540dda5ddff6b7c762cd8d06d3695c86d614f7a56675acb1e94521700c" +
	"879f74a4224c6fbf1f56aa2eb3783350b0a392bccf191ca763cb1e4d3e4b1b9b4fe7f0eead3ab55904ea40552551e57a893868527bfc27aed7bdfa07f4cc8e5f" +
	"ef359c842b15d5773449b6120a7f7188fd9d18417d93d8582ccefe24afdeb836c8a180a69998a82f0e816573e4c2a28ad4e111d0088b2af2ed9a643fc16cf9ec")

// le reads a number of n bytes; 0 outside of b.
func le(b []byte, at, n int) uint64 {
	if at < 0 || n < 0 || at+n > len(b) {
		return 0
	}
	var v [8]byte
	copy(v[:], b[at:at+n])
	return binary.LittleEndian.Uint64(v[:])
}

// database is the file's lowest layer: pages, blocks and two B-trees, of nodes
// (what there is) and of blocks (where it stands).
type database struct {
	src          candor.Source
	word         int // bytes of an id
	page         int // bytes of a page
	nodes, store int64
	permuted     bool
	visits       int64 // pages that each has read: a page that several point to is a bomb
}

// node is a thing in the file: its data and the nodes below it.
type node struct{ id, data, below, parent uint64 }

// kind is the type of a node, the low 5 bits of its id.
func (n node) kind() uint64 { return n.id & 0x1f }

// openDatabase reads the header.
func openDatabase(src candor.Source) (*database, error) {
	h := make([]byte, min(src.Size, 576))
	if _, err := io.ReadFull(io.NewSectionReader(src, 0, src.Size), h); err != nil {
		return nil, err
	}
	if len(h) < 576 || le(h, 8, 2) != 0x4d53 && le(h, 8, 2) != 0x4f53 {
		return nil, errDamaged
	}
	d := &database{src: src, word: 4, page: 512, nodes: int64(le(h, 188, 4)), store: int64(le(h, 196, 4))}
	method := h[461]
	if v := le(h, 10, 2); v >= versionWide {
		d.word, d.nodes, d.store, method = 8, int64(le(h, 224, 8)), int64(le(h, 240, 8)), h[513]
		if v >= versionBig {
			d.page = 4096
		}
	}
	if method > 1 {
		return nil, candor.Errorf(candor.NotSupported, "it is disguised in a way that this version does not read")
	}
	d.permuted = method == 1
	return d, nil
}

func (d *database) at(offset int64, n int) ([]byte, error) {
	if offset < 0 || offset+int64(n) > d.src.Size {
		return nil, errDamaged
	}
	b := make([]byte, n)
	if k, err := d.src.ReadAt(b, offset); k < n {
		return nil, err
	}
	return b, nil
}

// table is one page of a B-tree.
type table struct {
	b       []byte
	n, size int
	level   int
}

func (d *database) table(offset int64) (table, error) {
	b, err := d.at(offset, d.page)
	if err != nil {
		return table{}, err
	}
	t := table{b: b}
	switch {
	case d.page == 4096:
		t.n, t.size, t.level = int(le(b, 4056, 2)), int(b[4060]), int(b[4061])
	case d.word == 8:
		t.n, t.size, t.level = int(b[488]), int(b[490]), int(b[491])
	default:
		t.n, t.size, t.level = int(b[496]), int(b[498]), int(b[499])
	}
	if t.n*t.size > len(b) || t.size < 3*d.word && t.size < 2*d.word+4 || t.level > deepest {
		return table{}, errDamaged
	}
	return t, nil
}

func (t table) entry(i int) []byte { return t.b[i*t.size : (i+1)*t.size] }

// child is where the page below an entry stands.
func (d *database) child(entry []byte) int64 { return int64(le(entry, 2*d.word, d.word)) }

// find looks an entry up by its key, whose lowest bit is not compared where
// loose is set.
func (d *database) find(root int64, key uint64, loose bool) ([]byte, error) {
	var mask uint64
	if loose {
		mask = 1
	}
	for last := deepest + 1; ; {
		t, err := d.table(root)
		if err != nil || t.level >= last {
			return nil, errors.Join(errDamaged, err)
		}
		last = t.level
		found := -1
		for i := range t.n {
			if k := le(t.entry(i), 0, d.word) &^ mask; k == key&^mask || t.level > 0 && k <= key&^mask {
				found = i
			}
		}
		if found < 0 {
			return nil, errDamaged
		}
		if t.level == 0 {
			return t.entry(found), nil
		}
		root = d.child(t.entry(found))
	}
}

// each calls do with every node of the file, by ascending id.
func (d *database) each(root int64, above int, do func(node) error) error {
	t, err := d.table(root)
	if err != nil {
		return err
	}
	if d.visits++; t.level >= above || d.visits > d.src.Size/int64(d.page) {
		return errDamaged
	}
	var fault error
	for i := range t.n {
		e := t.entry(i)
		if t.level > 0 {
			err = d.each(d.child(e), t.level, do)
		} else {
			err = do(d.nodeOf(e))
		}
		if err != nil && !errors.Is(err, errDamaged) {
			return err
		}
		fault = errors.Join(fault, err) // what stands beside a damaged page is read
	}
	return fault
}

func (d *database) nodeOf(e []byte) node {
	return node{le(e, 0, 4), le(e, d.word, d.word), le(e, 2*d.word, d.word), le(e, 3*d.word, 4)}
}

func (d *database) node(id uint64) (node, error) {
	e, err := d.find(d.nodes, id, false)
	if err != nil {
		return node{}, err
	}
	return d.nodeOf(e), nil
}

// isIndex tells blocks that list other blocks from blocks of data.
func isIndex(block uint64) bool { return block&2 != 0 }

// block reads a block, unpacked and in the clear.
func (d *database) block(id uint64) ([]byte, error) {
	e, err := d.find(d.store, id, true)
	if err != nil {
		return nil, err
	}
	size := int(le(e, 2*d.word, 2))
	b, err := d.at(int64(le(e, d.word, d.word)), size)
	if err != nil {
		return nil, err
	}
	if full := int(le(e, 2*d.word+2, 2)); d.page == 4096 && full > size {
		r, err := zlib.NewReader(bytes.NewReader(b))
		if err != nil {
			return nil, errDamaged
		}
		if b, err = io.ReadAll(io.LimitReader(r, int64(full))); err != nil {
			return nil, errDamaged
		}
	}
	if d.permuted && !isIndex(id) {
		for i, c := range b {
			b[i] = decode[c]
		}
	}
	return b, nil
}

// blocks lists the blocks of data that a value consists of, in order.
func (d *database) blocks(id uint64, depth int) ([]uint64, error) {
	if id == 0 {
		return nil, nil
	}
	if !isIndex(id) {
		return []uint64{id}, nil
	}
	b, err := d.block(id)
	if err != nil || len(b) < 8 || b[0] != 1 || depth > 2 {
		return nil, errors.Join(errDamaged, err)
	}
	var all []uint64
	for i := range int(le(b, 2, 2)) {
		inner := le(b, 8+i*d.word, d.word)
		if isIndex(inner) != (b[1] > 1) {
			return nil, errDamaged
		}
		list, err := d.blocks(inner, depth+1)
		if err != nil {
			return nil, err
		}
		if all = append(all, list...); len(all) > mostBlock {
			return nil, errDamaged
		}
	}
	return all, nil
}

// value reads a value block by block.
type value struct {
	d      *database
	blocks []uint64
	left   []byte
}

func (v *value) Read(p []byte) (int, error) {
	for len(v.left) == 0 {
		if len(v.blocks) == 0 {
			return 0, io.EOF
		}
		var err error
		if v.left, err = v.d.block(v.blocks[0]); err != nil {
			return 0, err
		}
		v.blocks = v.blocks[1:]
	}
	n := copy(p, v.left)
	v.left = v.left[n:]
	return n, nil
}

func (d *database) value(id uint64) (io.Reader, error) {
	blocks, err := d.blocks(id, 0)
	return &value{d: d, blocks: blocks}, err
}

// nodesBelow lists the nodes below a node.
func (d *database) nodesBelow(id uint64, into map[uint64]node, depth int) error {
	if id == 0 {
		return nil
	}
	b, err := d.block(id)
	if err != nil || len(b) < 4 || b[0] != 2 || depth > 1 {
		return errors.Join(errDamaged, err)
	}
	start, size := d.word, 3*d.word
	if b[1] > 0 {
		size = 2 * d.word
	}
	for i := range int(le(b, 2, 2)) {
		at := start + i*size
		if at+size > len(b) || len(into) > mostBlock {
			return errDamaged
		}
		if b[1] > 0 {
			if err := d.nodesBelow(le(b, at+d.word, d.word), into, depth+1); err != nil {
				return err
			}
			continue
		}
		n := node{id: le(b, at, 4), data: le(b, at+d.word, d.word), below: le(b, at+2*d.word, d.word)}
		into[n.id] = n
	}
	return nil
}
