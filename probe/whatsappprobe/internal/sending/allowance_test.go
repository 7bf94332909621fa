package sending

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheAllowanceIsABurstAndThenARate(t *testing.T) {
	t.Parallel()
	a := allowance{burst: 12}
	now := time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC)
	require.True(t, a.take(12, now))
	require.False(t, a.take(1, now))
	require.False(t, a.take(1, now.Add(29*time.Second)))
	require.True(t, a.take(1, now.Add(30*time.Second)))
	require.False(t, a.take(2, now.Add(60*time.Second)), "all or none")
	require.True(t, a.take(1, now.Add(60*time.Second)))
	require.True(t, a.take(12, now.Add(24*time.Hour)), "a pause saves up no more than the burst")
	require.False(t, a.take(1, now.Add(24*time.Hour)))
}
