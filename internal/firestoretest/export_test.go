package firestoretest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/firestoretest"
)

func TestAnExportIsImportedIntoAnotherProjectAsItWas(t *testing.T) {
	t.Parallel()
	host, from, to := firestoretest.Host(t), firestoretest.Project(), firestoretest.Project()
	want := map[string]any{
		"whole": int64(5), "real": 5.0, "none": nil, "text": "ü", "list": []any{}, "map": map[string]any{},
		"time": time.Date(2026, 11, 20, 1, 2, 3, 123456000, time.UTC),
	}
	_, err := firestoretest.Connect(t, host, from).Doc("a/b/c/d").Set(t.Context(), want)
	require.NoError(t, err)
	firestoretest.Import(t, host, to, firestoretest.Export(t, host, from, t.TempDir()))
	got, err := firestoretest.Connect(t, host, to).Doc("a/b/c/d").Get(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, got.Data())
}
