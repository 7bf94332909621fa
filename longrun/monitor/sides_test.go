package monitor_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
)

// sides is how many histories are lived through at a time.
const sides = 4

// sideBySide lives through so many histories, each in a bubble of its
// own, and returns when all have ended. A side ends with the first that fails.
func sideBySide(t *testing.T, histories int, live func(t *testing.T, seed uint64)) {
	t.Helper()
	t.Run("seeds", func(t *testing.T) {
		for side := range sides {
			t.Run(fmt.Sprint("from ", side), func(t *testing.T) {
				t.Parallel()
				for seed := side; seed < histories; seed += sides {
					synctest.Test(t, func(t *testing.T) { live(t, uint64(seed)) })
					if t.Failed() {
						t.Fatalf("seed %d", seed)
					}
				}
			})
		}
	})
}

// tally counts what was met. It is safe for concurrent use.
type tally struct {
	mu   sync.Mutex
	each map[string]int
}

func (c *tally) add(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.each == nil {
		c.each = make(map[string]int)
	}
	c.each[what]++
}

func (c *tally) of(what string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.each[what]
}
