package evidence_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun/evidence"
)

func restored() evidence.Restore {
	at := time.Date(2026, 1, 3, 9, 30, 0, 0, time.UTC)
	return evidence.Restore{
		RestoreID: evidence.RestoreID(at), TS: at, By: "longctl host", Why: "the disk failed", Tree: "wa_metrics/longrun", Size: 1445,
		Head: "1440 " + strings.Repeat("ab", 32), LastBeat: at.AddDate(0, 0, -2),
		LostSize: 4335, LostRoot: "N2PFxSJYUNC2hnFM39Ey5hiuRKVplVh0tWbYnposqXc=", LostHead: "4400 " + strings.Repeat("cd", 32),
	}
}

func ExampleRestore() {
	fmt.Println(restored())
	// Output: "longctl host" declared at 2026-01-03T09:30:00Z that a backup was restored ("the disk failed"): the history went back to the beat of 2026-01-01T09:30:00Z, and what came behind is lost, up to then: at least leaves 1446 to 4335 of the log, and beats number 1441 to 4400
}

// A declaration by which nothing is lost, or that does not say why, is none; and every
// field of it is in what is logged.
func TestADeclaredRestoreSaysWhatIsLost(t *testing.T) {
	t.Parallel()
	require.NoError(t, restored().Validate())
	leaf := evidence.RestoreLine("a", restored()).Leaf
	seen := map[any]string{leaf: "itself"}
	for field, change := range map[string]func(*evidence.Restore){
		"restoreId":    func(r *evidence.Restore) { r.RestoreID += "x" },
		"restoreId ts": func(r *evidence.Restore) { r.TS = r.TS.Add(time.Hour) },
		"why":          func(r *evidence.Restore) { r.Why = " " },
		"why long":     func(r *evidence.Restore) { r.Why = strings.Repeat("x", evidence.MaxWhy+1) },
		"head":         func(r *evidence.Restore) { r.Head = "no head" },
		"lostHead":     func(r *evidence.Restore) { r.LostHead = "no head" },
		"lostRoot":     func(r *evidence.Restore) { r.LostRoot = "" },
		"size":         func(r *evidence.Restore) { r.Size = -1 },
		"lostSize":     func(r *evidence.Restore) { r.LostSize, r.LostHead = r.Size, r.Head },
	} {
		r := restored()
		change(&r)
		name, _, _ := strings.Cut(field, " ")
		require.ErrorContains(t, r.Validate(), name, field)
		other := evidence.RestoreLine("a", r).Leaf
		require.Empty(t, seen[other], field)
		seen[other] = field
	}
	heads := restored()
	heads.LostSize, heads.LostRoot = 0, ""
	require.NoError(t, heads.Validate(), "heads alone tell of lost beats")
	require.EqualValues(t, 2960, heads.Beats())
	require.Zero(t, heads.Leaves())
}
