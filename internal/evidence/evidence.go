// Package evidence writes and checks what an auditor shows to a third party:
// one record of the log with its private details, and nothing else. The folder
// holds the record's receipt, its sealed details as they stand, and the one
// 16-byte key that opens these details and no others. docs/spec/evidence.md
// tells it file by file.
//
// What never breaks: Verify needs no secret and no server, believes nothing
// that it cannot recompute, and finds every change to every file of the folder.
package evidence

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"filippo.io/age"

	"candor"
	"candor/receipt"
)

// The files of a folder.
const (
	ReadmeFile  = "README.md"
	ReceiptFile = "record.receipt"
	SealedFile  = "details.sealed"
	KeyFile     = "file-key.txt"
	DetailsFile = "details.json"
)

const (
	keyPrefix   = "candor-evidence-key-v1 "
	fileKeySize = 16
	maxFile     = 8 << 20 // more than sealed details can have
)

// readme is the same in every folder: it claims nothing of the record.
//
//go:embed README.md
var readme []byte

// FileKey returns the key that opens one record's sealed details, and no
// others. The identity must be an auditor's; Denied if the details are sealed to
// another.
func FileKey(sealed []byte, auditor age.Identity) ([]byte, error) {
	private, _, err := receipt.SplitDetails(sealed)
	if err != nil {
		return nil, candor.Wrap(err, candor.Verification, "These sealed details are damaged.")
	}
	header, err := age.ExtractHeader(bytes.NewReader(private))
	if err != nil {
		return nil, candor.Wrap(err, candor.Verification, "These sealed details are damaged.")
	}
	key, err := age.DecryptHeader(header, auditor)
	if err != nil {
		return nil, candor.Wrap(err, candor.Denied, "These details are sealed to another auditor.")
	}
	return key, nil
}

// Write makes a new folder of evidence for one record. What it writes is
// checked first, so that nobody is handed what does not hold.
func Write(dir string, r receipt.Receipt, sealed, fileKey []byte) error {
	rec, err := receipt.ParseRecord(r.Leaf)
	if err != nil {
		return candor.Wrap(err, candor.Verification, "The record cannot be read.")
	}
	if problem := checkHash(rec, sealed); problem != "" {
		return candor.Errorf(candor.Verification, "%s Nothing was written.", problem)
	}
	details, err := open(sealed, fileKey)
	if err != nil {
		return candor.Wrap(err, candor.Verification, "The sealed details do not open with their key. Nothing was written.")
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return candor.Errorf(candor.Conflict, "%s is there already. Choose another place.", dir)
		}
		return candor.Wrap(err, candor.Unavailable, "%s cannot be made.", dir)
	}
	for name, data := range map[string][]byte{
		ReadmeFile: readme, ReceiptFile: r.Marshal(), SealedFile: sealed, KeyFile: keyText(fileKey), DetailsFile: details,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			return candor.Wrap(err, candor.Unavailable, "%s could not be written. Remove %s and try again.", name, dir)
		}
	}
	return nil
}

func keyText(key []byte) []byte {
	return []byte(keyPrefix + base64.StdEncoding.EncodeToString(key) + "\n")
}

// Is reports whether a folder looks like evidence.
func Is(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, SealedFile))
	return err == nil
}

// Finding is what checking a folder brought.
type Finding struct {
	Index      int64
	Record     receipt.Record
	Origin     string
	Size       int64 // of the log, under the receipt's checkpoint
	CosignedBy []string
	Details    []byte   // what the details say: JSON
	Problems   []string // what does not hold; empty when all does
}

// Verify checks a folder of evidence offline: the receipt against the log's
// key, the sealed details against the record, the key against the details, and
// what is written for people against what was opened. The error is for a folder
// that cannot be read; what is read and does not hold is a problem.
func Verify(dir string, t receipt.Trust) (Finding, error) {
	files, problems, err := readFolder(dir)
	if err != nil {
		return Finding{}, err
	}
	f := Finding{Problems: problems}
	f.checkReceipt(files[ReceiptFile], t)
	if len(f.Problems) == 0 {
		f.checkDetails(files)
	}
	return f, nil
}

func (f *Finding) problem(format string, args ...any) {
	f.Problems = append(f.Problems, fmt.Sprintf(format, args...))
}

