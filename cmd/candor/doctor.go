package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"candor"
	"candor/internal/analyze/ocr"
	"candor/internal/extract"
	"candor/internal/keys"
	"candor/receipt"
)

const enoughDisk = 1 << 30 // bytes below which the doctor worries

// diagnosis is what `doctor --json` prints.
type diagnosis struct {
	OK     bool      `json:"ok"`
	Checks []symptom `json:"checks"`
}

type symptom struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

func (c *cli) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Check this machine and the folders: workers, disk, keys, clock, witnesses, versions",
		Long: `Check what Candor needs of this machine: that the workers which read hostile files
are confined, that there is room on the disk, that the keys are there and nobody
else may read them, that the clock is right, that each witness cosigns, and that the
versions fit. It opens nothing and may run beside a server. Exit code 1 says that something is wrong.`,
		Args: noArgs, Example: example("candor doctor", "candor doctor --data /srv/candor --json"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := c.diagnose(cmd.Context())
			if err := c.print(d, func(w io.Writer) { printDiagnosis(w, d) }); err != nil {
				return err
			}
			if !d.OK {
				return silent{exitFailed}
			}
			return nil
		},
	}
}

func (c *cli) diagnose(ctx context.Context) diagnosis {
	d := diagnosis{OK: true, Checks: []symptom{}}
	note := func(name, detail string, err error) {
		s := symptom{Name: name, OK: err == nil, Detail: detail}
		if err != nil {
			s.Detail, d.OK = candor.MessageOf(err), false
		}
		d.Checks = append(d.Checks, s)
	}
	note("version", fmt.Sprintf("candor %s, %s/%s, data folder format %d", versionText(), runtime.GOOS, runtime.GOARCH, candor.FormatVersion), nil)
	detail, err := confinement(ctx)
	note("workers", detail, err)
	note("pictures", recognition(), nil)
	note("recordings", recordings(c.engineConfig()), nil)
	folder, err := describeFolder(c.data)
	note("archive", fmt.Sprintf("%s, format %d, made %s", folder.Origin, folder.Format, folder.Created.Format(time.DateOnly)), err)
	detail, diskErr := freeDisk(existing(c.data))
	note("disk", detail, diskErr)
	if err == nil {
		detail, err = c.keysThere(folder.Origin)
		note("keys", detail, err)
		detail, err = private(c.data)
		note("permissions", detail, err)
		if folder.Log != "" {
			detail, err = c.lookAtSequencer(ctx, folder.Origin)
			note("log", detail, err)
		}
		detail, err = clock(ctx, logOf(c.data))
		note("clock", detail, err)
		lookAtWitnesses(ctx, c.data, note)
	}
	return d
}

func printDiagnosis(w io.Writer, d diagnosis) {
	for _, s := range d.Checks {
		mark := "ok   "
		if !s.OK {
			mark = "WRONG"
		}
		fmt.Fprintf(w, "%s  %-12s %s\n", mark, s.Name, s.Detail)
	}
}

// confinement starts a worker and asks what confines it.
func confinement(ctx context.Context) (string, error) {
	pool, err := extract.New(extract.Config{Workers: 1})
	if err != nil {
		return "", err
	}
	report, err := pool.Confinement(ctx)
	_ = pool.Close() // it has answered, and holds nothing
	if err != nil {
		return "", err
	}
	if len(report) == 0 {
		return "", candor.Errorf(candor.NotSupported, "Nothing confines the workers on this system. Add no files that you do not trust.")
	}
	text := report[0]
	for _, more := range report[1:] {
		text += "; " + more
	}
	return text, nil
}

// recognition says whether text in pictures is read here. It is no fault if not.
func recognition() string {
	e, err := ocr.New(ocr.Config{})
	if err == nil {
		err = e.Check()
	}
	if err != nil {
		return "text in pictures is not read: " + candor.MessageOf(err)
	}
	return "text in pictures is read by tesseract, in " + strings.Join(e.Languages(), ", ")
}

