package verify_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/internal/logtest"
	"github.com/seed-13dc028d/longwatch/longrun/verify"
)

// An incident that was over days after its own day was closed, by a leader that died
// before it closed that day again: the next leader finds it, however long it was open,
// and until then it is no fault.
func TestAnIncidentThatWasOverLateIsLoggedByTheNextLeader(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		open  time.Duration
		since int            // days since it was over
		late  int            // days that the next leader finds
		want  verify.Verdict // until then, and after it
	}{
		{name: "an hour", open: time.Hour, late: 1, want: verify.Pass},
		{name: "nine days", open: 9 * 24 * time.Hour, late: 1, want: verify.Pass},
		{name: "a month", open: evidence.LongIncident, late: 1, want: verify.Pass},
		{name: "longer, long ago", open: evidence.LongIncident + 24*time.Hour, since: 9, want: verify.CannotTell},
		{name: "nine days, long ago", open: 9 * 24 * time.Hour, since: 9, want: verify.Fail},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			days := int(c.open.Hours()/24) + 2 + c.since
			v := newLife(t, 1, 1, false, func(v *life) { v.open = nil })
			v.every, v.dirty = 6*time.Hour, map[time.Time]bool{}
			began := longrun.DayOf(v.now).To.Add(10 * time.Hour)
			for end := began.AddDate(0, 0, days); v.now.Before(end); v.now = v.now.Add(v.every) {
				v.waiting = append(v.waiting, v.now)
				v.write()
			}
			v.takeOver()
			closeAll := func(days ...time.Time) {
				for _, day := range days {
					_, err := logtest.Close(t.Context(), v.l, v.log, day, v.now, v.every, "i")
					require.NoError(t, err)
				}
			}
			for day := day0; day.Before(longrun.DayOf(v.now).From); day = day.AddDate(0, 0, 1) {
				closeAll(day)
			}
			over, sec := began.Add(c.open), c.open.Seconds()
			v.commit(v.l.SetIncident(longrun.Incident{
				IncidentID: "queue_depth_" + began.Format("20060102T150405"), Rule: "queue_depth", Severity: longrun.Warning,
				TS: began, TSStart: began, Noticed: began, TSEnd: &over, MTTRSec: &sec,
			}))
			v.row()
			before := evidenceOf(t, v.l, verify.EvidenceOptions{Now: v.now})
			require.Equal(t, c.want, before.Verdict, "until the next leader looks: %v", before.Problems)

			late, err := v.log.Late(t.Context(), v.now)
			require.NoError(t, err)
			require.Len(t, late, c.late)
			closeAll(late...)
			v.row()
			after := evidenceOf(t, v.l, verify.EvidenceOptions{Now: v.now})
			require.Equal(t, c.want, after.Verdict, after.Problems)
		})
	}
}
