package archive

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"candor"
)

// MostOfJob bounds the items of one job.
const MostOfJob = 10_000

const (
	actOfJob   = 100 // items of one of its acts; what an act has done stays done
	mostJobs   = 50  // that a person has; the oldest that ended make room
	jobsEvery  = time.Minute
	stoppedBy  = "stopped by whoever began it"
	personGone = "whoever began it has no account any more"
)

// waitRules are of the terms that ask for time, and not for something else to be
// done: a job that they refuse goes on later.
var waitRules = []string{"acts-per-minute", "acts-per-day"}

// Job is an analysis of many items that the archive makes by itself, act after
// act, each an act of the person who began it, under its purpose and its budgets.
// It goes on after a restart, and after a crash with the act that was cut short.
type Job struct {
	ID      string          `json:"id"`
	Person  candor.PersonID `json:"person"`
	Request AnalyseRequest  `json:"request"`         // but for the items; never with a password
	Items   []candor.ItemID `json:"items,omitempty"` // that are left
	Total   int64           `json:"total"`
	Done    int64           `json:"done"`
	Kept    int64           `json:"kept,omitempty"` // of those that are done: nothing new came of them
	Cost    Cost            `json:"cost"`           // so far
	Began   time.Time       `json:"began"`
	Ended   time.Time       `json:"ended,omitzero"`
	Stopped string          `json:"stopped,omitempty"` // why it ended before all was done
	Waiting string          `json:"waiting,omitempty"` // why it does not go on right now; it is tried again
	Record  int64           `json:"record,omitempty"`  // of its last act in the log
}

// jobs holds who does what right now.
type jobs struct {
	mu     sync.Mutex
	wake   chan struct{}                 // has room for one
	cancel map[string]context.CancelFunc // of the act that a job makes
}

func newJobs() jobs {
	return jobs{wake: make(chan struct{}, 1), cancel: make(map[string]context.CancelFunc)}
}

// BeginJob has the items of an analysis read again by the archive itself, and
// returns at once. It is no act and shows nothing; each of its acts is one.
func (a *Archive) BeginJob(ctx context.Context, who Actor, r AnalyseRequest) (Job, error) {
	if err := a.checkJob(who, r); err != nil {
		return Job{}, err
	}
	if err := a.makeRoom(ctx, who.Person.ID); err != nil {
		return Job{}, err
	}
	id, err := a.newID("j-")
	if err != nil {
		return Job{}, err
	}
	j := Job{ID: id, Person: who.Person.ID, Items: distinct(r.Items), Began: a.now()}
	r.Items = nil
	j.Request, j.Total = r, int64(len(j.Items))
	if err := a.putJob(ctx, j); err != nil {
		// A half of it, if there is one, would come back with a rebuild.
		return Job{}, errors.Join(err, a.cfg.Vault.Delete(context.WithoutCancel(ctx), string(documentName(kindJob, id))))
	}
	select {
	case a.jobs.wake <- struct{}{}:
	default: // it is awake already
	}
	return j, nil
}

// checkJob refuses what could never be done.
func (a *Archive) checkJob(who Actor, r AnalyseRequest) error {
	p, ok := a.books.purpose(r.Purpose)
	switch {
	case who.Agent:
		return candor.Errorf(candor.Denied, "An AI agent begins no jobs. A person can.")
	case len(r.Items) == 0 || len(r.Items) > MostOfJob:
		return candor.Errorf(candor.Invalid, "A job has 1 to %d items; these are %d. Nothing was begun.", MostOfJob, len(r.Items))
	case r.Password != "":
		return candor.Errorf(candor.Invalid, "A password is kept nowhere, so that no job can have one. Read these items again at once, not in the background.")
	case r.Estimate:
		return candor.Errorf(candor.Invalid, "An estimate is told at once, and needs no job.")
	case !ok || p.AskedBy != who.Person.ID:
		return candor.Errorf(candor.NotFound, "There is no purpose %s of yours. A job is done under the purpose of whoever begins it.", r.Purpose)
	case p.StatusAt(a.now()) != candor.Active || !slices.Contains(p.Acts, candor.ActAnalyse):
		return candor.Errorf(candor.Denied, "Purpose %s is not in force, or does not allow to analyse. Nothing was begun. Ask for one with --act analyse.", r.Purpose)
	}
	_, err := a.analysedBy(r)
	return err
}

