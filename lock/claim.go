package lock

import (
	"context"
	"crypto/rand"
	"slices"
	"time"
)

// maxClaims bounds what is remembered of grants whose reply was lost: the oldest
// that shows nowhere gives way. Should it land all the same, that costs a wait of
// one lease.
const maxClaims = 64

// claim is an owner nonce of ours under which nobody works: of a grant that was
// asked for and may have landed or may yet, or of a lease that ended without the
// store hearing of it. What is found under it in the row is ours to take.
type claim struct {
	row   Row       // as it was written
	base  string    // the version it was written over; an unlanded one is dead once that moved
	start time.Time // of the attempt; zero when it is a lease that has ended
	prev  Row
	how   How
	end   func(spent bool) // of its sign; nil where it has none

	lapsed <-chan struct{} // closed when that ended by itself; nil where it never does
}

// before is the epoch of the last grant under which anybody worked.
func (g claim) before() int64 { return g.prev.Epoch }

// claim remembers an owner of ours.
func (c *campaign) claim(g claim) {
	var gone []claim
	defer func() { ended(gone) }()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.claims) == maxClaims {
		// Not a lease that ended, nor what the row shows: those are known to be
		// there, and a store that only reads fails grants by the hundred.
		i := slices.IndexFunc(c.claims, func(g claim) bool {
			return !g.start.IsZero() && g.row.Owner != c.view.Row.Owner
		})
		gone = append(gone, c.claims[max(i, 0)])
		c.claims = slices.Delete(c.claims, max(i, 0), max(i, 0)+1)
	}
	c.claims = append(c.claims, g)
}

// abandon turns a lease whose work has ended into a claim.
func (c *campaign) abandon(row Row) { c.claim(claim{row: row}) }

// owned finds the claim under whose owner the row stands, and forgets those that
// can never come to stand there.
func (c *campaign) owned(row Row) (claim, bool) {
	var gone []claim
	defer func() { ended(gone) }()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.claims = slices.DeleteFunc(c.claims, func(g claim) bool {
		forget := g.row.Owner != row.Owner && (g.start.IsZero() || g.base != c.version)
		if forget {
			gone = append(gone, g)
		}
		return forget
	})
	i := slices.IndexFunc(c.claims, func(g claim) bool { return g.row.Owner == row.Owner })
	if i < 0 {
		return claim{}, false
	}
	return c.claims[i], true
}

// adopt turns a claim into a Lease, if the row stands under it and it can still
// be trusted: trust counts from when that attempt began.
func (c *campaign) adopt(ctx context.Context, row Row, version string) *Lease {
	g, ours := c.owned(row)
	if !ours || g.start.IsZero() {
		return nil
	}
	lease := newLease(ctx, c, g, version)
	if lease.left(c.opts.Clock.Now()) <= 0 {
		return nil // it can only be replaced by a new grant
	}
	c.mu.Lock()
	c.claims = nil // the version moved to this one: every other claim is dead
	c.highest = lease.token
	c.lease = lease
	c.mu.Unlock()
	lease.guard()
	lease.vouch(g.lapsed)
	c.opts.Logger.InfoContext(ctx, "lock acquired", "key", c.key.String(), "epoch", lease.token.Epoch,
		"how", string(g.how), "previous", g.prev.HolderInstanceID)
	return lease
}

// nonce is unguessable and never used twice.
func nonce() string { return rand.Text()[:16] }
