package lock

import (
	"fmt"
	"time"
)

// View is what a Lock last saw, for a status page.
type View struct {
	// Row is the row as last read or written; zero before, and when absent.
	Row Row
	// At is when that was, by the Lock's clock; zero before.
	At time.Time
	// Leading reports whether a lease of this Lock is trusted right now.
	Leading bool
	// Err is why the last call of the store failed or the row is not usable;
	// nil once a call worked.
	Err error
}

// View implements Lock.
func (c *campaign) View() View {
	c.mu.Lock()
	v, lease := c.view, c.lease
	c.mu.Unlock()
	v.Leading = lease != nil && lease.Err() == nil
	return v
}

// saw notes a row that was read or written; version is empty where there is none.
func (c *campaign) saw(row Row, version string) {
	now := c.opts.Clock.Now()
	c.mu.Lock()
	if version == "" || version != c.version {
		c.version, c.still = version, now
	}
	healed := c.trouble != ""
	c.view.Row, c.view.At, c.view.Err, c.trouble = row, now, nil, ""
	c.mu.Unlock()
	if healed {
		c.opts.Logger.Info("lock row reachable and usable again", "key", c.key.String())
	}
}

// failed notes an error for View, and logs it if it is of another class than the
// one before: a store that is away for a night is one line, not thousands.
func (c *campaign) failed(class string, err error) error {
	c.mu.Lock()
	news := c.trouble != class
	c.view.Err, c.trouble = err, class
	c.mu.Unlock()
	if news {
		c.opts.Logger.Warn("lock row not reachable or not usable", "key", c.key.String(), "class", class, "error", err)
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
