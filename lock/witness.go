package lock

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/internal/guardstore"
	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/store"
)

// This file has what a proof of death is used for: to ask for a dead holder's lock
// at once. Whether it is granted is decided as ever, by the version of the row; so a
// proof that lies costs a living holder its lease, and no more than that.

// NoWitness is an Options.Witness that tells nothing: after a crash the lease
// decides, whatever the store could tell.
type NoWitness struct{}

var _ store.Witness = NoWitness{}

// Hold implements store.Witness: errors.ErrUnsupported.
func (NoWitness) Hold(context.Context, string) (string, func(bool), error) {
	return "", nil, errors.ErrUnsupported
}

// Seize implements store.Witness: errors.ErrUnsupported.
func (NoWitness) Seize(context.Context, string, string, bool) (func(bool), error) {
	return nil, errors.ErrUnsupported
}

// witnessOf is the one that counts, behind a guard; NoWitness where there is none.
func witnessOf(o *Options, st store.Store) store.Witness {
	if o.Witness != nil {
		return guardstore.Witness(o.Witness, o.Clock)
	}
	if w, ok := st.(store.Witness); ok {
		return w // st has its guard
	}
	return NoWitness{}
}

// errLied is why a Lock keeps no proof any more.
var errLied = errors.New("lock: the lock was taken from a holder that lived and could trust its lease")

// sign puts a proof into a row that is about to ask for the lock; or none, and then
// the lease decides alone.
func (c *campaign) sign(ctx context.Context, g *claim) {
	c.mu.Lock()
	lied := c.lied
	c.mu.Unlock()
	if lied {
		return
	}
	call, cancel := deadline.With(ctx, c.opts.Clock, c.opts.Timeout)
	defer cancel()
	mark, end, err := c.witness.Hold(call, g.row.Owner)
	if err != nil {
		c.unproven(ctx, err)
		return
	}
	c.unproven(ctx, nil)
	g.row.Proof, g.end, g.lapsed = mark, end, store.Lapsed(c.witness, g.row.Owner)
}

// vouch watches the sign of a lease that was granted. When that lapses, the row says
// at once that there is none, so that whoever was told of a death finds another
// version, if that is quick enough; and then which one was made anew.
func (l *Lease) vouch(lapsed <-chan struct{}) {
	if lapsed == nil {
		return
	}
	vouched := make(chan struct{})
	l.vouched = vouched
	spawn.Start("lock: the sign of a holder", func() error {
		defer close(vouched)
		for lapsed != nil {
			select {
			case <-lapsed:
			case <-l.life.Done():
				return nil
			}
			l.prove(nil, "")
			lapsed = l.signAgain()
		}
		return nil
	})
}

// signAgain leaves a new sign of the same holder, as soon as that is possible; nil
// when the lease is over.
func (l *Lease) signAgain() <-chan struct{} {
	for l.life.Err() == nil {
		next := claim{row: Row{Owner: l.token.Owner}}
		if l.lock.sign(l.life, &next); next.end != nil {
			l.lock.opts.Logger.InfoContext(l.life, "the sign that this process lives had ended, and was made anew", "key", l.lock.key.String())
			l.prove(next.end, next.row.Proof)
			return next.lapsed
		}
		l.lock.pause(l.life, l.lock.opts.spread(l.lock.opts.Poll), nil, nil)
	}
	return nil
}

// prove replaces the sign, and renews the lease with what the row says of it.
func (l *Lease) prove(sign func(spent bool), proof string) {
	l.turn <- struct{}{} // given back when the lease ends, at the latest
	if l.life.Err() != nil {
		<-l.turn
		if sign != nil {
			sign(true) // no row names it
		}
		return
	}
	l.unsign(true)
	l.sign, l.proof = sign, proof
	<-l.turn
	_ = l.Commit(l.life) // rides out what can be ridden out; the next one says it as well
}

// unproven notes why there is no proof, nil where there is one, and says so once.
func (c *campaign) unproven(ctx context.Context, err error) {
	if errors.Is(err, errors.ErrUnsupported) || err != nil && ctx.Err() != nil {
		return
	}
	c.mu.Lock()
	if c.lied {
		err = errLied // whatever else there is
	}
	news := err != nil && c.view.Unproven == nil
	c.view.Unproven = err
	c.mu.Unlock()
	if news {
		c.opts.Logger.WarnContext(ctx, "no proof of death: after a crash the lease decides", "key", c.key.String(), "error", err)
	}
}

