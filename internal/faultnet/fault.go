package faultnet

// Refuse closes the port: new connections are refused. Those that are open
// live on; use Reset for them.
func (p *Proxy) Refuse() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil {
		_ = p.listener.Close()
		p.listener = nil
	}
}

// Blackhole holds everything back in the given directions, in both when none is
// given, on all connections, those to come included. Nobody is told: each side
// waits. When healed, what was held is delivered late, as TCP would.
func (p *Proxy) Blackhole(directions ...Direction) {
	if len(directions) == 0 {
		directions = []Direction{Requests, Replies}
	}
	p.set(hold, directions...)
}

// LoseReplies lets requests through and swallows what the server answers, on
// all connections. The server has done its work and the client does not know.
// A connection that lost bytes is reset when healed.
func (p *Proxy) LoseReplies() { p.set(lose, Replies) }

// LoseRequests swallows what clients send, on all connections. A connection
// that lost bytes is reset when healed.
func (p *Proxy) LoseRequests() { p.set(lose, Requests) }

// Stall silences the connections that are open now, for as long as they live,
// healed or not; new ones work. So does a NAT or a failed-over router that
// forgot them: only a client that probes its connection finds out.
func (p *Proxy) Stall() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		l.stalled = true
	}
	p.changed.Broadcast()
}

// Reset ends the connections that are open now, as a crashed peer does; new
// ones work.
func (p *Proxy) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		p.end(l)
	}
}

// Heal ends every fault but Stall: the port is open, held bytes go on, and
// connections that lost some are reset.
func (p *Proxy) Heal() {
	p.tb.Helper()
	p.mu.Lock()
	p.fates = [2]fate{}
	for l := range p.links {
		if l.torn {
			p.end(l)
		}
	}
	closed := p.listener == nil
	p.changed.Broadcast()
	p.mu.Unlock()
	if closed {
		p.listen(p.addr)
	}
}

func (p *Proxy) set(f fate, directions ...Direction) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, d := range directions {
		p.fates[d] = f
	}
	p.changed.Broadcast()
}
