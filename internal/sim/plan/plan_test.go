package plan_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/sim/plan"
)

// A plan is data.
func TestAPlanIsReadAsItIsWritten(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		p := plan.Generate(seed, 3*24*time.Hour)
		again, err := plan.Parse([]byte(p.JSON()))
		require.NoError(t, err)
		require.Equal(t, p, again)
	}
	_, err := plan.Parse([]byte(`{"instances": 2, "events": [{"kind": "crash", "instance": 2}]}`))
	require.ErrorContains(t, err, "event 0: there is no instance 2")
	_, err = plan.Parse([]byte(`{"instances": 0}`))
	require.ErrorContains(t, err, "instances 0")
}

// What needs three events of eighty is shrunk to these three.
func TestAFailingPlanShrinks(t *testing.T) {
	t.Parallel()
	for seed := range uint64(30) {
		p := plan.Generate(seed, 10*24*time.Hour)
		if len(p.Events) < 6 {
			continue
		}
		rng := rand.New(rand.NewPCG(seed, 9))
		var need []plan.Event
		for _, i := range rng.Perm(len(p.Events))[:3] {
			need = append(need, p.Events[i])
		}
		asked := 0
		small := plan.Shrink(p, 500, func(p plan.Plan) bool {
			asked++
			for _, n := range need {
				if !slices.ContainsFunc(p.Events, func(e plan.Event) bool { return e.At == n.At && e.Kind == n.Kind }) {
					return false
				}
			}
			return true
		})
		require.Len(t, small.Events, 3, "after %d tries", asked)
		require.LessOrEqual(t, asked, 500)
	}
}
