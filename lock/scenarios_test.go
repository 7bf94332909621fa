package lock_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// situation is one entry of the list of fault scenarios: what happens, and what holds
// all the same. Beside it the three rules of a world hold in each of them.
type situation struct {
	what, holds string
	// without says why it cannot happen on a kind of store.
	without map[*ground]string
}

// scenario tells a story of the list in a bubble, once on each kind of store on which
// it can happen.
func scenario(t *testing.T, n int, story func(t *testing.T, w *world)) {
	t.Helper()
	onEach(t, n, func(t *testing.T, g *ground) { g.tell(t, story) })
}

// onEach runs a story of the list that is told in real time.
func onEach(t *testing.T, n int, story func(t *testing.T, g *ground)) {
	t.Helper()
	for _, g := range grounds {
		if situations[n-1].without[g] == "" {
			t.Run(g.name, func(t *testing.T) {
				t.Parallel()
				story(t, g)
			})
		}
	}
}

var (
	inProcess  = map[*ground]string{memory: "ends with its process"}
	situations = []situation{
		{"The holder is paused beyond its lease", "its context has ended before its work goes on; what it writes is refused", nil},
		{"A pause between the look at the clock and the call", "the row refuses the write", nil},
		{"A write under way while another takes over, delivered after it", "refused", nil},
		{"A write delivered after the end of trust and before the next grant", "accepted, and ordered before all that the next holder writes", nil},
		{"A renewal whose reply is lost", "the lease and its epoch go on; it is not written twice", nil},
		{"A grant whose reply is lost", "found by its nonce; no epoch is granted twice", nil},
		{"A release whose reply is lost, and a second release", "no error, and the next holder is not disturbed", nil},
		{"A renewal's reply that comes after the end of trust", "trust counts from the start of the attempt", nil},
		{"Errors of the store for less than trust", "no change of leader", nil},
		{"A store that hangs beyond trust", "the context ends in time, whatever the call does", nil},
		{"A release into a store that hangs", "the work ends first, the release with its context", nil},
		{"The leader alone is cut off", "it stops before its follower starts, a lease after the last renewal", nil},
		{"A follower alone is cut off", "no change of leader, and it asks seldom", nil},
		{"All are cut off for ten minutes", "one new leader, with the next epoch", nil},
		{"2, 8 and 50 ask for a lock without a row", "one is granted epoch 1", nil},
		{"2, 8 and 50 take over an expired row", "one is granted the next epoch", nil},
		{"A crash at any phase of the renewals", "succeeded after a lease and at most a second, never before", nil},
		{"A clean release while another waits and watches", "handed over at once", nil},
		{"A clean release that nobody is told of", "handed over within a poll", nil},
		{"A release beside a renewal under way, in either order", "the row ends free", nil},
		{"A release after somebody has taken over", "the new row is left alone", nil},
		{"The row is deleted by hand", "a loss; whoever remembers goes on with the next epoch", nil},
		{"The row is an old one again, or has two owners", "it is left alone, and said", nil},
		{"Clocks of instances that are seconds and minutes off", "nobody takes over early", nil},
		{"A clock is set back, the holder's or the store's", "trust is no longer; a follower comes after a lease all the same", nil},
		{"The store's clock is set forward", "two may believe, and one writes", nil},
		{"Clocks that run 5 % fast and slow", "trust ends before the store would grant another", nil},
		{"The machine is suspended for three hours", "the lease is over at once, though no timer ran", nil},
		{"The same instance asks twice", "the second waits: a lock is not re-entrant", nil},
		{"Two processes with one instance ID", "two owners", nil},
		{"Holder and follower have different leases", "the holder's counts", nil},
		{"A beat lands, its writer dies, and the next leader writes the slot again", "one document, the first one's", nil},
		{"What is committed beside the renewal is refused", "the lease is renewed all the same, and the error is told", nil},
		{"Work that does not listen when it is told to stop", "the lease is kept until it has ended, and then released", nil},
		{"Work that panics", "the lease is released, and the panic goes on", nil},
		{"A context that has ended already", "the store is not asked", nil},
		{"The database is locked by somebody else for less than trust", "tried again; no loss", map[*ground]string{
			memory: "has no lock that outlives a call", firestore: "sees it as number 38",
		}},
		{"Ten followers read as fast as they can", "no renewal of the leader's is refused or repeated", nil},
		{"A thousand grants (dozens on a database), each followed by a crash", "epochs without a gap, in one row", nil},
		{"Processes are frozen and killed at whatever they do", "one chain of what was written, and nothing acknowledged is missing", inProcess},
		{"The row is freed by hand under a living leader", "its writes are refused from then on, and it learns at the next", nil},
		{"All of it at random, for hours", "the three rules hold, and the lock can be had in the end", nil},
	}
)

