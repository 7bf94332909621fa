package longrun_test

import (
	"math/rand/v2"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// scenario is everything that Cover is given, made from arbitrary bytes: small
// enough for an oracle, and dense in the things that go wrong. Every byte string
// is one.
type scenario struct {
	beats    []longrun.Heartbeat
	window   longrun.Window
	interval time.Duration
	now      time.Time
	runs     []longrun.Run
}

// source hands out bytes, zeros when there are no more.
type source struct{ data []byte }

func (s *source) next() int {
	if len(s.data) == 0 {
		return 0
	}
	b := s.data[0]
	s.data = s.data[1:]
	return int(b)
}

func (s *source) of(n int) int { return s.next() % n }

var intervals = []time.Duration{
	time.Minute, time.Second, 24 * time.Hour, 27 * time.Second, 675 * time.Second,
	45 * time.Second, 8 * time.Hour, 2 * time.Second, 96 * time.Second, 5 * time.Second,
}

// origins are before and at the epoch, at the ends of days and years, at a clock
// change in Bucharest, and where UnixNano does not reach.
var origins = []time.Time{
	time.Date(2025, 12, 29, 22, 14, 0, 0, time.UTC),
	time.Unix(0, 0),
	time.Date(1969, 12, 31, 23, 58, 0, 0, time.UTC),
	time.Date(1601, 2, 28, 23, 59, 0, 0, time.UTC),
	time.Date(2025, 10, 26, 3, 57, 0, 0, time.FixedZone("EEST", 3*3600)),
	time.Date(9998, 12, 31, 23, 58, 30, 0, time.UTC),
	time.Date(2400, 2, 29, 0, 0, 0, 0, time.UTC),
}

// offset is up to some forty slots and finer than one.
func (s *source) offset(interval time.Duration) time.Duration {
	slots := time.Duration(s.of(40))
	switch s.of(5) {
	case 0:
		return slots * interval
	case 1:
		return slots*interval + time.Nanosecond
	case 2:
		return (slots+1)*interval - time.Nanosecond
	default:
		return slots*interval + interval*time.Duration(s.next())/256
	}
}

func decode(data []byte) scenario {
	s := &source{data: data}
	interval := intervals[s.of(len(intervals))]
	origin := origins[s.of(len(origins))]
	in := scenario{interval: interval}
	in.window = longrun.Window{From: origin.Add(s.offset(interval)), To: origin.Add(s.offset(interval))}
	in.now = origin.Add(s.offset(interval) + time.Duration(s.of(3))*20*interval)
	switch s.of(20) {
	case 0:
		in.window.From = time.Time{}
	case 1:
		in.window.To = time.Time{}
	case 2: // as given: reversed every other time
	default:
		if in.window.To.Before(in.window.From) {
			in.window.From, in.window.To = in.window.To, in.window.From
		}
	}
	instances, commits := []string{"", "a", "b", "c"}, []string{"", "3d4adc99", "b05469d7"}
	if s.of(2) == 0 {
		return orderly(s, in, origin)
	}
	for i := range s.of(5) {
		in.runs = append(in.runs, decodeRun(s, origin, interval, instances, commits))
		in.runs[i].RunID = string(rune('a' + i))
	}
	for range s.of(48) {
		h := longrun.Heartbeat{
			TS:         origin.Add(s.offset(interval)),
			InstanceID: instances[s.of(4)], CommitHash: commits[s.of(3)],
			ChainSeq: int64(s.of(4)), Healthy: s.of(4) > 0, Late: s.of(6) == 0,
		}
		// Mostly of a process that began at one of few moments.
		if up := h.TS.Sub(origin.Add(time.Duration(s.of(3)-1) * 13 * interval)); up > 0 {
			h.UptimeSec = int64(up / time.Second)
		}
		if s.of(40) == 0 {
			h.TS = time.Time{}
		}
		in.beats = append(in.beats, h)
	}
	return in
}

// orderly is how it mostly goes: one process after the other leads, writes on
// the grid, leaves its run, and misses some beats.
func orderly(s *source, in scenario, origin time.Time) scenario {
	now := origin.Add(s.offset(in.interval) / 4)
	for range 1 + s.of(4) {
		r := longrun.Run{
			InstanceID: []string{"a", "b"}[s.of(2)], CommitHash: []string{"3d4adc99", "b05469d7"}[s.of(2)],
			TS: now, ProcessStart: now.Add(-time.Second),
		}
		for range 1 + s.of(12) {
			if s.of(6) == 0 {
				lapse := longrun.Lapse{From: now.Add(-in.interval / 2), Cause: []longrun.Cause{longrun.StoreDown, longrun.Stall, ""}[s.of(3)]}
				now = now.Add(time.Duration(s.of(5)) * in.interval)
				if lapse.To = now.Add(in.interval / 2); lapse.Cause != "" {
					r.Lapses = append(r.Lapses, lapse)
				}
			}
			h := longrun.Beat(now, in.interval)
			h.InstanceID, h.CommitHash, h.Healthy = r.InstanceID, r.CommitHash, s.of(5) > 0
			h.UptimeSec = int64(now.Sub(r.ProcessStart) / time.Second)
			in.beats = append(in.beats, h)
			now = now.Add(in.interval)
		}
		if end := now; s.of(4) > 0 {
			r.End, r.Ended = &end, []string{longrun.Stopped, longrun.Stopped, longrun.Failed, longrun.Lost}[s.of(4)]
		}
		in.runs = append(in.runs, r)
		now = now.Add(time.Duration(s.of(6)) * in.interval)
	}
	return in
}

func decodeRun(s *source, origin time.Time, interval time.Duration, instances, commits []string) longrun.Run {
	r := longrun.Run{
		InstanceID: instances[s.of(4)], CommitHash: commits[s.of(3)],
		TS:           origin.Add(time.Duration(s.of(3)-1) * 13 * interval),
		ProcessStart: origin.Add(time.Duration(s.of(3)-1)*13*interval + time.Duration(s.of(5)-2)*time.Second),
	}
	if s.of(3) > 0 {
		end := origin.Add(s.offset(interval))
		r.End, r.Ended = &end, []string{longrun.Stopped, longrun.Stopped, longrun.Failed, longrun.Lost}[s.of(4)]
	}
	for range s.of(4) {
		l := longrun.Lapse{From: origin.Add(s.offset(interval)), Cause: []longrun.Cause{longrun.StoreDown, longrun.Stall}[s.of(2)]}
		l.To = l.From.Add(s.offset(interval) - 2*interval)
		r.Lapses = append(r.Lapses, l)
	}
	return r
}

// noise is the n-th of a row of byte strings that never changes. The fuzz targets
// begin with some, so that a plain go test already meets every rule.
func noise(n int) []byte {
	rnd := rand.New(rand.NewPCG(uint64(n), 2))
	data := make([]byte, rnd.IntN(500))
	for i := range data {
		data[i] = byte(rnd.Uint32())
	}
	return data
}

// scenarios yields the first n scenarios made of noise.
func scenarios(n int) func(yield func(scenario) bool) {
	return func(yield func(scenario) bool) {
		for i := range n {
			if !yield(decode(noise(i))) {
				return
			}
		}
	}
}
