package seedtest_test

import (
	"flag"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/seedtest"
)

func TestTheFlagDecides(t *testing.T) { //nolint:paralleltest // it sets a flag
	before := flag.Lookup("seeds").Value.String()
	t.Cleanup(func() { _ = flag.Set("seeds", before) })
	require.NoError(t, flag.Set("seeds", "0"))
	require.Contains(t, []int{2, 5, 30}, seedtest.Histories(30))
	require.Equal(t, 1, seedtest.Histories(0))
	require.False(t, seedtest.Skips(0))
	left := 0
	for n := range 30 {
		if !seedtest.Skips(n) {
			left++
		}
	}
	require.Contains(t, []int{2, 10, 30}, left)
	require.NoError(t, flag.Set("seeds", "1000"))
	require.Equal(t, 1000, seedtest.Histories(30))
	require.False(t, seedtest.Skips(1))
}
