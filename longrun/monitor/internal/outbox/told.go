package outbox

// maxTold bounds what is remembered of sent messages: those that the store could
// not be told of are few, and of the last hours.
const maxTold = 1000

// told are the newest messages that a channel took from this process, so that it
// does not send them again should the store not have heard of it.
type told struct {
	ids   map[string]bool
	order []string // a ring, the oldest at next
	next  int
}

func (t *told) add(id string) {
	if t.ids[id] {
		return
	}
	if t.ids == nil {
		t.ids = make(map[string]bool)
	}
	t.ids[id] = true
	if len(t.order) < maxTold {
		t.order = append(t.order, id)
		return
	}
	delete(t.ids, t.order[t.next])
	t.order[t.next] = id
	t.next = (t.next + 1) % maxTold
}

// noteTold remembers that the channel took these messages.
func (c *Channel) noteTold(ids []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range ids {
		c.told.add(id)
	}
}

func (c *Channel) wasTold(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.told.ids[id]
}
