package leading

import (
	"context"
	"time"

	"github.com/go-co-op/gocron/v2"
	"github.com/go-redsync/redsync/v4"
	"github.com/go-redsync/redsync/v4/redis/goredis/v9"
	"github.com/redis/go-redis/v9"
	"github.com/seed-13dc028d/longwatch/longrun"
)

const lockerName = "gocron v2.21.2 Locker (redsync)"

func lockers() []schedule {
	return []schedule{{name: lockerName, serve: serveRedis, tick: func(ctx context.Context, addr, _ string, done func(longrun.Slot)) error {
		client := redis.NewClient(&redis.Options{Addr: addr})
		defer client.Close()
		return cron(ctx, done, gocron.WithDistributedLocker(locker{redsync.New(goredis.NewPool(client))}))
	}}}
}

// cron has gocron do something at the begin of each second.
func cron(ctx context.Context, done func(longrun.Slot), option gocron.SchedulerOption) error {
	s, err := gocron.NewScheduler(option)
	if err != nil {
		return err
	}
	task := gocron.NewTask(func() { done(longrun.SlotAt(time.Now(), slotLength)) })
	if _, err := s.NewJob(gocron.CronJob("* * * * * *", true), task, gocron.WithName("slot")); err != nil {
		return err
	}
	s.Start()
	<-ctx.Done()
	return s.Shutdown()
}

// locker is what gocron's own Locker for Redis is: a mutex of redsync for the time of the
// job, asked for once, as its README says. That module could not be had here.
type locker struct{ *redsync.Redsync }

func (l locker) Lock(ctx context.Context, key string) (gocron.Lock, error) {
	m := l.NewMutex(key, redsync.WithTries(1))
	if err := m.LockContext(ctx); err != nil {
		return nil, err
	}
	return held{m}, nil
}

type held struct{ *redsync.Mutex }

func (h held) Unlock(ctx context.Context) error {
	_, err := h.UnlockContext(ctx)
	return err
}
