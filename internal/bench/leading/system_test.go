package leading

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// lease is everybody's: how long a holder that says nothing keeps others out.
const lease = 3 * time.Second

// system is one way to have a leader: ours, or a peer's.
type system struct {
	name string
	// serve starts what the instances share, and returns where it is. It is called once
	// for each series of rounds.
	serve func(tb testing.TB) string
	// join waits until this process leads, and keeps it so until release.
	join func(ctx context.Context, addr, who string) (release func() error, err error)
}

// systems are all that this binary was built with. Each file adds its own.
func systems() map[string]system {
	all := map[string]system{}
	for _, some := range [][]system{ours(), redisPeers(), heavyPeers()} {
		for _, s := range some {
			all[s.name] = s
		}
	}
	return all
}

// find is the system of a name, which the child processes are told.
func find(name string) (system, error) {
	s, ok := systems()[name]
	if !ok {
		return system{}, fmt.Errorf("there is no system %q in this binary", name)
	}
	return s, nil
}
