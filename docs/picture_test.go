package docs_test

import (
	"image/png"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// The picture of the README is as wide as a screen, and light enough for everybody who
// opens the page. make picture writes it anew.
func TestThePictureIsLight(t *testing.T) {
	t.Parallel()
	f, err := os.Open("dashboard.png")
	require.NoError(t, err)
	defer f.Close()
	info, err := f.Stat()
	require.NoError(t, err)
	require.Less(t, info.Size(), int64(200_000))
	c, err := png.DecodeConfig(f)
	require.NoError(t, err)
	require.Equal(t, 1400, c.Width)
}
