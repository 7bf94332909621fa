package coverage_test

import (
	"time"

	"github.com/seed-13dc028d/longwatch/internal/drawtest"
	"github.com/seed-13dc028d/longwatch/longrun"
)

// scenario is everything that Of is given, made from arbitrary bytes: small
// enough for an oracle, and dense in the things that go wrong. Every byte string
// is one.
type scenario struct {
	beats    []longrun.Heartbeat
	window   longrun.Window
	interval time.Duration
	now      time.Time
	runs     []longrun.Run
}

func decode(data []byte) scenario {
	s := &drawtest.Source{Data: data}
	interval, from, to, now, origin := s.Window()
	in := scenario{interval: interval, window: longrun.Window{From: from, To: to}, now: now}
	instances, commits := []string{"", "a", "b", "c"}, []string{"", "3d4adc99", "b05469d7"}
	if s.Of(2) == 0 {
		return orderly(s, in, origin)
	}
	for i := range s.Of(5) {
		in.runs = append(in.runs, decodeRun(s, origin, interval, instances, commits))
		in.runs[i].RunID = string(rune('a' + i))
	}
	for range s.Of(48) {
		h := longrun.Heartbeat{
			TS:         origin.Add(s.Offset(interval)),
			InstanceID: instances[s.Of(4)], CommitHash: commits[s.Of(3)],
			ChainSeq: int64(s.Of(4)), Late: s.Of(6) == 0,
		}
		mood(s, &h)
		// Mostly of a process that began at one of few moments.
		if up := h.TS.Sub(origin.Add(time.Duration(s.Of(3)-1) * 13 * interval)); up > 0 {
			h.UptimeSec = int64(up / time.Second)
		}
		if s.Of(40) == 0 {
			h.TS = time.Time{}
		}
		in.beats = append(in.beats, h)
	}
	return in
}

// mood is how the host of a beat was; mostly it was well, and some beats do not say.
func mood(s *drawtest.Source, h *longrun.Heartbeat) {
	switch s.Of(6) {
	case 0:
	case 1:
		h.HealthUnknown = true
	default:
		h.Healthy = true
	}
}

// orderly is how it mostly goes: one process after the other leads, writes on
// the grid, leaves its run, and misses some beats.
func orderly(s *drawtest.Source, in scenario, origin time.Time) scenario {
	now := origin.Add(s.Offset(in.interval) / 4)
	epoch := int64(s.Of(3))
	for range 1 + s.Of(4) {
		epoch += int64(s.Of(2))
		r := longrun.Run{
			InstanceID: []string{"a", "b"}[s.Of(2)], CommitHash: []string{"3d4adc99", "b05469d7"}[s.Of(2)],
			TS: now, ProcessStart: now.Add(-time.Second),
		}
		for range 1 + s.Of(12) {
			if s.Of(6) == 0 {
				lapse := longrun.Lapse{From: now.Add(-in.interval / 2), Cause: []longrun.Cause{longrun.StoreDown, longrun.Stall, longrun.Unknown, ""}[s.Of(4)], ReadOnly: s.Of(4) == 0}
				now = now.Add(time.Duration(s.Of(5)) * in.interval)
				epoch += int64(s.Of(4))
				if lapse.To = now.Add(in.interval / 2); lapse.Cause != "" {
					r.Lapses = append(r.Lapses, lapse)
				}
			}
			h := longrun.Beat(now, in.interval)
			h.InstanceID, h.CommitHash = r.InstanceID, r.CommitHash
			mood(s, &h)
			h.Epoch = epoch
			h.UptimeSec = int64(now.Sub(r.ProcessStart) / time.Second)
			in.beats = append(in.beats, h)
			now = now.Add(in.interval)
		}
		if end := now; s.Of(4) > 0 {
			r.End, r.Ended = &end, []string{longrun.Stopped, longrun.Stopped, longrun.Failed, longrun.Lost}[s.Of(4)]
		}
		in.runs = append(in.runs, r)
		now = now.Add(time.Duration(s.Of(6)) * in.interval)
	}
	return in
}

func decodeRun(s *drawtest.Source, origin time.Time, interval time.Duration, instances, commits []string) longrun.Run {
	r := longrun.Run{
		InstanceID: instances[s.Of(4)], CommitHash: commits[s.Of(3)],
		TS:           origin.Add(time.Duration(s.Of(3)-1) * 13 * interval),
		ProcessStart: origin.Add(time.Duration(s.Of(3)-1)*13*interval + time.Duration(s.Of(5)-2)*time.Second),
	}
	if s.Of(3) > 0 {
		end := origin.Add(s.Offset(interval))
		r.End, r.Ended = &end, []string{longrun.Stopped, longrun.Stopped, longrun.Failed, longrun.Lost}[s.Of(4)]
	}
	for range s.Of(4) {
		l := longrun.Lapse{From: origin.Add(s.Offset(interval)), Cause: []longrun.Cause{longrun.StoreDown, longrun.Stall, longrun.Unknown}[s.Of(3)], ReadOnly: s.Of(4) == 0}
		l.To = l.From.Add(s.Offset(interval) - 2*interval)
		r.Lapses = append(r.Lapses, l)
	}
	return r
}

// scenarios yields the first n scenarios made of noise.
func scenarios(n int) func(yield func(scenario) bool) {
	return func(yield func(scenario) bool) {
		for i := range n {
			if !yield(decode(drawtest.Noise(i))) {
				return
			}
		}
	}
}
