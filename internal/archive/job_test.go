package archive_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"candor"
	"candor/internal/archive"
)

// begun adds n German letters and begins a job that translates them.
func (h *house) begun(n int) (archive.Job, candor.PurposeID) {
	h.t.Helper()
	var files [][2]string
	for i := range n {
		files = append(files, [2]string{fmt.Sprintf("%03d.txt", i), fmt.Sprintf("Vertrag %d vom Hafen", i)})
	}
	h.add(files...)
	p := h.purposeFor(300, candor.ActSearch, candor.ActAnalyse)
	return h.beginJob(p), p
}

func (h *house) beginJob(p candor.PurposeID) archive.Job {
	h.t.Helper()
	ids := h.all()
	j, err := h.BeginJob(bg, h.reader, archive.AnalyseRequest{Items: append(ids, ids[0]), Purpose: p, Translate: "en"})
	must(h.t, err)
	if j.Total != int64(len(ids)) || j.Done != 0 {
		h.t.Fatalf("begun as %+v", j)
	}
	return j
}

// all names what the archive holds.
func (h *house) all() (ids []candor.ItemID) {
	h.t.Helper()
	must(h.t, h.cfg.Catalog.EachItem(bg, func(it candor.Item) error {
		ids = append(ids, it.ID)
		return nil
	}))
	return ids
}

func (h *house) job(id string) archive.Job {
	h.t.Helper()
	j, err := h.Job(bg, h.reader, id)
	must(h.t, err)
	return j
}

// analyses counts the outcomes of analyses in the log.
func (h *house) analyses(decision string) (n int) {
	for _, r := range h.records() {
		if r.Act == "analyse" && r.Phase == "outcome" && r.Decision == decision {
			n++
		}
	}
	return n
}

func TestJob(t *testing.T) {
	h, m := translating(t)
	j, p := h.begun(150)
	if n := h.analyses("allow"); n != 0 || len(m.asked) != 0 {
		t.Fatalf("beginning it made %d acts", n)
	}
	h.WorkOnJobs(bg)
	done := h.job(j.ID)
	if done.Done != 150 || done.Ended.IsZero() || done.Stopped != "" || len(done.Items) != 0 || done.Cost.Items != 150 || done.Cost.Text == 0 || done.Cost.Model != "tongue at home" {
		t.Fatalf("ended as %+v", done)
	}
	if n := h.analyses("allow"); n != 2 {
		t.Errorf("150 items took %d acts", n)
	}
	res, err := h.find(p, "contract")
	must(t, err)
	if res.Total != 150 || res.Purpose.Covered != 150 {
		t.Errorf("%d are found by their translation; the job used %d of the budget", res.Total, res.Purpose.Covered)
	}
	found := h.audit(archive.AuditRequest{Act: candor.ActAnalyse})
	for _, r := range found {
		if r.Details.Job != j.ID || r.Details.Person != "reader" || r.Record.Agent {
			t.Errorf("its details are %+v", r.Details)
		}
	}
	if found[len(found)-1].Index != done.Record {
		t.Errorf("its last record is %d, and it says %d", found[len(found)-1].Index, done.Record)
	}
	// What is passed over is told.
	again := h.beginJob(p)
	h.WorkOnJobs(bg)
	if again = h.job(again.ID); again.Done != 150 || again.Kept != 150 {
		t.Errorf("again: %+v", again)
	}
	if list, err := h.Jobs(bg, h.reader); err != nil || len(list) != 2 || list[0].ID != again.ID {
		t.Errorf("listed: %+v, %v", list, err)
	}
}

// A job goes on after the archive was closed, or its catalog made anew.
func TestJobOutlivesTheArchive(t *testing.T) {
	h, _ := translating(t)
	j, _ := h.begun(3)
	h.reopen()
	if now := h.job(j.ID); now.Total != 3 || now.Request.Translate != "en" {
		t.Fatalf("after opening again: %+v", now)
	}
	_, _, err := h.Rebuild(bg, h.admin, nil)
	must(t, err)
	h.WorkOnJobs(bg)
	if now := h.job(j.ID); now.Done != 3 || now.Ended.IsZero() {
		t.Errorf("after a rebuild: %+v", now)
	}
}

// Closing in the middle of an act loses nothing and does not end the job.
func TestJobIsBrokenOff(t *testing.T) {
	h, m := translating(t)
	j, _ := h.begun(3)
	ctx, cancel := context.WithCancel(bg)
	m.then = func() { cancel() }
	h.WorkOnJobs(ctx)
	now := h.job(j.ID)
	if now.Done == 3 || !now.Ended.IsZero() || now.Done+int64(len(now.Items)) != 3 {
		t.Fatalf("broken off: %+v", now)
	}
	m.then = nil
	h.WorkOnJobs(bg)
	if now = h.job(j.ID); now.Done != 3 || now.Ended.IsZero() {
		t.Errorf("gone on with: %+v", now)
	}
}

