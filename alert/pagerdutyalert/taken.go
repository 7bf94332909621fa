package pagerdutyalert

import (
	"slices"
	"sync"
)

// maxTaken bounds what is remembered: more events than that are not half sent at
// once.
const maxTaken = 1024

// taken are the events that PagerDuty took of messages of which it has not taken all.
type taken struct {
	mu  sync.Mutex
	ids []string
}

func (t *taken) has(id string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Contains(t.ids, id)
}

func (t *taken) add(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ids = append(t.ids, id)
	t.ids = t.ids[max(0, len(t.ids)-maxTaken):]
}

func (t *taken) forget(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ids = slices.DeleteFunc(t.ids, func(one string) bool { return one == id })
}
