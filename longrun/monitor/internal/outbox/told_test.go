package outbox

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatIsRememberedAsToldIsTheNewest(t *testing.T) {
	t.Parallel()
	var all told
	for n := range 2*maxTold + 10 {
		all.add(fmt.Sprint(n))
		all.add(fmt.Sprint(n))
	}
	require.Len(t, all.ids, maxTold)
	require.Len(t, all.order, maxTold)
	require.True(t, all.ids[fmt.Sprint(2*maxTold+9)])
	require.True(t, all.ids[fmt.Sprint(maxTold+10)])
	require.False(t, all.ids[fmt.Sprint(maxTold+9)])
}