func TestJobIsStopped(t *testing.T) {
	h, m := translating(t)
	j, _ := h.begun(3)
	m.then = func() {
		m.then = nil
		_, err := h.StopJob(bg, h.reader, j.ID)
		must(t, err)
	}
	h.WorkOnJobs(bg)
	now := h.job(j.ID)
	if now.Done >= 3 || now.Ended.IsZero() || !strings.Contains(now.Stopped, "stopped by whoever") {
		t.Fatalf("stopped: %+v", now)
	}
	h.WorkOnJobs(bg)
	if again := h.job(j.ID); again.Done != now.Done {
		t.Error("it went on after it was stopped")
	}
}

// A model that is away is waited for; the end of the purpose is the end of the job.
func TestJobWaitsOrEnds(t *testing.T) {
	h, m := translating(t)
	j, p := h.begun(2)
	m.broken = true
	h.WorkOnJobs(bg)
	now := h.job(j.ID)
	if !now.Ended.IsZero() || !strings.Contains(now.Waiting, "cannot be reached") || len(now.Items) != 2 {
		t.Fatalf("with the model away: %+v", now)
	}
	m.broken = false
	_, _, err := h.RevokePurpose(bg, h.approver, p)
	must(t, err)
	h.WorkOnJobs(bg)
	if now = h.job(j.ID); now.Ended.IsZero() || now.Done != 0 || !strings.Contains(now.Stopped, "Refused") {
		t.Errorf("without its purpose: %+v", now)
	}
	if h.analyses("refuse") != 1 {
		t.Error("the refusal is not in the log")
	}
}

// The pace that the terms allow holds a job up, and does not end it.
func TestJobKeepsPace(t *testing.T) {
	h, _ := translating(t)
	j, p := h.begun(1)
	for range 200 {
		if _, err := h.find(p, "Vertrag"); err != nil {
			break
		}
	}
	h.WorkOnJobs(bg)
	if now := h.job(j.ID); !now.Ended.IsZero() || !strings.Contains(now.Waiting, "Wait a minute") {
		t.Fatalf("held up: %+v", now)
	}
	h.clock.move(2 * time.Minute)
	h.WorkOnJobs(bg)
	if now := h.job(j.ID); now.Done != 1 || now.Waiting != "" {
		t.Errorf("later: %+v", now)
	}
}

func TestJobsThatAreNotBegun(t *testing.T) {
	h, _ := translating(t)
	h.add([2]string{"a.txt", "Vertrag"})
	p := h.purposeTo(candor.ActSearch)
	may := h.purposeTo(candor.ActSearch, candor.ActAnalyse)
	item := h.all()
	agent := h.reader
	agent.Agent = true
	for name, c := range map[string]struct {
		who  archive.Actor
		ask  archive.AnalyseRequest
		code candor.Code
	}{
		"nothing":            {h.reader, archive.AnalyseRequest{Purpose: may}, candor.Invalid},
		"too much":           {h.reader, archive.AnalyseRequest{Purpose: may, Items: make([]candor.ItemID, 10_001)}, candor.Invalid},
		"with a password":    {h.reader, archive.AnalyseRequest{Purpose: may, Items: item, Password: "x"}, candor.Invalid},
		"an estimate":        {h.reader, archive.AnalyseRequest{Purpose: may, Items: item, Estimate: true}, candor.Invalid},
		"two things":         {h.reader, archive.AnalyseRequest{Purpose: may, Items: item, Reindex: true, Translate: "en"}, candor.Invalid},
		"by an agent":        {agent, archive.AnalyseRequest{Purpose: may, Items: item}, candor.Denied},
		"without leave":      {h.reader, archive.AnalyseRequest{Purpose: p, Items: item}, candor.Denied},
		"by another":         {h.approver, archive.AnalyseRequest{Purpose: may, Items: item}, candor.NotFound},
		"under no purpose":   {h.reader, archive.AnalyseRequest{Items: item}, candor.NotFound},
		"in an odd language": {h.reader, archive.AnalyseRequest{Purpose: may, Items: item, Translate: "Klingon"}, candor.Invalid},
	} {
		if _, err := h.BeginJob(bg, c.who, c.ask); candor.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	if list, _ := h.Jobs(bg, h.reader); len(list) != 0 {
		t.Errorf("%d were begun all the same", len(list))
	}
	j := h.beginJob(may)
	if _, err := h.Job(bg, h.approver, j.ID); candor.CodeOf(err) != candor.NotFound {
		t.Errorf("another sees it: %v", err)
	}
	if _, err := h.StopJob(bg, h.approver, j.ID); candor.CodeOf(err) != candor.NotFound {
		t.Errorf("another stops it: %v", err)
	}
	for range 49 {
		h.beginJob(may)
	}
	if _, err := h.BeginJob(bg, h.reader, archive.AnalyseRequest{Purpose: may, Items: item, Translate: "en"}); candor.CodeOf(err) != candor.TooLarge {
		t.Errorf("the 51st: %v", err)
	}
	h.WorkOnJobs(bg)
	h.beginJob(may) // the oldest that ended makes room
	if _, err := h.Job(bg, h.reader, j.ID); candor.CodeOf(err) != candor.NotFound {
		t.Errorf("the oldest is still there: %v", err)
	}
}
