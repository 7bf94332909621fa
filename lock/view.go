package lock

import (
	"fmt"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
)

// View is what a Lock last saw, for a status page.
type View struct {
	// Row is the row as last read or written; zero before, and when absent.
	Row Row
	// At is when that was, by the Lock's clock; zero before.
	At time.Time
	// Worked is the epoch of the last grant under which anybody can have worked: the
	// row's; or, where the row stands under a grant of this same Lock whose reply was
	// lost, that of the one before. Who led under it has had no successor.
	Worked int64
	// Leading reports whether a lease of this Lock is trusted right now.
	Leading bool
	// Err is why the last call of the store failed or the row is not usable;
	// nil once a call worked.
	Err error
	// Unproven is why this Lock keeps no proof of death, or cannot read another's, so
	// that after a crash the lease decides; nil where all is well, and where there is
	// no Witness.
	Unproven error
}

// View implements Lock.
func (c *campaign) View() View {
	c.mu.Lock()
	v, lease := c.view, c.lease
	v.Worked = v.Row.Epoch
	for _, g := range c.claims {
		if !g.start.IsZero() && g.row.Owner == v.Row.Owner {
			v.Worked = g.before()
		}
	}
	c.mu.Unlock()
	v.Leading = lease != nil && lease.Err() == nil
	return v
}

// trouble is a class of what stands in the way.
type trouble string

const (
	well    trouble = ""
	noRead  trouble = "store"
	noWrite trouble = "write"
	mangled trouble = "corrupt"
)

// saw notes a row that was read or written; version is empty where there is none.
func (c *campaign) saw(row Row, version string) {
	now := c.opts.Clock.Now()
	c.mu.Lock()
	if version == "" || version != c.version {
		c.version, c.still = version, now
	}
	c.view.Row, c.view.At, c.view.Err = row, now, nil
	if c.unread == noRead {
		c.polite = now.Add(c.opts.RetryMax * 5 / 4) // longer than any pause of the one that had it
	}
	c.mu.Unlock()
	c.mended(func() { c.unread = well })
}

// wrote notes that the store takes writes, or refuses one for a reason. That the
// row can be read says nothing of that.
func (c *campaign) wrote() { c.mended(func() { c.unkept = false }) }

// mended says so when nothing is amiss any more.
func (c *campaign) mended(mend func()) {
	c.mu.Lock()
	bad := c.bad()
	mend()
	healed := bad && !c.bad()
	c.mu.Unlock()
	if healed {
		c.opts.Logger.Info("lock row reachable and usable again", "key", c.key.String())
	}
}

func (c *campaign) bad() bool { return c.unread != well || c.unkept }

// failed notes an error for View, and logs it if all was well before, or the row
// turns out to be corrupt: a store that is away for a night is one line, not
// thousands, also when it can be read all the while.
func (c *campaign) failed(class trouble, err error) error {
	c.mu.Lock()
	news := !c.bad() || class == mangled && c.unread != mangled
	if class == noWrite {
		c.unkept = true
	} else {
		c.unread = class
	}
	c.view.Err = err
	c.mu.Unlock()
	if news {
		args := []any{"key", c.key.String(), "class", string(class), "error", err}
		if fault, ok := spawn.Faulty(err); ok {
			args = append(args, "stack", fault.Stack)
		}
		c.opts.Logger.Warn("lock row not reachable or not usable", args...)
	}
	return err
}

// known is the highest grant seen so far.
func (c *campaign) known() Token {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.highest
}

// remember refuses a row that is older than what was known before it was read:
// epochs would fall, and with them the meaning of all that was stored under one.
func (c *campaign) remember(row Row, known Token) error {
	switch {
	case row.Epoch < known.Epoch:
		return &CorruptError{Key: c.key, Err: fmt.Errorf("epoch %d, after %d was seen", row.Epoch, known.Epoch)}
	case row.Epoch == known.Epoch && row.Owner != "" && known.Owner != "" && row.Owner != known.Owner:
		return &CorruptError{Key: c.key, Err: fmt.Errorf("two owners of epoch %d", row.Epoch)}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if row.Epoch > c.highest.Epoch {
		c.highest = row.token(c.key.ID)
	}
	return nil
}
