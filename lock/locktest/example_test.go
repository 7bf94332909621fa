package locktest_test

import (
	"testing"

	"github.com/seed-13dc028d/longwatch/lock/locktest"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// A store's whole test that locks over it keep their promises.
func ExampleRun() {
	_ = func(t *testing.T) { // func TestLocks(t *testing.T)
		locktest.Run(t, func(t *testing.T) store.Store {
			st := memstore.New(nil) // yours; close it with t.Cleanup
			return st
		})
	}
	// Output:
}
