package owning_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	waLog "go.mau.fi/whatsmeow/util/log"

	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/owning"
	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

// loginLog acts once, as soon as its client is logged in.
type loginLog struct {
	waLog.Logger
	once sync.Once
	then func()
}

func (l *loginLog) Infof(format string, _ ...any) {
	if format == "Successfully authenticated" {
		l.once.Do(l.then)
	}
}

func (l *loginLog) Sub(string) waLog.Logger { return l }

// A link that is lost just behind the login is told as lost before the client says that it
// is connected: the account comes back all the same.
func TestALinkThatIsLostAtItsLoginIsMadeAgain(t *testing.T) {
	t.Parallel()
	for name, cut := range map[string]func(*whatsapptest.Server){
		"dropped":   func(s *whatsapptest.Server) { s.Drop(ours) },
		"restarted": func(s *whatsapptest.Server) { s.EndStreams(503, ours) },
		"kept away": func(s *whatsapptest.Server) {
			s.Refuse(ours)
			s.Drop(ours)
			time.AfterFunc(30*time.Second, func() { s.Heal(ours) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 20 { // goroutines of the client race for which word comes first
				synctest.Test(t, func(t *testing.T) {
					h := newHouse(t, whatsapptest.NewPipeServer(t))
					cli := whatsmeow.NewClient(h.first.Store, &loginLog{Logger: waLog.Noop, then: func() { cut(h.Server) }})
					h.Redirect(cli)
					log := &lines{}
					owner := owning.New(&owning.Options{Logger: log.logger()})
					require.NoError(t, owner.Add("support", cli))
					l := newLead(t)
					done := make(chan error, 1)
					go func() { done <- owner.Lead(l) }()
					time.Sleep(5 * time.Minute)
					synctest.Wait()
					require.True(t, cli.IsConnected() && cli.IsLoggedIn(), log)
					l.over.Store(true)
					l.end()
					require.NoError(t, <-done)
				})
			}
		})
	}
}
