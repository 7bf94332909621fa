package whatsapptest_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	waLog "go.mau.fi/whatsmeow/util/log"

	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

// lines are what a client logs: the formats, and what goes into them.
type lines struct {
	mu    sync.Mutex
	lines []line
}

type line struct {
	format string
	args   []any
}

func (l *lines) keep(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line{format, args})
}

// of are the arguments of the lines of a format, oldest first.
func (l *lines) of(format string) (args [][]any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.lines {
		if line.format == format {
			args = append(args, line.args)
		}
	}
	return args
}

func (l *lines) Errorf(format string, args ...any) { l.keep(format, args...) }
func (l *lines) Warnf(format string, args ...any)  { l.keep(format, args...) }
func (l *lines) Infof(string, ...any)              {}
func (l *lines) Debugf(string, ...any)             {}
func (l *lines) Sub(string) waLog.Logger           { return l }

// logging connects alice with a client whose log is kept.
func logging(t *testing.T, srv *whatsapptest.Server) (*party, *lines) {
	t.Helper()
	log := new(lines)
	cli := whatsmeow.NewClient(srv.NewClient(t, alice).Store, log)
	cli.ManualHistorySyncDownload = true
	srv.Redirect(cli)
	t.Cleanup(func() { srv.Disconnect(cli) })
	p := newParty(t, cli)
	require.NoError(t, p.Connect())
	require.NoError(t, srv.AwaitOnline(t.Context(), alice))
	return p, log
}

func TestEachClientOfTheServerHasTheLoggerThatIsChosen(t *testing.T) {
	t.Parallel()
	log := new(lines)
	var asked []string
	srv, err := whatsapptest.Start(&whatsapptest.Options{ClientLog: func(number string) waLog.Logger {
		asked = append(asked, number)
		if number == bob {
			return nil
		}
		return log
	}})
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	a, err := srv.Client(alice)
	require.NoError(t, err)
	b, err := srv.Client(bob)
	require.NoError(t, err)
	_, err = srv.UnpairedClient()
	require.NoError(t, err)
	require.Equal(t, []string{alice, bob, ""}, asked)
	require.Same(t, log, a.Log)
	require.Equal(t, waLog.Noop, b.Log)
}
