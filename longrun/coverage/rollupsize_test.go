package coverage_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// The names of a day may be as long as they can, and each probe may fail with a
// class of its own: a rollup that does not fit into a document is none.
func TestARollupOfLongNamesKeepsToItsRoom(t *testing.T) {
	t.Parallel()
	day := time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC)
	d, err := coverage.NewDay(day, 30*time.Second, day, day.AddDate(0, 0, 1))
	require.NoError(t, err)
	for i := 0; i < 2880; i += 2 {
		h := longrun.Beat(day.Add(time.Duration(i)*30*time.Second), 30*time.Second)
		h.InstanceID, h.CommitHash = strings.Repeat("x", 125)+fmt.Sprint(i%400), strings.Repeat("c", 128)
		d.Add(h)
	}
	for i := range 2880 {
		kind := []longrun.ProbeType{longrun.Outbound, longrun.Inbound}[i%2]
		d.AddProbe(longrun.Probe{Type: kind, TS: day.Add(time.Duration(i/2) * time.Minute), Result: longrun.Fail, ErrorClass: strings.Repeat("e", 70) + fmt.Sprint(i)})
	}
	for i := range 400 {
		start := day.Add(time.Duration(i) * time.Second)
		d.AddIncident(longrun.Incident{IncidentID: rules.IncidentID(rules.LoggedOut, strings.Repeat("t", 200), start), Rule: rules.LoggedOut, Target: strings.Repeat("t", 200), TS: start, TSStart: start, Summary: strings.Repeat("s", 300)})
	}
	r := d.Rollup()
	require.NoError(t, coverage.Check(r))
	text, err := json.Marshal(r)
	require.NoError(t, err)
	t.Logf("%d bytes; omitted %+v", len(text), r.Truncated)
	require.Less(t, len(text), 1<<20)
	require.EqualValues(t, 400, r.IncidentsCount)
	for _, p := range r.Probes {
		classes := int64(0)
		for _, c := range p.Classes {
			classes += c.N
		}
		require.Equal(t, p.Fail, classes, "what has no room is counted as one")
	}
	digest := coverage.NewMerge(longrun.DayOf(day), 30*time.Second, r.To)
	require.NoError(t, digest.AddRollup(r))
	require.Equal(t, r.Truncated, digest.Summary().Truncated)
}