// recordings says what is made of sound and moving pictures here. It is no fault
// if they are only kept.
func recordings(cfg engineConfig) string {
	l, err := listener(cfg)
	switch {
	case err != nil:
		return "recordings cannot be listened to as was set up: " + candor.MessageOf(err)
	case l == nil:
		return "sound and moving pictures are kept and not looked into, and pictures of telephones (HEIC) not drawn: ffmpeg is not installed"
	case l.Name() == "":
		return "captions, tags and pictures of recordings and pictures of telephones are read by ffmpeg; what is said is not written down (see docs/recordings.md)"
	}
	return "captions, tags and pictures of recordings and pictures of telephones are read by ffmpeg; what is said is written down by " + l.Name()
}

// existing is the path, or the nearest folder above it that exists.
func existing(path string) string {
	abs, err := filepath.Abs(path)
	for err == nil && abs != filepath.Dir(abs) {
		if _, statErr := os.Stat(abs); statErr == nil {
			return abs
		}
		abs = filepath.Dir(abs)
	}
	return abs
}

func freeDisk(dir string) (string, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return "", candor.Wrap(err, candor.Unavailable, "The free space of %s cannot be found out.", dir)
	}
	free := int64(s.Bavail) * int64(s.Bsize)
	if free < enoughDisk {
		return "", candor.Errorf(candor.Unavailable, "Only %s are free where %s stands. Make room, or move the data folder.", size(free), dir)
	}
	return fmt.Sprintf("%s free where %s stands", size(free), dir), nil
}

// loadKeys reads the keys of an archive, and says where they stand.
func (c *cli) loadKeys(origin string) (k keys.Keys, dir string, err error) {
	cfg := c.engineConfig()
	if dir, err = keysDir(cfg, origin); err != nil {
		return k, "", err
	}
	k, err = keys.Load(dir, cfg.Passphrase)
	return k, dir, err
}

func (c *cli) keysThere(origin string) (string, error) {
	k, dir, err := c.loadKeys(origin)
	if err != nil {
		return "", err
	}
	if k.Origin != origin {
		return "", candor.Errorf(candor.Verification, "The keys in %s are of another archive, %s.", dir, k.Origin)
	}
	if inside(dir, c.data) {
		return "", candor.Errorf(candor.Invalid, "The keys stand inside the data folder, in %s: whoever copies the folder can open it. Move them away and say where with --config.", dir)
	}
	return "in " + dir + ", for their owner only", nil
}

func inside(dir, parent string) bool {
	a, err1 := filepath.Abs(dir)
	b, err2 := filepath.Abs(parent)
	if err1 != nil || err2 != nil {
		return false
	}
	rel, err := filepath.Rel(b, a)
	return err == nil && filepath.IsLocal(rel)
}

func private(dir string) (string, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return "", candor.Wrap(err, candor.Unavailable, "%s cannot be read.", dir)
	}
	if info.Mode().Perm()&0o022 != 0 {
		return "", candor.Errorf(candor.Invalid, "Others may write to %s. Run: chmod go-w %s", dir, dir)
	}
	return "nobody else may write to the data folder", nil
}

// clock compares this machine's clock with the newest record of the log: a
// clock behind it would make every new record a back-dated one.
func clock(ctx context.Context, log string) (string, error) {
	src, err := receipt.OpenSource(log)
	if err != nil {
		return "", candor.Wrap(err, candor.Verification, "The log cannot be read: %v.", err)
	}
	v, err := receipt.VerifyLog(ctx, src, receipt.Options{})
	if err != nil {
		return "", candor.Wrap(err, candor.Verification, "The log cannot be read: %v.", err)
	}
	now := time.Now().UTC()
	if len(v.Figures.Newest) == 0 {
		return now.Format(time.RFC3339), nil
	}
	newest := v.Figures.Newest[0].Record.When()
	if now.Before(newest) {
		return "", candor.Errorf(candor.Invalid, "The clock says %s, and the newest record of the log is from %s. Set the clock right.", now.Format(time.RFC3339), newest.Format(time.RFC3339))
	}
	return fmt.Sprintf("%s, after the newest record of the log", now.Format(time.RFC3339)), nil
}
