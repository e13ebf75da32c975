package archive

import (
	"sync"
	"time"

	"candor"
)

// rates counts recent acts: by purpose over a day, by person over a minute.
// After a restart the day's counts come back from the log; see countRecent.
type rates struct {
	mu      sync.Mutex
	days    map[candor.PurposeID][]time.Time
	minutes map[candor.PersonID][]time.Time
}

func newRates() *rates {
	return &rates{days: make(map[candor.PurposeID][]time.Time), minutes: make(map[candor.PersonID][]time.Time)}
}

func (r *rates) count(a act, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if a.purpose != nil {
		r.days[a.purpose.ID] = append(since(r.days[a.purpose.ID], now.Add(-24*time.Hour)), now)
	}
	who := a.who.Person.ID
	r.minutes[who] = append(since(r.minutes[who], now.Add(-time.Minute)), now)
}

// restore counts an act of the past under a purpose.
func (r *rates) restore(p candor.PurposeID, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.days[p] = append(r.days[p], at)
}

func (r *rates) today(p candor.PurposeID, now time.Time) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.days[p] = since(r.days[p], now.Add(-24*time.Hour))
	return int64(len(r.days[p]))
}

func (r *rates) minute(who candor.PersonID, now time.Time) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.minutes[who] = since(r.minutes[who], now.Add(-time.Minute))
	return int64(len(r.minutes[who]))
}

// since drops the times before start from a list in order of time.
func since(times []time.Time, start time.Time) []time.Time {
	for len(times) > 0 && times[0].Before(start) {
		times = times[1:]
	}
	return times
}
