//go:build unix

package output

import (
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAFileIsReplacedAndKeepsItsLinkAndItsMode(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, link := filepath.Join(dir, "report.md"), filepath.Join(dir, "newest.md")
	require.NoError(t, os.WriteFile(file, []byte("the one before"), 0o600))
	require.NoError(t, os.Symlink("report.md", link))
	for _, path := range []string{link, filepath.Join(dir, "new.md")} {
		f, err := New(path)
		require.NoError(t, err)
		require.NoError(t, f.Write([]byte("now")))
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, "now", string(text))
	}
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "now", string(text), "the file that the link leads to")
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 3, "nothing else is left")
}

// /dev/null and /dev/stdout are such: whoever may write their folder must not put
// a file in their place.
func TestWhatIsNoFileIsWrittenIntoAndStays(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	reader, err := os.OpenFile(pipe, os.O_RDWR, 0) // opens without a writer
	require.NoError(t, err)
	defer reader.Close()
	f, err := New(pipe)
	require.NoError(t, err)
	require.NoError(t, f.Write([]byte("now")))
	info, err := os.Lstat(pipe)
	require.NoError(t, err)
	require.Equal(t, os.ModeNamedPipe, info.Mode().Type())
	text := make([]byte, 3)
	_, err = io.ReadFull(reader, text)
	require.NoError(t, err)
	require.Equal(t, "now", string(text))
}
