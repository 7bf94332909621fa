package firestoretest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/servertest"
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
	t.Setenv("LONGRUN_REQUIRE_FIRESTORE", "")
	v := &verdict{}
	need.OrSkip(v, need.Absent("no %s", "jar"))
	require.Contains(t, v.said, "skip: firestoretest: no Firestore emulator: no jar")
	require.Contains(t, v.said, "gcloud components install")
	require.Contains(t, v.said, "FIRESTORE_EMULATOR_HOST")
}

func TestAbsenceFailsWhereTheEmulatorIsRequired(t *testing.T) {
	t.Setenv("LONGRUN_REQUIRE_FIRESTORE", "1")
	v := &verdict{}
	need.OrSkip(v, need.Absent("no jar"))
	require.Contains(t, v.said, "fail: ")
}

func TestAnEmulatorThatDoesNotStartFails(t *testing.T) {
	t.Setenv("LONGRUN_REQUIRE_FIRESTORE", "")
	v := &verdict{}
	need.OrSkip(v, errors.New("Unsupported Java"))
	require.Contains(t, v.said, "fail: ")
	require.Contains(t, v.said, "Unsupported Java", "its own words")
}

func TestTheJarThatIsNamedIsTheOne(t *testing.T) {
	jar := filepath.Join(t.TempDir(), "emulator.jar")
	t.Setenv("FIRESTORE_EMULATOR_JAR", jar)
	_, err := findJar()
	require.ErrorIs(t, err, os.ErrNotExist)
	require.False(t, servertest.IsAbsent(err), "a wrong path is a mistake")

	require.NoError(t, os.WriteFile(jar, nil, 0o600))
	got, err := findJar()
	require.NoError(t, err)
	require.Equal(t, jar, got)
}
