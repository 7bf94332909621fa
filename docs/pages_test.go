package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// pages are all of them, and those beside this folder that lead here.
func pages(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	add := func(path string) {
		text, err := os.ReadFile(filepath.FromSlash(path))
		require.NoError(t, err)
		all[path] = string(text)
	}
	require.NoError(t, fs.WalkDir(os.DirFS("."), ".", func(path string, _ fs.DirEntry, err error) error {
		if filepath.Ext(path) == ".md" {
			add(path)
		}
		return err
	}))
	require.Greater(t, len(all), 8)
	add("../CONTRIBUTING.md")
	add("../README.md")
	return all
}

func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\]\(([^)#:\s]+)(?:#[^)]*)?\)`)
	followed := 0
	for path, text := range pages(t) {
		for _, found := range link.FindAllStringSubmatch(text, -1) {
			require.FileExists(t, existing(filepath.Join(filepath.Dir(path), found[1])), "%s leads to %s", path, found[1])
			followed++
		}
	}
	require.Greater(t, followed, 10)
}

// existing is a folder's own comment where a link leads to the folder.
func existing(path string) string {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return filepath.Join(path, "README.md")
	}
	return path
}

func TestWhatIsShownIsWhatIsTested(t *testing.T) {
	t.Parallel()
	var code strings.Builder
	for _, path := range []string{"prober_test.go", "alerter_test.go", "store_test.go"} {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		code.Write(text)
	}
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(pages(t)["write-your-own.md"], -1)
	require.Greater(t, len(blocks), 4)
	for _, block := range blocks {
		require.Contains(t, code.String(), block[1])
	}
}

// A folder or a file that a page names in its running text exists, and so does what the
// Makefile is asked for.
func TestWhatIsNamedExists(t *testing.T) {
	t.Parallel()
	named := regexp.MustCompile("`((?:alert|deploy|docs|examples|internal|lock|longrun|probe|store)/[a-zA-Z0-9/._-]*)`")
	target := regexp.MustCompile("`make ([a-z]+)`|(?m)^ +make ([a-z]+)")
	makefile, err := os.ReadFile("../Makefile")
	require.NoError(t, err)
	found := 0
	for path, text := range pages(t) {
		if path == "../README.md" {
			continue
		}
		for _, name := range named.FindAllStringSubmatch(text, -1) {
			_, err := os.Stat(filepath.Join("..", filepath.FromSlash(name[1])))
			require.NoError(t, err, "%s names %s", path, name[1])
			found++
		}
		for _, name := range target.FindAllStringSubmatch(text, -1) {
			require.Contains(t, string(makefile), "\n"+name[1]+name[2]+":", path)
		}
	}
	require.Greater(t, found, 30)
}