var update = flag.Bool("update", false, "write SCENARIOS.md anew")

// The list that people read is made from the one that the tests are told by:
//
//	go test ./lock -run TheListOfScenarios -v
//
// prints it, and with -update writes it.
func TestTheListOfScenarios(t *testing.T) {
	t.Parallel()
	tests := testsOfScenarios(t)
	var list strings.Builder
	list.WriteString(aboutTheList)
	for i, s := range situations {
		n := i + 1
		require.NotEmpty(t, tests[n], "scenario %d has no test that is told on each store", n)
		fmt.Fprintf(&list, "| %d | %s | %s |", n, s.what, s.holds)
		for _, g := range grounds {
			if why := s.without[g]; why != "" {
				fmt.Fprintf(&list, " – %s |", why)
				continue
			}
			list.WriteString(" yes |")
		}
		fmt.Fprintf(&list, " %d |\n", tests[n])
	}
	require.Len(t, situations, 42)
	if *update {
		require.NoError(t, os.WriteFile("SCENARIOS.md", []byte(list.String()), 0o600))
	}
	t.Log("\n" + list.String())
	written, err := os.ReadFile("SCENARIOS.md")
	require.NoError(t, err)
	require.Equal(t, list.String(), string(written), "go test ./lock -run TheListOfScenarios -update")
}

const aboutTheList = `# The 42 fault scenarios of the lock

What can happen to whoever holds a lease or waits for one, and what holds all the same.
Each is a test of this package, told on each kind of store on which it can happen: in
memory, on SQLite, on a Postgres server and on Firestore's emulator. Beside what the
table says, three rules are checked at every commit of all but 37, 38 and 40:

1. what is written carries the epoch that is then current, and epochs never fall, skip
   or change hands;
2. at no instant do two instances trust a lease, as long as clocks keep time;
3. nothing is left running.

What it does not show: the stories are told in a bubble where time is made up, so the
age of a document comes from the bubble's clock and not from the database's; that a
database keeps time is storetest's to show. 37, 38 and 40 are in real time. The emulator
is not the service, and a machine without Java or Postgres skips their columns.

    go test ./lock -run Scenario                      runs them
    go test ./lock -run Scenario/./Postgres           on one kind of store
    go test ./lock -run TheListOfScenarios -v         prints this table; with -update, writes it

| | what happens | what holds | memory | SQLite | Postgres | Firestore | tests |
|-:|---|---|---|---|---|---|-:|
`

// testsOfScenarios counts the tests of each scenario that are told by the list: a test
// that names another number than its own does not count.
func testsOfScenarios(t *testing.T) map[int]int {
	t.Helper()
	files, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	name := regexp.MustCompile(`^TestScenario(\d\d)`)
	tests := map[int]int{}
	for _, file := range files {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		for test := range strings.SplitSeq(string(source), "\nfunc ") {
			if found := name.FindStringSubmatch(test); found != nil {
				n, err := strconv.Atoi(found[1])
				require.NoError(t, err)
				if regexp.MustCompile(fmt.Sprintf(`(scenario|onEach|race)\(t, %d,`, n)).MatchString(test) {
					tests[n]++
				}
			}
		}
	}
	return tests
}