// overthrown is called when somebody else has the lock. Where the lease could still
// be trusted, and had a proof, that is what lied: this Lock leaves none any more.
func (l *Lease) overthrown() {
	if l.row.Proof == "" || l.life.Err() != nil || l.left(l.lock.opts.Clock.Now()) <= 0 {
		return
	}
	l.lock.mu.Lock()
	l.lock.lied = true
	l.lock.mu.Unlock()
	l.lock.unproven(l.life, errLied)
}

// ended ends the signs of claims that are forgotten: nobody worked under them, and
// nobody will look for them.
func ended(claims []claim) {
	for _, g := range claims {
		if g.end != nil {
			g.end(true)
		}
	}
}

// death is a proof in hand: for as long as it is, nobody else has it.
type death struct {
	row  Row // under whose owner the dead one stood
	done func(won bool)
}

// of reports whether it is the row's holder who is dead.
func (d *death) of(row Row) bool {
	return d != nil && row.Held() && d.row.Owner == row.Owner && d.row.Proof == row.Proof
}

func (d *death) end(won bool) {
	if d != nil {
		d.done(won)
	}
}

// seize asks for the proof that the row's holder is dead; nil where there is none, or
// with wait when ctx ended.
func (c *campaign) seize(ctx context.Context, row Row, wait bool) *death {
	if !row.Held() || row.Proof == "" {
		return nil
	}
	done, err := c.witness.Seize(ctx, row.Owner, row.Proof, wait)
	if errors.Is(err, store.ErrAlive) {
		c.unproven(ctx, nil)
		return nil
	}
	if err != nil {
		c.unproven(ctx, fmt.Errorf("the proof of %q cannot be read: %w", row.HolderInstanceID, err))
		return nil
	}
	return &death{row: row, done: done}
}

// seizeNow is seize without waiting, with the row as it is known after that: the dead
// one's last word may have come after it was read before.
func (c *campaign) seizeNow(ctx context.Context, row Row) *death {
	call, cancel := deadline.With(ctx, c.opts.Clock, c.opts.Timeout)
	defer cancel()
	return c.seize(call, row, false)
}

// vigil waits beside an Acquire for the death of one holder.
type vigil struct {
	lock   *campaign
	row    Row // whose holder; the zero Row before
	cancel context.CancelFunc
	over   chan struct{} // closed when the wait is over; nil when nobody waits
	dead   *death        // what came of it; read once over is closed
}

// keep has the vigil be about the row's holder, and about nobody else.
func (v *vigil) keep(ctx context.Context, row Row) {
	if v.row.Owner == row.Owner && v.row.Proof == row.Proof {
		return
	}
	v.close()
	v.row = row
	if !row.Held() || row.Proof == "" {
		return
	}
	ctx, v.cancel = context.WithCancel(ctx)
	over := make(chan struct{})
	v.over = over
	spawn.Start("lock: the vigil", func() error {
		defer close(over)
		v.dead = v.lock.seize(ctx, row, true)
		return nil
	})
}

// settle takes the outcome of a wait that is over.
func (v *vigil) settle() {
	select {
	case <-v.over:
		v.over = nil
		v.cancel()
	default:
	}
}

// take gives out the proof that the row's holder is dead, if it is there. Whoever
// takes it ends it; the vigil begins anew then.
func (v *vigil) take(row Row) *death {
	if v.over != nil || !v.dead.of(row) {
		return nil
	}
	d := v.dead
	v.dead, v.row = nil, Row{}
	return d
}

// waits reports whether somebody is told already when the row's holder dies.
func (v *vigil) waits(row Row) bool {
	return v.over != nil && v.row.Owner == row.Owner && v.row.Proof == row.Proof
}

// close ends the vigil, and waits for what is behind it.
func (v *vigil) close() {
	if v.over != nil {
		v.cancel()
		<-v.over
		v.over = nil
	}
	v.dead.end(false)
	v.dead, v.row = nil, Row{}
}
