package filewitness_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/lock/filewitness"
)

func TestADirectoryThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for path, says := range map[string]string{"": "no directory", file: "is no directory", file + ".none": "no such file"} {
		_, err := filewitness.New(path, nil)
		require.ErrorContains(t, err, says)
		require.ErrorContains(t, err, "filewitness: ")
	}
}
