package whatsappprobe

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAHostKeepsNothingOfWhatIsNotAwaited(t *testing.T) {
	t.Parallel()
	var h Host
	told := 0
	stop := h.await("abcdefghijklmnop", func() { told++ })
	h.Seen("[lw·abcdefghijklmnop·1/1]")
	h.Seen("[lw·ponmlkjihgfedcba·1/1]")
	stop()
	h.Seen("[lw·abcdefghijklmnop·1/1]")
	require.Equal(t, 1, told)
	require.Empty(t, h.awaited)
	require.Zero(t, h.waiting.Load())
}
