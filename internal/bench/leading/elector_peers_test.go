//go:build peers

package leading

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/go-co-op/gocron/v2"
	"github.com/seed-13dc028d/longwatch/longrun"
)

const electorName = "gocron v2.21.2 Elector (etcd)"

func electors() []schedule {
	return []schedule{{name: electorName, serve: serveEtcd, tick: func(ctx context.Context, addr, who string, done func(longrun.Slot)) error {
		e := &elector{}
		go e.elect(ctx, addr, who)
		return cron(ctx, done, gocron.WithDistributedElector(e))
	}}}
}

// elector says who leads in an election of etcd's. gocron's own one says so until it has
// seen another leader; this one, which is better, also asks whether its session has ended.
type elector struct{ leads atomic.Bool }

var errNotLeading = errors.New("another one leads")

// IsLeader implements gocron.Elector.
func (e *elector) IsLeader(context.Context) error {
	if !e.leads.Load() {
		return errNotLeading
	}
	return nil
}

func (e *elector) elect(ctx context.Context, addr, who string) {
	for ctx.Err() == nil {
		session, election, err := campaign(ctx, addr, who)
		if err != nil {
			time.Sleep(100 * time.Millisecond)
			continue
		}
		e.leads.Store(true)
		select {
		case <-session.Done():
			e.leads.Store(false)
		case <-ctx.Done():
			e.leads.Store(false)
			_ = election.Resign(context.WithoutCancel(ctx))
		}
		_ = session.Client().Close()
	}
}
