package silence

import (
	"time"
)

// Snapshot is what is worth keeping of a Watch beyond a restart: some 350 bytes as
// JSON.
type Snapshot struct {
	// Rates are the active minutes of each hour of the week, four for each; 255 is not
	// known.
	Rates []byte `json:"rates"`
	// Quantile is the longest usual silence, in expected active minutes.
	Quantile float32 `json:"quantile"`
	// LastJoin is the last connect that was worth a probe; the zero time where there
	// was none.
	LastJoin time.Time `json:"lastJoin"`
}

const (
	perMinute = 4
	unknown   = 255
)

// Snapshot returns what is to be kept.
func (w *Watch) Snapshot() Snapshot {
	s := Snapshot{Rates: make([]byte, hours), Quantile: w.q}
	for i, rate := range w.rates {
		s.Rates[i] = unknown
		if rate != notKnown {
			s.Rates[i] = byte(rate.minutes()*perMinute + 0.5)
		}
	}
	if w.lastJoin != 0 {
		s.LastJoin = time.Unix(0, w.lastJoin).UTC()
	}
	return s
}

// Restore takes what was kept, into a Watch that is new: how long the account was not
// watched does not count as silence. What makes no sense in it is passed over.
func (w *Watch) Restore(s Snapshot, now time.Time) {
	if len(s.Rates) == hours {
		for i, n := range s.Rates {
			if n <= 60*perMinute {
				w.rates[i] = rateOf(float64(n) / perMinute)
			} else {
				w.rates[i] = notKnown
			}
		}
	}
	if s.Quantile >= least && s.Quantile <= most {
		w.q = s.Quantile
	}
	if !s.LastJoin.IsZero() && !s.LastJoin.After(now) && now.Sub(s.LastJoin) < connectEvery {
		w.lastJoin = s.LastJoin.UnixNano()
	}
	w.begin(now.UnixNano())
}
