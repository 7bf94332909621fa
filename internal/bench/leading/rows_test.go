package leading

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/bench/table"
)

func TestRows(t *testing.T) { //nolint:paralleltest // it measures
	table.Asked(t)
	peers := slices.DeleteFunc([]string{"etcd v3.7.3 concurrency", "client-go v0.37.2 leaderelection", redsyncName}, func(name string) bool {
		_, err := find(name)
		return err != nil
	})
	var rows []table.Row
	rows = append(rows, handoverRows(t, peers)...)
	rows = append(rows, crashRows(t, peers)...)
	rows = append(rows, scheduleRows(t)...)
	table.Add(t, rows...)
}

// each measures in a sub-test, so that what cannot be had here leaves out its own rows.
func each[T any](t *testing.T, names []string, measure func(t *testing.T, name string) T) map[string]T {
	t.Helper()
	all := map[string]T{}
	for _, name := range names {
		t.Run(name, func(t *testing.T) { all[name] = measure(t, name) })
	}
	return all
}

func handoverRows(t *testing.T, peers []string) (rows []table.Row) {
	t.Helper()
	cells := each(t, append([]string{proven}, peers...), func(t *testing.T, name string) table.Cell {
		s, err := find(name)
		require.NoError(t, err)
		return table.Times(rounds(t, s, table.Rounds(), released))
	})
	for _, peer := range peers {
		if theirs, ok := cells[peer]; ok {
			rows = append(rows, table.Row{
				Part: "From the holder's giving it back to the next one's leading", What: "clean hand-over between two processes: SQLite",
				Peer: peer, Ours: cells[proven], Theirs: theirs, Note: durations,
				Behind: "etcd's server tells who waits, and redsync asks redis 4 to 20 times a second; ours is a file, which who waits looks at. Where a server pushes (Postgres, Firestore) ours is told as well.",
			})
		}
	}
	return rows
}

const durations = "Leases of 3 s, and what follows from them by each one's own defaults: longwatch renews after 1.5 s; etcd has a TTL of 3 s; " +
	"client-go 3, 2 and 0.4 s with ReleaseOnCancel, over HTTP to an API server in memory that refuses old versions; redsync asks each 50 to 250 ms and is extended each second. " +
	"As they come, a crash costs: longwatch nothing but milliseconds on one machine with SQLite, else a lease of 120 s (the monitor's is two slots, 2 min for slots of a minute); etcd 60 s; " +
	"client-go 15 s and up to twice 4.4 s; redsync 8 s and 0.25 s. A shorter lease is a setting everywhere."

func crashRows(t *testing.T, peers []string) (rows []table.Row) {
	t.Helper()
	cells := each(t, append([]string{proven, leased}, peers...), func(t *testing.T, name string) table.Cell {
		s, err := find(name)
		require.NoError(t, err)
		return table.Times(kills(t, s, table.Rounds()))
	})
	for _, mine := range []struct{ what, name string }{
		{"kill -9, one machine: SQLite, proof of death", proven},
		{"kill -9, as across machines: SQLite, the lease alone", leased},
	} {
		for _, peer := range peers {
			if theirs, ok := cells[peer]; ok {
				rows = append(rows, table.Row{
					Part: "From the kill of the holder to the next one's leading, leases of 3 s", What: mine.what,
					Peer: peer, Ours: cells[mine.name], Theirs: theirs, Note: durations,
					Behind: "Both wait for the lease, and what is left of it when the holder dies depends on when it renewed last: etcd and redsync here each second, ours each half of the lease, " +
						"so that idling costs half as much.",
				})
			}
		}
	}
	return rows
}

func scheduleRows(t *testing.T) (rows []table.Row) {
	t.Helper()
	names := []string{proven, leased, lockerName}
	for _, s := range electors() {
		names = append(names, s.name)
	}
	slots, events := minute()
	outcomes := each(t, names, func(t *testing.T, name string) outcome {
		o := history(t, schedules()[name], slots, events)
		t.Logf("%s: %+v", name, o)
		return o
	})
	part := fmt.Sprintf("%d slots of a second, three instances; whoever works is killed twice and stopped twice for %v", slots, pause)
	count := func(n int) table.Cell { return table.Count(float64(n), "slots", slots) }
	for _, mine := range []struct{ what, name string }{{"SQLite, proof of death", proven}, {"SQLite, the lease alone", leased}} {
		us, ok := outcomes[mine.name]
		for _, peer := range names[2:] {
			them, had := outcomes[peer]
			if !ok || !had {
				continue
			}
			note := "Ours is the monitor with its default lease for such slots, 4 s; the elector's session has a TTL of 3 s. What each does in a slot is to write that down; ours counts as done with its beat in the store, " +
				"and as doubled also where AfterBeat was called twice. gocron's own modules for Redis and etcd were not to be had; each is replaced by the same few calls of redsync and etcd. " +
				"gocron documents that a Locker, which holds the lock while the job runs, may run it again on another instance (go-co-op/gocron#841)."
			rows = append(
				rows,
				table.Row{
					Part: part, What: "doubled: " + mine.what, Peer: peer, Ours: count(us.doubled), Theirs: count(them.doubled), Note: note,
					Behind: "Unfenced effects may happen twice when a stopped instance wakes.",
				},
				table.Row{
					Part: part, What: "empty: " + mine.what, Peer: peer, Ours: count(us.empty), Theirs: count(them.empty), Note: note,
					Behind: "With a lock for each run there is no leader whose lease must end when it is stopped, and the price is the doubled slots; an elector is better by its shorter lease. " +
						"A stopped process cannot be told from a slow one, and a leader with a shorter lease is lost in shorter outages of the store.",
				},
			)
		}
	}
	return rows
}