func distinct(ids []candor.ItemID) []candor.ItemID {
	seen := make(map[candor.ItemID]bool, len(ids))
	var out []candor.ItemID
	for _, id := range ids {
		if !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out
}

// makeRoom forgets a person's oldest jobs that ended.
func (a *Archive) makeRoom(ctx context.Context, person candor.PersonID) error {
	all := a.books.jobsOf(person)
	for i := len(all) - 1; i >= 0 && len(all) >= mostJobs; i-- { // the newest stands first
		if all[i].Ended.IsZero() {
			continue
		}
		if err := a.dropDocument(ctx, kindJob, all[i].ID); err != nil {
			return err
		}
		a.books.dropJob(all[i].ID)
		all = slices.Delete(all, i, i+1)
	}
	if len(all) >= mostJobs {
		return candor.Errorf(candor.TooLarge, "You have %d jobs under way, the most there can be. Wait for one, or stop it.", mostJobs)
	}
	return nil
}

func (a *Archive) putJob(ctx context.Context, j Job) error {
	if err := a.putDocument(ctx, kindJob, j.ID, j); err != nil {
		return err
	}
	a.books.keepJob(j)
	return nil
}

// Jobs lists the person's own, the newest first.
func (a *Archive) Jobs(_ context.Context, who Actor) ([]Job, error) {
	return a.books.jobsOf(who.Person.ID), nil
}

// Job returns one of the person's own.
func (a *Archive) Job(_ context.Context, who Actor, id string) (Job, error) {
	j, ok := a.books.job(id)
	if !ok || j.Person != who.Person.ID {
		return Job{}, candor.Errorf(candor.NotFound, "You have no job %q. See `candor jobs`.", id)
	}
	return j, nil
}

// StopJob ends a job of the person's. What was done stays done.
func (a *Archive) StopJob(ctx context.Context, who Actor, id string) (Job, error) {
	if _, err := a.Job(ctx, who, id); err != nil {
		return Job{}, err
	}
	return a.changeJob(ctx, id, func(j *Job) {
		if j.Ended.IsZero() {
			a.end(j, stoppedBy)
		}
	})
}

// changeJob changes what is kept of a job. An act of one that has ended is broken off.
func (a *Archive) changeJob(ctx context.Context, id string, change func(*Job)) (Job, error) {
	a.jobs.mu.Lock()
	defer a.jobs.mu.Unlock()
	j, ok := a.books.job(id)
	if !ok {
		return Job{}, candor.Errorf(candor.NotFound, "Job %s is gone.", id)
	}
	change(&j)
	if cancel := a.jobs.cancel[id]; cancel != nil && !j.Ended.IsZero() {
		cancel()
	}
	return j, a.putJob(context.WithoutCancel(ctx), j)
}

func (a *Archive) end(j *Job, why string) {
	j.Ended, j.Stopped, j.Waiting, j.Items = a.now(), why, "", nil
}

// RunJobs does what people have begun, until ctx ends.
func (a *Archive) RunJobs(ctx context.Context) {
	tick := time.NewTicker(jobsEvery)
	defer tick.Stop()
	for {
		a.WorkOnJobs(ctx)
		select {
		case <-ctx.Done():
			return
		case <-a.jobs.wake:
		case <-tick.C:
		}
	}
}

// WorkOnJobs works on every job until it has ended or has to wait, one act of each
// in turn, so that a small one does not stand behind a large one.
func (a *Archive) WorkOnJobs(ctx context.Context) {
	waiting := map[string]bool{}
	for went := true; went; {
		went = false
		for _, j := range a.books.openJobs() {
			if waiting[j.ID] || ctx.Err() != nil {
				continue
			}
			on, err := a.workOn(ctx, j.ID)
			if err != nil && ctx.Err() == nil {
				a.cfg.Logger.Warn("a job cannot go on; it is tried again", "in", jobsEvery, "job", j.ID, "err", err)
			}
			waiting[j.ID] = !on
			went = went || on
		}
	}
}

// workOn makes one act of a job, and tells whether another may follow at once.
func (a *Archive) workOn(ctx context.Context, id string) (on bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	j, ok := a.beginAct(id, cancel)
	if !ok {
		return false, nil
	}
	defer a.endAct(id)
	owner, ok := a.books.person(j.Person)
	if !ok {
		_, err := a.changeJob(ctx, id, func(j *Job) { a.end(j, personGone) })
		return false, err
	}
	r := j.Request
	if r.Items, err = a.nextOf(ctx, j); err != nil {
		return false, err
	}
	res, failed := a.analyse(ctx, Actor{Person: owner.Person}, r, id)
	if ctx.Err() != nil {
		failed = nil // it was stopped, or the archive closes
	}
	j, err = a.changeJob(ctx, id, func(j *Job) { a.advance(j, res, failed) })
	return err == nil && failed == nil && ctx.Err() == nil && j.Ended.IsZero(), errors.Join(err, failed)
}

func (a *Archive) beginAct(id string, cancel context.CancelFunc) (Job, bool) {
	a.jobs.mu.Lock()
	defer a.jobs.mu.Unlock()
	j, ok := a.books.job(id)
	ok = ok && j.Ended.IsZero()
	if ok {
		a.jobs.cancel[id] = cancel
	}
	return j, ok
}

func (a *Archive) endAct(id string) {
	a.jobs.mu.Lock()
	defer a.jobs.mu.Unlock()
	delete(a.jobs.cancel, id)
}

// nextOf are the items of a job's next act: one has items of one collection.
func (a *Archive) nextOf(ctx context.Context, j Job) ([]candor.ItemID, error) {
	next := j.Items[:min(len(j.Items), actOfJob)]
	var collection string
	for i, id := range next {
		it, err := a.cfg.Catalog.Item(ctx, id)
		switch {
		case candor.CodeOf(err) == candor.NotFound: // the act refuses it, or whoever began it knew of none
			continue
		case err != nil:
			return nil, err
		case collection == "":
			collection = it.Collection
		case it.Collection != collection:
			return next[:i], nil
		}
	}
	return next, nil
}

// advance enters what an act brought, or why it brought nothing.
func (a *Archive) advance(j *Job, res AnalyseResult, failed error) {
	n := min(len(res.Items), len(j.Items)) // none if it was stopped meanwhile
	if j.Ended.IsZero() {
		j.Items, j.Waiting = j.Items[n:], ""
	}
	j.Done += int64(len(res.Items))
	for _, it := range res.Items {
		if it.Kept {
			j.Kept++
		}
	}
	j.Cost.add(res.Cost)
	if len(res.Items) > 0 {
		j.Record = res.Receipt.Index
	}
	switch {
	case !j.Ended.IsZero():
	case failed == nil && len(j.Items) == 0:
		a.end(j, "")
	case failed == nil:
	case toWaitFor(failed):
		j.Waiting = candor.MessageOf(failed)
	default:
		a.end(j, candor.MessageOf(failed))
	}
}

// toWaitFor tells whether an error passes by itself, or by somebody's mending
// this machine.
func toWaitFor(err error) bool {
	if e, ok := errors.AsType[*candor.Error](err); ok && slices.Contains(waitRules, e.Rule) {
		return true
	}
	code := candor.CodeOf(err)
	return code == candor.Unavailable || code == candor.Internal
}

// job returns a job of anybody's.
func (b *books) job(id string) (Job, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	j, ok := b.jobs[id]
	return j, ok
}

// jobsOf lists a person's jobs, the newest first.
func (b *books) jobsOf(person candor.PersonID) []Job {
	out := b.jobsThat(func(j Job) bool { return j.Person == person })
	slices.Reverse(out)
	return out
}

// openJobs lists what is to be done, the oldest first.
func (b *books) openJobs() []Job {
	return b.jobsThat(func(j Job) bool { return j.Ended.IsZero() })
}

func (b *books) jobsThat(is func(Job) bool) []Job {
	b.mu.RLock()
	defer b.mu.RUnlock()
	var out []Job
	for _, j := range b.jobs {
		if is(j) {
			out = append(out, j)
		}
	}
	slices.SortFunc(out, func(a, b Job) int {
		if n := a.Began.Compare(b.Began); n != 0 {
			return n
		}
		return strings.Compare(a.ID, b.ID)
	})
	return out
}

func (b *books) keepJob(j Job) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.jobs[j.ID] = j
}

func (b *books) dropJob(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.jobs, id)
}
