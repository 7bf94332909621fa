package whatsapptest

import "sync"

// outbox keeps what a connection is to write, so that nobody waits for a client
// that reads slowly. Its lock is the last one that anybody takes.
type outbox struct {
	mu      sync.Mutex
	changed *sync.Cond
	nodes   []node
	idle    bool // its writer waits for more
	closed  bool
}

func newOutbox() *outbox {
	o := new(outbox)
	o.changed = sync.NewCond(&o.mu)
	return o
}

func (o *outbox) put(n node) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.closed {
		o.nodes = append(o.nodes, n)
		o.changed.Broadcast()
	}
}

// take waits for the next node. There is none after close.
func (o *outbox) take() (node, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.nodes) == 0 && !o.closed {
		o.idle = true
		o.changed.Broadcast()
		o.changed.Wait()
	}
	o.idle = false
	if o.closed {
		return node{}, false
	}
	n := o.nodes[0]
	o.nodes = o.nodes[1:]
	return n, true
}

// flush waits until all that was put is written, or will never be.
func (o *outbox) flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for !o.closed && (len(o.nodes) > 0 || !o.idle) {
		o.changed.Wait()
	}
}

func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed, o.nodes = true, nil
	o.changed.Broadcast()
}