func (f *Finding) checkReceipt(text []byte, t receipt.Trust) {
	r, err := receipt.Parse(text)
	if err != nil {
		f.problem("%s: %v.", ReceiptFile, err)
		return
	}
	if !bytes.Equal(r.Marshal(), text) || !strictSignatures(r.Checkpoint) {
		f.problem("%s is not as it was written.", ReceiptFile)
	}
	head, rec, err := r.VerifyCheckpoint(t)
	if err != nil {
		f.problem("The receipt does not hold: %v.", err)
		return
	}
	f.Index, f.Record, f.Origin, f.Size = r.Index, rec, head.Origin, head.Size
	if _, cosigned, err := t.OpenCheckpoint(r.Checkpoint); err == nil {
		f.CosignedBy = cosigned
	}
}

// strictSignatures reports whether the signature lines of a signed note are
// written in the one way that base64 has: note.Open is lenient in bits that
// mean nothing.
func strictSignatures(signed []byte) bool {
	for line := range strings.Lines(string(signed)) {
		rest, ok := strings.CutPrefix(line, "— ")
		if !ok {
			continue
		}
		_, b64, _ := strings.Cut(strings.TrimSuffix(rest, "\n"), " ")
		if _, err := base64.StdEncoding.Strict().DecodeString(b64); err != nil {
			return false
		}
	}
	return true
}

func (f *Finding) checkDetails(files map[string][]byte) {
	if problem := checkHash(f.Record, files[SealedFile]); problem != "" {
		f.problem("%s", problem)
		return
	}
	key, err := parseKey(files[KeyFile])
	if err != nil {
		f.problem("%s: %v.", KeyFile, err)
		return
	}
	details, err := open(files[SealedFile], key)
	if err != nil {
		f.problem("The key in %s does not open the sealed details: %v.", KeyFile, err)
		return
	}
	f.Details = details
	if !bytes.Equal(details, files[DetailsFile]) {
		f.problem("%s does not say what the sealed details say. Believe the sealed details, which are printed here.", DetailsFile)
	}
	if !bytes.Equal(readme, files[ReadmeFile]) {
		f.problem("%s is not the text that evidence comes with.", ReadmeFile)
	}
}

func checkHash(rec receipt.Record, sealed []byte) string {
	if sum := sha256.Sum256(sealed); hex.EncodeToString(sum[:]) != rec.Details {
		return "The sealed details are not those that the record names."
	}
	return ""
}

func parseKey(text []byte) ([]byte, error) {
	b64, ok := strings.CutPrefix(string(text), keyPrefix)
	key, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSuffix(b64, "\n"))
	if !ok || err != nil || len(key) != fileKeySize || !bytes.Equal(keyText(key), text) {
		return nil, errors.New("it does not hold a file key as evidence does")
	}
	return key, nil
}

// open decrypts part 1 of sealed details with its file key. The age header is
// authenticated with that key, so another key does not open it.
func open(sealed, fileKey []byte) ([]byte, error) {
	private, _, err := receipt.SplitDetails(sealed)
	if err != nil {
		return nil, err
	}
	r, err := age.Decrypt(bytes.NewReader(private), age.NewInjectedFileKeyIdentity(fileKey))
	if err != nil {
		return nil, err
	}
	plain, err := io.ReadAll(io.LimitReader(r, maxFile))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, plain, "", "  "); err != nil {
		return nil, errors.New("they are not JSON")
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// readFolder reads the five files. A file too many is a problem: it would seem
// to be covered by the check.
func readFolder(dir string) (map[string][]byte, []string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, candor.Wrap(err, candor.NotFound, "%s cannot be read.", dir)
	}
	names := []string{ReadmeFile, ReceiptFile, SealedFile, KeyFile, DetailsFile}
	var problems []string
	for _, e := range entries {
		if !slices.Contains(names, e.Name()) {
			problems = append(problems, fmt.Sprintf("%q is not part of the evidence, and nothing vouches for it.", e.Name()))
		}
	}
	files := make(map[string][]byte)
	for _, name := range names {
		data, err := readSmall(filepath.Join(dir, name))
		if err != nil {
			problems = append(problems, fmt.Sprintf("%s is missing, too large, or no file.", name))
		}
		files[name] = data
	}
	return files, problems, nil
}

func readSmall(path string) ([]byte, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxFile {
		return nil, errors.New("not a file of evidence")
	}
	return os.ReadFile(path)
}
