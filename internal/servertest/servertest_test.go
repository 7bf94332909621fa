//go:build unix

package servertest_test

import (
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/servertest"
)

func TestAServerRunsWhenItSaysSo(t *testing.T) {
	t.Parallel()
	child, err := servertest.Run(exec.Command("/bin/sh", "-c", "echo begins; echo it is ready now >&2; read word"), "is ready", time.Minute)
	require.NoError(t, err)
	select {
	case <-child.Gone:
		t.Fatal("it has ended")
	default:
	}
	require.NoError(t, child.Stdin.Close())
	<-child.Gone
}

func TestWhyAServerDoesNotRun(t *testing.T) {
	t.Parallel()
	for script, says := range map[string]string{
		"echo no; exit 1": "ended at its start:\nno\n",
		"echo java.net.BindException: Address already in use":                    servertest.ErrTaken.Error(),
		`echo could not bind IPv4 address '"127.0.0.1"': Address already in use`: servertest.ErrTaken.Error(),
	} {
		child, err := servertest.Run(exec.Command("/bin/sh", "-c", script), "is ready", time.Minute)
		require.ErrorContains(t, err, says)
		<-child.Gone
	}
	child, err := servertest.Run(exec.Command("/bin/sh", "-c", "echo begins; read word"), "is ready", 0)
	require.ErrorIs(t, err, servertest.ErrHangs)
	require.NoError(t, child.Stdin.Close())
	<-child.Gone
	child, err = servertest.Run(exec.Command("/nowhere/at/all"), "is ready", time.Minute)
	require.Error(t, err)
	require.Nil(t, child)
}

func TestAFreePortIsFree(t *testing.T) {
	t.Parallel()
	host, err := servertest.FreePort()
	require.NoError(t, err)
	require.Regexp(t, `^127\.0\.0\.1:(2\d|3[01])\d{3}$`, host)
}

func TestWhatIsAbsentIsNoFaultUnlessItIsRequired(t *testing.T) {
	t.Parallel()
	need := servertest.Need{What: "servertest: no server", Required: "LONGRUN_REQUIRE_NOTHING", HowTo: "make one"}
	err := need.Absent("there is no %s", "program")
	require.EqualError(t, err, "servertest: no server: there is no program")
	require.True(t, servertest.IsAbsent(err))
	require.False(t, servertest.IsAbsent(servertest.ErrTaken))
	t.Run("it is skipped", func(t *testing.T) {
		t.Parallel()
		need.OrSkip(t, nil)
		need.OrSkip(t, err)
		t.Error("it went on")
	})
}
