package filelock

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAFileSystemThatIsNotKnownIsNotUsed(t *testing.T) {
	t.Parallel()
	f, err := open("/proc/self/comm")
	require.NoError(t, err)
	defer f.close()
	require.ErrorContains(t, f.local(), "a file system of type 0x9fa0")

	f, err = create(filepath.Join(t.TempDir(), "here"))
	require.NoError(t, err)
	defer f.close()
	require.NoError(t, f.local())
}
