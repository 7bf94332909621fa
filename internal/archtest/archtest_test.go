package archtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// moduleRoot is where the go command starts this package's tests, two up.
var moduleRoot = filepath.Join("..", "..")

func TestTheRepositoryKeepsEveryRule(t *testing.T) {
	t.Parallel()
	repository, err := readTree(os.DirFS(moduleRoot))
	require.NoError(t, err)
	require.Greater(t, len(repository.packages), 3, "the tree was not read")
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			if broken := r.check(repository); len(broken) > 0 {
				t.Errorf("\n%s", strings.Join(broken, "\n"))
			}
		})
	}
}
