package coverage_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
)

// probesOfADay are two types of probes of n accounts, one an hour each; of account 1
// the outbound ones fail.
func probesOfADay(day time.Time, n int) (all []longrun.Probe) {
	for i := range n {
		for hour := range 24 {
			for _, kind := range []longrun.ProbeType{longrun.Outbound, longrun.Inbound} {
				p := longrun.Probe{
					Type: kind, Name: fmt.Sprint("ops-", i), TS: day.Add(time.Duration(hour)*time.Hour + time.Duration(i)*time.Second),
					Result: longrun.Pass, LatencyMs: float64(100 + hour), Trigger: longrun.Scheduled,
				}
				if i == 1 && kind == longrun.Outbound {
					p.Result, p.ErrorClass = longrun.Fail, "no_ack"
				}
				all = append(all, p)
			}
		}
	}
	return all
}

// The probes of a type are counted by their names, their rate is told of the type,
// and the day's rollup gives all of it back.
func TestProbesAreCountedByTheirNames(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for _, n := range []int{4, 200} {
		d, err := coverage.NewDay(day, time.Minute, time.Time{}, day.AddDate(0, 0, 2))
		require.NoError(t, err)
		d.AddProbe(longrun.Probe{Type: longrun.Outbound, TS: day, Result: longrun.Pass, Trigger: longrun.Scheduled})
		d.AddProbe(longrun.Probe{Type: longrun.Outbound, Name: "Not A Name", TS: day, Result: longrun.Pass, Trigger: longrun.Scheduled})
		for _, p := range probesOfADay(day, n) {
			d.AddProbe(p)
		}
		r := d.Rollup()
		require.NoError(t, coverage.Check(r))
		require.Len(t, r.Probes, 2*n+2)
		require.Equal(t, longrun.NamedProbe{Type: longrun.Inbound, Name: "ops-0"}, r.Probes[0].Named(), "by type, and then by name")
		pass := 1 + 24*(n-1)
		require.InDelta(t, 100*float64(pass)/float64(pass+24), r.ProbePassRates["outbound"], 1e-9, "of the type")
		require.InDelta(t, 100, r.ProbePassRates["inbound"], 0)
		text, err := json.Marshal(r)
		require.NoError(t, err)
		require.Less(t, len(text), 900_000)
		points := 0
		for _, p := range r.Probes {
			points += len(p.Points)
			switch p.Named().String() {
			case "outbound ops-1":
				require.EqualValues(t, 24, p.Fail)
				require.Equal(t, []longrun.ClassCount{{Class: "no_ack", N: 24}}, p.Classes)
			case "outbound", "other":
				require.EqualValues(t, 1, p.Pass)
			default:
				require.EqualValues(t, 24, p.Pass, p.Named())
				require.GreaterOrEqual(t, p.Points[len(p.Points)-1].TS, day.Add(20*time.Hour), "what is left is of the whole day")
			}
		}
		require.LessOrEqual(t, points, longrun.MaxRollupPoints)
		require.EqualValues(t, 48*n+2-points, r.Truncated.Points)

		whole := longrun.DayOf(day)
		merge := coverage.NewMerge(whole, time.Minute, day.AddDate(0, 0, 2))
		require.NoError(t, merge.AddRollup(r))
		require.Equal(t, r.Probes, merge.Summary().Probes)

		// Of one account a day's results are gone: nobody rolls that up anew.
		fresh := r
		fresh.Probes = append([]longrun.ProbeTally{}, r.Probes...)
		for i := range fresh.Probes {
			if fresh.Probes[i].Named().String() == "inbound ops-2" {
				fresh.Probes = append(fresh.Probes[:i], fresh.Probes[i+1:]...)
				break
			}
		}
		fresh.Truncated.Points = 0
		for _, p := range fresh.Probes {
			fresh.Truncated.Points += p.N - int64(len(p.Points))
		}
		_, err = coverage.Revise(r, fresh)
		require.ErrorIs(t, err, coverage.ErrShrunk)
		require.ErrorContains(t, err, "inbound ops-2")
	}
}
