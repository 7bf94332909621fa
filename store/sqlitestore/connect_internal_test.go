package sqlitestore

import (
	"context"
	"database/sql/driver"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/store"
)

// hurried is a connector for which the file is moved in the very moment in which
// it is opened.
type hurried struct {
	driver.Connector
	meanwhile func()
}

func (h hurried) Connect(ctx context.Context) (driver.Conn, error) {
	h.meanwhile()
	return h.Connector.Connect(ctx)
}

// A connection that opens other files than the first did would mix two
// databases, and one that makes a file would leave it to be found.
func TestAConnectionNeverOpensOtherFilesThanTheFirst(t *testing.T) {
	t.Parallel()
	for name, meanwhile := range map[string]func(t *testing.T, path string){
		"another": func(t *testing.T, path string) {
			t.Helper()
			other, err := Open(t.Context(), path+".other", nil)
			require.NoError(t, err)
			require.NoError(t, other.Close())
			require.NoError(t, os.Rename(path+".other", path))
		},
		"none": func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.Remove(path))
		},
	} {
		path := filepath.Join(t.TempDir(), "a.db")
		st, err := Open(t.Context(), path, nil)
		require.NoError(t, err, name)
		c, err := connect(st.place, readWrite, 1)
		require.NoError(t, err, name)
		c.Connector = hurried{c.Connector, func() { meanwhile(t, path) }}
		_, err = c.Connect(t.Context())
		require.ErrorIs(t, err, store.ErrMoved, name)
		if name == "none" {
			require.NoFileExists(t, path)
		}
		require.NoError(t, st.Close())
	}
}
