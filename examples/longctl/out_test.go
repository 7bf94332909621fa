package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// What a command says goes into a file, with the code that it would end with without.
func TestWhatIsSaidGoesIntoAFile(t *testing.T) {
	t.Parallel()
	path := recordedStore(t)
	for code, args := range map[int][]string{
		0: {"verify", "evidence", "--store=sqlite:" + path, "--format=json"},
		1: {"verify", "probes", "--type=other", "--store=sqlite:" + path},
	} {
		file := filepath.Join(t.TempDir(), "said")
		got := ctl(t, append(args, "--out="+file)...)
		require.Equal(t, code, got.code, "%v", got)
		require.Empty(t, got.out)
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Contains(t, string(text), args[1])
	}
	file := filepath.Join(t.TempDir(), "none")
	require.Equal(t, 1, ctl(t, "checkpoint", "--store=sqlite:"+path, "--out="+file).code)
	require.NoFileExists(t, file)
	require.Equal(t, 2, ctl(t, "version", "--out="+t.TempDir()).code)
	for _, args := range [][]string{{"status"}, {"runs", "--format=json"}, {"config", "get"}} {
		file := filepath.Join(t.TempDir(), "said")
		got := ctl(t, append(args, "--store=sqlite:"+path, "-o", file)...)
		require.Equal(t, 0, got.code, "%v", got)
		require.Empty(t, got.out)
		require.FileExists(t, file)
	}
}
