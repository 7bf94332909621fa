package stores_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/examples/internal/stores"
	"github.com/seed-13dc028d/longwatch/internal/postgrestest"
	"github.com/seed-13dc028d/longwatch/store"
)

// No error tells a password, wherever in the address it stands and however it is
// written.
func TestNoAddressOfPostgresIsToldWithItsPassword(t *testing.T) {
	t.Parallel()
	for address, says := range map[string]string{
		"postgres://u:s3@cr3t@h/db":                          "%40",
		"postgres://u:s3 cr3t@h/db":                          "spaces",
		"postgres://u:s3%zzcr3t@h/db":                        "percent",
		"postgres://u:s3cr3t@h:x/db":                         "port",
		"postgres://u:s3cr3t@h/db?sslmode=perhaps":           "sslmode",
		"postgres://u:s3cr3t@h/db?pool_max_conns=x":          "pool_max_conns",
		"postgres://u:s3cr3t@h/db?schema=A":                  `Schema "A"`,
		"postgres://u:s3cr3t@h/db?schema=a&table=b.c":        `Table "b.c"`,
		"postgres://h/db?password=s3%zzcr3t":                 "as in a URL",
		"postgres:u:s3cr3t@h":                                "none of",
		"postgresql://u:s3cr3t@h/db?sslrootcert=/none":       "/none",
		"postgres://u:s3cr3t@127.0.0.1:1/db?sslmode=disable": "127.0.0.1:1",
	} {
		_, _, err := stores.OpenExisting(t.Context(), address, "")
		require.ErrorContains(t, err, says, address)
		for _, part := range []string{"s3", "cr3t"} {
			require.NotContains(t, err.Error(), part, address)
		}
	}
}

func TestAnAddressOfPostgresNamesSchemaAndTable(t *testing.T) {
	t.Parallel()
	schema := postgrestest.Schema(t)
	join := "?"
	if strings.Contains(postgrestest.DSN(t), "?") {
		join = "&"
	}
	address := postgrestest.DSN(t) + join + "schema=" + schema + "&table=own"
	_, _, err := stores.OpenToRead(t.Context(), address, "")
	require.ErrorContains(t, err, "run Migrate", "to look is not to make")
	text, err := stores.PostgresSchema(address)
	require.NoError(t, err)
	require.Contains(t, text, `"`+schema+`"."own"`)
	postgrestest.Exec(t, postgrestest.DSN(t), text)
	for _, open := range []func() (store.Store, func(), error){
		func() (store.Store, func(), error) { return stores.Open(t.Context(), address, "") },
		func() (store.Store, func(), error) { return stores.OpenExisting(t.Context(), address, "") },
		func() (store.Store, func(), error) { return stores.OpenToRead(t.Context(), address, "") },
	} {
		st, end, err := open()
		require.NoError(t, err)
		_, err = st.Get(t.Context(), store.Key{Collection: "a", ID: "b"})
		require.ErrorIs(t, err, store.ErrNotFound)
		end()
	}
}

func TestOnlyAPostgresHasASchemaToShow(t *testing.T) {
	t.Parallel()
	_, err := stores.PostgresSchema("sqlite:x.db")
	require.ErrorContains(t, err, "a store of sqlite makes its own tables")
}
