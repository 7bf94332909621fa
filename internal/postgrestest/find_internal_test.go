package postgrestest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// verdict is a test that notes how it would have ended.
type verdict struct {
	testing.TB
	said string
}

func (v *verdict) Helper() {}

func (v *verdict) Skipf(format string, args ...any) { v.said = "skip: " + fmt.Sprintf(format, args...) }

func (v *verdict) Fatalf(format string, args ...any) {
	v.said = "fail: " + fmt.Sprintf(format, args...)
}

func TestAbsenceSkipsAndSaysHowToGetOne(t *testing.T) {
	t.Setenv("LONGRUN_REQUIRE_POSTGRES", "")
	v := &verdict{}
	need.OrSkip(v, need.Absent("no %s", "initdb"))
	require.Contains(t, v.said, "skip: postgrestest: no Postgres: no initdb")
	require.Contains(t, v.said, "apt-get install postgresql")
	require.Contains(t, v.said, "LONGRUN_TEST_POSTGRES")
}

func TestAbsenceFailsWherePostgresIsRequired(t *testing.T) {
	t.Setenv("LONGRUN_REQUIRE_POSTGRES", "1")
	v := &verdict{}
	need.OrSkip(v, need.Absent("no initdb"))
	require.Contains(t, v.said, "fail: ")
}

func TestAServerThatDoesNotStartFails(t *testing.T) {
	t.Setenv("LONGRUN_REQUIRE_POSTGRES", "")
	v := &verdict{}
	need.OrSkip(v, errors.New("FATAL:  could not create shared memory"))
	require.Contains(t, v.said, "fail: ")
	require.Contains(t, v.said, "could not create shared memory", "its own words")
}

func TestOfSeveralVersionsTheNewestIsTaken(t *testing.T) {
	t.Parallel()
	require.Greater(t, version("/usr/lib/postgresql/15/bin"), version("/usr/lib/postgresql/9.6/bin"))
	require.Greater(t, version("/opt/homebrew/opt/postgresql@17/bin"), version("/opt/homebrew/opt/postgresql@9/bin"))
	require.Equal(t, 16, version("/usr/pgsql-16/bin"))
}
