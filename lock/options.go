package lock

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/store"
)

// MaxLease is the longest lease, and MaxNote the longest note in bytes.
const (
	MaxLease = 24 * time.Hour
	MaxNote  = 1024
)

const defaultLease = 2 * time.Minute

// Options are the optional settings of New. Every default that is a duration
// follows from Lease, so that setting Lease alone is enough.
type Options struct {
	// Lease is how long after its last write a silent holder keeps the lock.
	// At least about 3 s, at most MaxLease. Default: 120s.
	Lease time.Duration
	// Renew is how long after a successful commit the holder should make the
	// next, at most Lease/2. Run makes one RetryMax later if it did not. Default: Lease/2.
	Renew time.Duration
	// Margin is how long before the earliest possible end of its lease the
	// holder stops trusting it: what clocks may differ in rate over one lease.
	// At least 1s. Default: Lease/12, at least 1s.
	Margin time.Duration
	// RetryMin and RetryMax bound the pause after a failed call of the store:
	// RetryMin, twice that, then RetryMax each time, each shortened by Jitter to
	// no less than three quarters. Defaults: Lease/120, at most 1s, and Lease/24,
	// at most 5s.
	RetryMin, RetryMax time.Duration
	// Timeout is the deadline of each single call of the store, which is waited
	// for a second longer. Default: Lease/4, at most 5s.
	Timeout time.Duration
	// Poll is the longest a waiting Acquire goes without reading the row when
	// the store cannot watch it: the bound of a clean handover. Jitter shortens
	// it to no less than three quarters. Default: Lease/24, at most 5s.
	Poll time.Duration
	// InstanceID names the holder to people. It gives no right: two processes
	// of the same name are two owners. Default: a random name.
	InstanceID string
	// Witness tells a waiting instance that the holder's process is gone, so that it
	// need not wait for the lease; see store.Witness. It decides when the lock is asked
	// for, and never who gets it. NoWitness turns it off. nil means the store's own, if
	// it has one.
	Witness store.Witness
	// Clock measures the holder's trust and all waiting. It never decides when
	// another's lease has expired. nil means the wall clock.
	Clock clock.Clock
	// Logger is told of changes of state: once when the store or the row goes
	// bad, once when it is well again. nil means silence.
	Logger *slog.Logger
	// Jitter returns numbers in [0, 1) that keep many waiting instances from
	// asking at the same moment. It is called by several goroutines at once.
	// nil means math/rand/v2.
	Jitter func() float64
}

// withDefaults returns a copy of o, which may be nil, with every zero filled.
func (o *Options) withDefaults() Options {
	var out Options
	if o != nil {
		out = *o
	}
	orDefault(&out.Lease, defaultLease)
	lease := out.Lease
	if lease < 0 {
		lease = defaultLease // one mistake; the others do not follow from it
	}
	orDefault(&out.Renew, lease/2)
	orDefault(&out.Margin, max(lease/12, time.Second))
	orDefault(&out.RetryMin, min(lease/120, time.Second))
	orDefault(&out.RetryMax, min(lease/24, 5*time.Second))
	orDefault(&out.Timeout, min(lease/4, 5*time.Second))
	orDefault(&out.Poll, min(lease/24, 5*time.Second))
	if out.InstanceID == "" {
		out.InstanceID = "instance-" + nonce()
	}
	if out.Clock == nil {
		out.Clock = clock.New()
	}
	if out.Logger == nil {
		out.Logger = slog.New(slog.DiscardHandler)
	}
	out.Logger = slog.New(quiet{out.Logger.Handler()})
	if out.Jitter == nil {
		out.Jitter = rand.Float64
	}
	return out
}

func orDefault(field *time.Duration, d time.Duration) {
	if *field == 0 {
		*field = d
	}
}

// validate names every mistake at once. The relation between the durations is
// what makes the lease outlive a failed renewal: it must be retried twice and
// still end before others may take over.
func (o *Options) validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("lock: Options."+format, args...)) }
	for _, f := range []struct {
		name string
		d    time.Duration
	}{
		{"Lease", o.Lease},
		{"Renew", o.Renew},
		{"Margin", o.Margin},
		{"RetryMin", o.RetryMin},
		{"RetryMax", o.RetryMax},
		{"Timeout", o.Timeout},
		{"Poll", o.Poll},
	} {
		if f.d <= 0 {
			bad("%s: %v is not positive", f.name, f.d)
		}
	}
	if o.Lease > MaxLease {
		bad("Lease: %v is more than %v", o.Lease, MaxLease)
	}
	if o.Margin < time.Second {
		bad("Margin: %v is less than 1s", o.Margin)
	}
	if o.Lease > 0 && o.Renew > o.Lease/2 {
		bad("Renew: %v is more than half the Lease of %v", o.Renew, o.Lease)
	}
	if o.Witness != nil && spawn.Nothing(o.Witness) {
		bad("Witness: is a nil %T; leave it out for the store's own", o.Witness)
	}
	if o.RetryMin > o.RetryMax {
		bad("RetryMin: %v is more than RetryMax, %v", o.RetryMin, o.RetryMax)
	}
	most := max(o.Lease, 0) // of each, or the sum may be more than a Duration holds
	if need := min(o.Renew, most) + 3*min(o.RetryMax, most) + min(o.Margin, most); o.Lease > 0 && need >= o.Lease {
		bad("Lease: %v must be longer than Renew + 3·RetryMax + Margin, %v", o.Lease, need)
	}
	return errors.Join(errs...)
}

// trust is how long after the start of its last successful attempt a holder
// may believe that nobody else was granted the lock.
func (o *Options) trust() time.Duration { return o.Lease - o.Margin }

// retry is the pause after the n-th failure in a row, from 0.
func (o *Options) retry(n int) time.Duration {
	switch n {
	case 0:
		return o.spread(o.RetryMin)
	case 1:
		return o.spread(min(2*o.RetryMin, o.RetryMax))
	}
	return o.spread(o.RetryMax)
}

// spread shortens a pause by up to a quarter, so that many instances that met one
// outage do not come back in the same instant. It never lengthens one: what the
// durations promise of each other stands.
func (o *Options) spread(d time.Duration) time.Duration {
	return d - time.Duration(o.chance()*float64(d/4))
}

// jitter spreads waiting instances over at most lease/50, and a second.
func (o *Options) jitter() time.Duration {
	return time.Duration(o.chance() * float64(min(o.Lease/50, time.Second)))
}

// chance is what Jitter returns, which is the host's code: 0 where it panics, and
// never outside [0, 1).
func (o *Options) chance() (f float64) {
	_ = spawn.Guard("lock: Options.Jitter", func() error {
		f = o.Jitter()
		return nil
	})
	if !(f >= 0 && f < 1) { // also when it is NaN
		return 0
	}
	return f
}
