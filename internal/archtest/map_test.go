package archtest

import (
	"os"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheMapHasOneRowForEachPackageItNames(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range arrows {
		require.False(t, seen[r.dir], "two rows for %s", r.dir)
		seen[r.dir] = true
		if r.sdk != "" {
			require.Contains(t, sdks, r.sdk, "the row of %s", r.dir)
		}
	}
	for _, r := range arrows {
		for _, below := range r.ours {
			require.True(t, seen[below], "the row of %s names %s, which has none", r.dir, below)
		}
	}
}

// A package's height is one more than that of the highest package it may
// import. Were there a way round in a circle, it would have none.
func TestTheMapPointsDown(t *testing.T) {
	t.Parallel()
	height := map[string]int{}
	for range arrows {
		for _, r := range arrows {
			h := 0
			for _, below := range r.ours {
				h = max(h, height[below]+1)
			}
			height[r.dir] = h
		}
	}
	for _, r := range arrows {
		for _, below := range r.ours {
			require.Less(t, height[below], height[r.dir], "%s → %s closes a circle", r.dir, below)
		}
	}
}

// Only programs choose an implementation: a row that named one would choose for
// its users, or lean one implementation on another. The rooms of an implementation
// are its own.
func TestTheMapNamesNoImplementationBelowAnother(t *testing.T) {
	t.Parallel()
	implementations := map[string]bool{"store/memstore": true}
	for _, r := range arrows {
		if r.sdk != "" {
			implementations[r.dir] = true
		}
	}
	for _, r := range arrows {
		for _, below := range r.ours {
			if house, _, inner := strings.Cut(below, "/internal/"); inner && under(r.dir, house) {
				continue
			}
			require.False(t, implementations[below], "%s → %s", r.dir, below)
		}
	}
}

// The manual has the list of packages: by its path, or by its last element where the one
// above it stands there.
func TestTheManualNamesEachPackage(t *testing.T) {
	t.Parallel()
	repository, err := readTree(os.DirFS(moduleRoot))
	require.NoError(t, err)
	manual, named := "", 0
	for _, p := range repository.packages {
		for _, f := range p.files {
			if p.dir == "." {
				manual += f.doc
			}
		}
	}
	for _, p := range repository.packages {
		if !p.isPublic() || p.dir == "." {
			continue
		}
		require.Regexp(t, `(?:^|[\s/])`+regexp.QuoteMeta(path.Base(p.dir))+`(?:[\s;,.]|$)`, manual, p.dir)
		named++
	}
	require.Greater(t, named, 40)
}
