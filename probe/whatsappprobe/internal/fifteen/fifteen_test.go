package fifteen_test

import (
	"cmp"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
)

var update = flag.Bool("update", false, "write testdata/fifteen.md anew")

// TestTheFifteen is the table: what is told of each of the fifteen failure modes, when,
// and that nothing else is. It prints the table, which stands in testdata/fifteen.md. An
// ordinary run lives through a third of the modes, all with -long.
func TestTheFifteen(t *testing.T) {
	all := modes()
	rows := make([]row, len(all))
	t.Run("modes", func(t *testing.T) { //nolint:paralleltest // the table waits for them
		for n, i := range longestFirst(all) {
			if seedtest.Skips(n+2) && !*update { // not the longest
				continue
			}
			t.Run(all[i].name, func(t *testing.T) {
				if !all[i].alone {
					t.Parallel()
				}
				synctest.Test(t, func(t *testing.T) { rows[i] = live(t, &all[i]) })
			})
		}
	})
	golden := filepath.Join("testdata", "fifteen.md")
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(page(rows)), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	lived := slices.DeleteFunc(slices.Clone(rows), func(r row) bool { return r.told.at.IsZero() })
	t.Log("\n" + table(lived))
	for _, r := range lived {
		require.Contains(t, string(want), r.line(), "go test ./probe/whatsappprobe/internal/fifteen -update writes it anew")
		require.Contains(t, string(want), r.messages(), "go test ./probe/whatsappprobe/internal/fifteen -update writes it anew")
	}
	if len(lived) < len(rows) {
		return // a part of them was asked for, or failed
	}
	got := page(rows)
	require.Equal(t, string(want), got, "go test ./probe/whatsappprobe/internal/fifteen -update writes it anew")
}

// longestFirst are the places of the modes; of those beside each other the longest
// begins first, or all wait for it.
func longestFirst(all []mode) []int {
	places := make([]int, len(all))
	for i := range all {
		places[i] = i
	}
	slices.SortStableFunc(places, func(i, j int) int { return cmp.Compare(all[j].lasts, all[i].lasts) })
	return places
}

// live lives through a mode: an hour in which all is well, the fault, its end.
func live(t *testing.T, m *mode) row {
	s := open(t, m)
	halfPast(cmp.Or(m.quiet, 70*time.Minute))
	require.Empty(t, s.inbox.all(), "all is well, and somebody was told otherwise")

	began := time.Now()
	m.fail(s)
	told, ok := s.inbox.await(alert.Firing, m.rule, began.Add(m.most))
	require.True(t, ok, "%s is not told within %v, but %v", m.rule, m.most, s.inbox.titles())
	time.Sleep(time.Until(began.Add(cmp.Or(m.lasts, 3*time.Hour))))
	if !m.passes {
		require.Zero(t, s.inbox.count(alert.Resolved, m.rule), "it is told as over, and goes on")
	}

	mended := time.Now()
	if m.mend != nil {
		m.mend(s)
	} else {
		s.Heal()
	}
	over, ok := s.inbox.await(alert.Resolved, m.rule, mended.Add(cmp.Or(m.over, 70*time.Minute)))
	require.True(t, ok, "its end is not told, but %v", s.inbox.titles())
	time.Sleep(150 * time.Minute)
	synctest.Wait()

	checkFiring(t, m, told)
	checkTold(t, s, m)
	checkOver(t, s)
	return row{mode: m, told: told, over: over, after: told.at.Sub(began)}
}

// checkFiring holds a message against what a person needs at three in the morning.
func checkFiring(t *testing.T, m *mode, told mail) {
	t.Helper()
	text := told.Text()
	require.Contains(t, text, "[FIRING] acme-whatsapp: "+string(m.rule), "whose trouble it is")
	require.NotEmpty(t, told.Severity)
	require.False(t, told.Since.IsZero())
	require.NotEmpty(t, told.LookAt)
	require.NotEmpty(t, told.IncidentID)
	if m.rule != "memory_growth" {
		require.Regexp(t, `support|49\*{8}0[12]`, told.Summary+told.Target, "which account")
	}
	if m.class != "" {
		require.Contains(t, told.Summary, "the last one with "+m.class)
	}
}

// checkTold requires that one message began it, one ended it, and that no other trouble
// was told.
func checkTold(t *testing.T, s *site, m *mode) {
	t.Helper()
	want := []string{"firing " + string(m.rule), "resolved " + string(m.rule)}
	for _, r := range m.also {
		want = append(want, "firing "+string(r), "resolved "+string(r))
	}
	var got []string
	for _, told := range s.inbox.all() {
		require.NotRegexp(t, `\d{7}`, told.Summary+told.Target+told.Cause, "a number")
		if told.Kind != alert.Reminder {
			got = append(got, string(told.Kind)+" "+told.Rule)
		} else {
			require.Contains(t, want, "firing "+told.Rule, "it reminds of something else")
		}
	}
	require.ElementsMatch(t, want, got)
}

// checkOver requires that no incident is open at the end.
func checkOver(t *testing.T, s *site) {
	t.Helper()
	book, err := ledger.New(s.store, "")
	require.NoError(t, err)
	n := 0
	for e, err := range book.Incidents(t.Context(), ledger.Page{}) {
		require.NoError(t, err)
		require.NotNil(t, e.Value.TSEnd, "%s %s is open", e.Value.Rule, e.Value.Target)
		n++
	}
	require.Positive(t, n)
}
