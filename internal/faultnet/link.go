package faultnet

import (
	"errors"
	"io"
	"net"
)

// link is one client's connection and the server's that belongs to it. Its
// flags are guarded by the proxy's mutex.
type link struct {
	ends     [2]net.Conn // where Requests and Replies come from
	stalled  bool        // silent for ever
	torn     bool        // bytes are missing
	finished [2]bool     // its sender said that it is done
	ended    bool
}

// pump carries one direction, chunk by chunk. While a chunk is held nothing is
// read behind it, so that the sender feels the blockage once buffers are full.
func (p *Proxy) pump(l *link, d Direction) {
	buf := make([]byte, 32<<10)
	from, to := l.ends[d], l.ends[1-d]
	for {
		n, err := from.Read(buf)
		f := p.await(l, d, n)
		if f == gone {
			return
		}
		if f == pass {
			if _, werr := to.Write(buf[:n]); werr != nil {
				err = werr
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			p.finish(l, d)
			return
		case err != nil:
			p.mu.Lock()
			p.end(l)
			p.mu.Unlock()
			return
		}
	}
}

// await returns the fate of n bytes as soon as it is decided. The sender's end,
// which is 0 bytes, waits too: whoever lost the bytes before it does not hear of
// it either.
func (p *Proxy) await(l *link, d Direction, n int) fate {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		f := p.fates[d]
		switch {
		case l.ended:
			return gone
		case l.stalled, f == hold, f == lose && n == 0:
			p.changed.Wait()
		case f == lose:
			l.torn = true
			p.stats.Lost += int64(n)
			return lose
		default:
			p.count(d, n)
			return pass
		}
	}
}

func (p *Proxy) count(d Direction, n int) {
	if d == Requests {
		p.stats.Requests += int64(n)
	} else {
		p.stats.Replies += int64(n)
	}
}

// finish passes a polite end on, and closes the link when both have come.
func (p *Proxy) finish(l *link, d Direction) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l.finished[d] = true
	if tcp, ok := l.ends[1-d].(*net.TCPConn); ok {
		_ = tcp.CloseWrite()
	}
	if l.finished[1-d] && !l.ended {
		l.ended = true
		delete(p.links, l)
		for _, c := range l.ends {
			_ = c.Close()
		}
	}
}

// end resets both sides. The caller holds the mutex.
func (p *Proxy) end(l *link) {
	if l.ended {
		return
	}
	l.ended = true
	delete(p.links, l)
	l.abort()
	p.changed.Broadcast()
}

func (l *link) abort() {
	for _, c := range l.ends {
		abort(c)
	}
}

// abort closes with a reset instead of a polite end, which the other side could
// take for a complete answer.
func abort(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}
