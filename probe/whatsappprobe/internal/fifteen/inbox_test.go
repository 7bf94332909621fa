package fifteen_test

import (
	"context"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/longrun"
)

// inbox is the channel that messages come in by.
type inbox struct {
	mu    sync.Mutex
	mails []mail
}

type mail struct {
	alert.Message
	at time.Time
}

func (b *inbox) Alert(_ context.Context, m alert.Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mails = append(b.mails, mail{m, time.Now()})
	return nil
}

// all are the messages, those of a digest one by one.
func (b *inbox) all() (all []mail) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range b.mails {
		if m.Kind != alert.Digest {
			all = append(all, m)
		}
		for _, part := range m.Parts {
			all = append(all, mail{part, m.at})
		}
	}
	return all
}

// await waits for a message about a rule, until a time.
func (b *inbox) await(kind alert.Kind, rule longrun.RuleID, until time.Time) (mail, bool) {
	for ; ; time.Sleep(15 * time.Second) {
		for _, m := range b.all() {
			if m.Kind == kind && m.Rule == string(rule) {
				return m, true
			}
		}
		if time.Now().After(until) {
			return mail{}, false
		}
	}
}

// count is how many messages of a kind came about a rule.
func (b *inbox) count(kind alert.Kind, rule longrun.RuleID) (n int) {
	for _, m := range b.all() {
		if m.Kind == kind && m.Rule == string(rule) {
			n++
		}
	}
	return n
}

// titles are what came.
func (b *inbox) titles() (all []string) {
	for _, m := range b.all() {
		all = append(all, m.at.Format("15:04 ")+string(m.Kind)+" "+m.Rule+" "+m.Target)
	}
	return all
}
