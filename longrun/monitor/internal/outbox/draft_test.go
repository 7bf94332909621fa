package outbox_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/outbox"
	"github.com/seed-13dc028d/longwatch/store"
)

// What was noted first is written first, each document once, as it was noted last; and
// what belongs to one key goes into one commit.
func TestADraftKeepsTheOrderInWhichThingsWereNoted(t *testing.T) {
	t.Parallel()
	for seed := range seedtest.Histories(60) {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, nil)
			rng := rand.New(rand.NewPCG(uint64(seed), 1))
			var keys []outbox.Key
			noted := map[outbox.Key][]store.Key{}
			last := map[store.Key]int{}
			for n := range 1 + rng.IntN(2000) {
				key := outbox.Key{Rule: longrun.RuleID(fmt.Sprint("rule-", rng.IntN(40)))}
				doc := store.Key{Collection: "notes", ID: fmt.Sprint(key.Rule, "-", rng.IntN(20))}
				if noted[key] == nil {
					keys = append(keys, key)
				}
				if _, again := last[doc]; !again {
					noted[key] = append(noted[key], doc)
				}
				last[doc] = n
				b.draft.Note(key, store.Set(doc, map[string]any{"n": n}))
			}
			require.Equal(t, len(keys), b.draft.Len())
			require.True(t, b.draft.Write(t.Context()))
			require.Zero(t, b.draft.Len())
			var want, got []string
			for _, key := range keys {
				for _, doc := range noted[key] {
					want = append(want, fmt.Sprint(doc.ID, " ", last[doc]))
				}
			}
			for _, c := range b.lead.Commits() {
				whole := map[longrun.RuleID]int{}
				for _, op := range c.Ops {
					got = append(got, fmt.Sprint(op.Key.ID, " ", op.Value.(map[string]any)["n"])) //nolint:errcheck,forcetypeassert // what was noted
					var rule, doc int
					_, err := fmt.Sscanf(op.Key.ID, "rule-%d-%d", &rule, &doc)
					require.NoError(t, err)
					whole[longrun.RuleID(fmt.Sprint("rule-", rule))]++
				}
				for rule, n := range whole {
					require.Len(t, noted[outbox.Key{Rule: rule}], n, "one commit for what belongs together")
				}
			}
			require.Equal(t, want, got)
		})
	}
}
