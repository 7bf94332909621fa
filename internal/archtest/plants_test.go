package archtest

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// ours is the module of the planted repository.
const ours = "example.org/house"

// source writes a file of one package with its comment, imports and one line.
func source(name, line string, imports ...string) string {
	var b strings.Builder
	b.WriteString("// Package " + name + " is there.\npackage " + name + "\n\nimport (\n")
	for _, importPath := range imports {
		b.WriteString("\t\"" + importPath + "\"\n")
	}
	b.WriteString(")\n\n" + line + "\n")
	return b.String()
}

// house returns a small repository that keeps every rule, and uses every
// freedom that the rules leave: a rule that were too strict would fail here.
func house() fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, text := range map[string]string{
		"go.mod": "module " + ours + "\n\ngo 1.26.0\n",
		"doc.go": source("house", ""),

		"longrun/slot.go":                     source("longrun", "const Interval = time.Minute", "time"),
		"longrun/slot_test.go":                source("longrun_test", "var _ = synctest.Wait", "testing/synctest", testify+"/require"),
		"longrun/slow_test.go":                source("longrun_test", "var _ = time.Sleep", "time"),
		"store/store.go":                      source("store", ""),
		"store/storetest/kit.go":              source("storetest", "var _ = time.Now", "testing", "time", ours+"/store", testify+"/require"),
		"store/memstore/mem.go":               source("memstore", "", clock, ours+"/internal/document", ours+"/store"),
		"store/memstore/mem_test.go":          source("memstore_test", "var _ = os.Getenv", "os", ours+"/lock/locktest", ours+"/store/storetest"),
		"store/firestorestore/store.go":       source("firestorestore", "var _ = time.AfterFunc", "time", "cloud.google.com/go/firestore", "google.golang.org/grpc/codes"),
		"internal/document/document.go":       source("document", "", ours+"/store"),
		"internal/firestoretest/run.go":       source("firestoretest", "var _ = os.Getenv", "os"),
		"internal/faultnet/proxy.go":          source("faultnet", "var _ = time.AfterFunc", "time"),
		"lock/lock.go":                        source("lock", "", xsync+"/errgroup", ours+"/store"),
		"lock/full.go":                        "package lock\n" + strings.Repeat("\n", maxLines-1),
		"lock/locktest/kit.go":                source("locktest", "", ours+"/lock"),
		"probe/whatsappprobe/probe.go":        source("whatsappprobe", "", "go.mau.fi/whatsmeow"),
		"probe/whatsappprobe/linking/pair.go": source("linking", "", "go.mau.fi/whatsmeow"),
		"examples/server/main.go":             source("main", "var _, _, _ = os.Args, time.Now, flag.Bool", "flag", "os", "time", "github.com/caarlos0/env/v11", "go.mau.fi/whatsmeow", ours+"/lock"),
		"examples/internal/demo/demo.go":      source("demo", "", ours+"/probe/whatsapptest"),

		// No part of the module, whatever they say.
		"internal/bench/go.mod":        "module " + ours + "/internal/bench\n",
		"internal/bench/bench.go":      importing("store", "go.mau.fi/whatsmeow"),
		"longrun/testdata/broken.go":   "package store, is it?\n",
		".cache/left/behind.go":        "package store\n",
		"examples/_attic/old/store.go": "package store\n",
	} {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	for i := range maxFiles - 1 { // as many as a room may have
		fsys["longrun/noun"+strconv.Itoa(i)+".go"] = &fstest.MapFile{Data: []byte("package longrun\n")}
	}
	fsys["lock/locktest/go.go"] = &fstest.MapFile{Data: []byte("package locktest\n\nfunc run() { go run() }\n")}
	return fsys
}

func TestARepositoryThatUsesEveryFreedomKeepsEveryRule(t *testing.T) {
	t.Parallel()
	clean, err := readTree(house())
	require.NoError(t, err)
	for _, r := range rules {
		require.Empty(t, r.check(clean), r.name)
	}
}

// A plant is one file put into the house that breaks one rule.
type plant struct {
	rule string
	file string
	text string
	want string // in what the rule says
}

// importing is a file of the package name that imports one path.
func importing(name, importPath string) string {
	return "package " + name + "\n\nimport _ \"" + importPath + "\"\n"
}

// using is a file of the package name that uses one name of another.
func using(name, spec, expression string) string {
	return "package " + name + "\n\nimport " + spec + "\n\nvar _ = " + expression + "\n"
}

const (
	arrowRule       = "a package imports only what its row allows"
	whatsmeowRule   = "only the WhatsApp packages and programs import whatsmeow"
	kitRule         = "no production file imports a kit, testing or testify"
	environmentRule = "only programs and tests read the environment and flags"
	clockRule       = "the library takes its time from the clock it is given"
	sleepRule       = "a test that sleeps sleeps in a bubble"
	nameRule        = "a package name is unique and no SDK's"
	commentRule     = "every package has a package comment"
	oneThingRule    = "a file is about one thing"
	spawnRule       = "a goroutine of the library is started in internal/spawn alone"
	engineRule      = "only the engine's door holds the engine"
	roomRule        = "a room has few files"
)

var plants = []plant{
	{arrowRule, "store/up.go", importing("store", ours+"/longrun"), "store/up.go:3: store may not import"},
	{arrowRule, "longrun/outside.go", importing("longrun", "github.com/benbjohnson/clock"), "longrun/outside.go:3"},
	{arrowRule, "longrun/root.go", importing("longrun", ours), "longrun/root.go:3"},
	{arrowRule, "lock/up.go", importing("lock", ours+"/longrun/monitor"), "lock/up.go:3"},
	{arrowRule, "store/memstore/sideways.go", importing("memstore", ours+"/store/sqlitestore"), "store/memstore/sideways.go:3"},
	{arrowRule, "store/memstore/sdk.go", importing("memstore", "modernc.org/sqlite"), "store/memstore/sdk.go:3"},
	{arrowRule, "store/firestorestore/two.go", importing("firestorestore", "modernc.org/sqlite"), "store/firestorestore/two.go:3"},
	{arrowRule, "store/storetest/kit2.go", importing("storetest", ours+"/store/memstore"), "store/storetest/kit2.go:3"},
	{arrowRule, "lock/prefix.go", importing("lock", "golang.org/x/synctools"), "lock/prefix.go:3"},
	{arrowRule, "lock/helpers/helpers.go", "// Package helpers is new.\npackage helpers\n", "lock/helpers: has no row"},

	{whatsmeowRule, "lock/wa.go", importing("lock", "go.mau.fi/whatsmeow/types"), "lock/wa.go:3"},
	{whatsmeowRule, "store/wa_test.go", importing("store_test", "go.mau.fi/whatsmeow"), "store/wa_test.go:3"},
	{whatsmeowRule, "store/signal_test.go", importing("store_test", "go.mau.fi/libsignal/ecc"), "store/signal_test.go:3"},

	{kitRule, "lock/kit.go", importing("lock", ours+"/lock/locktest"), "lock/kit.go:3"},
	{kitRule, "lock/net.go", importing("lock", ours+"/internal/faultnet"), "lock/net.go:3"},
	{kitRule, "lock/testing.go", importing("lock", "testing"), "lock/testing.go:3"},
	{kitRule, "lock/bubble.go", importing("lock", "testing/synctest"), "lock/bubble.go:3"},
	{kitRule, "lock/http.go", importing("lock", "net/http/httptest"), "lock/http.go:3"},
	{kitRule, "lock/conn.go", importing("lock", "google.golang.org/grpc/test/bufconn"), "lock/conn.go:3"},
	{kitRule, "lock/require.go", importing("lock", "github.com/stretchr/testify/require"), "lock/require.go:3"},
	{kitRule, "examples/server/kit.go", importing("main", ours+"/store/storetest"), "examples/server/kit.go:3"},
	{kitRule, "probe/whatsappprobe/kit.go", importing("whatsappprobe", ours+"/probe/whatsapptest"), "probe/whatsappprobe/kit.go:3"},

	{environmentRule, "lock/env.go", using("lock", `"os"`, "os.Getenv"), "lock/env.go:5: uses os.Getenv"},
	{environmentRule, "lock/lookup.go", using("lock", `system "os"`, "system.LookupEnv"), "lock/lookup.go:5"},
	{environmentRule, "lock/args.go", using("lock", `. "os"`, "Args"), "lock/args.go:3: uses os.."},
	{environmentRule, "lock/flag.go", using("lock", `"flag"`, "flag.Bool"), "lock/flag.go:5"},
	{environmentRule, "lock/locktest/env.go", using("locktest", `"os"`, "os.Environ()"), "lock/locktest/env.go:5"},

	{clockRule, "lock/now.go", using("lock", `"time"`, "time.Now"), "lock/now.go:5: uses time.Now"},
	{clockRule, "lock/after.go", using("lock", `wall "time"`, "wall.After(1)"), "lock/after.go:5"},
	{clockRule, "lock/later.go", using("lock", `"time"`, "time.AfterFunc"), "lock/later.go:5"},
	{clockRule, "store/firestorestore/now.go", using("firestorestore", `"time"`, "time.Now"), "store/firestorestore/now.go:5"},
	{clockRule, "longrun/now.go", using("longrun", `. "time"`, "Now()"), "longrun/now.go:3"},

	{sleepRule, "lock/sleep_test.go", "package lock_test\n\nimport \"time\"\n\nfunc init() { time.Sleep(1) }\n", "lock/sleep_test.go:5"},

	{nameRule, "internal/lock/lock.go", "// Package lock is another.\npackage lock\n", "lock: package lock is the name of internal/lock too"},
	{nameRule, "store/firestore/store.go", "// Package firestore wraps firestore.\npackage firestore\n", "is the name of cloud.google.com/go/firestore too"},
	{nameRule, "probe/probe.go", "// Package prober is misnamed.\npackage prober\n", "probe: package prober, not probe"},

	{commentRule, "probe/probe.go", "package probe\n", "probe: no package comment"},
	{commentRule, "probe/probe.go", "// Probing is fun.\npackage probe\n", "probe: no package comment"},
	{commentRule, "probe/probe_test.go", "// Package probe is tests only.\npackage probe\n", "probe: no package comment"},
	{commentRule, "examples/server/main.go", "package main\n", "examples/server: no package comment"},

	{spawnRule, "lock/go.go", "package lock\n\nfunc run() { go run() }\n", "lock/go.go:3: a go statement"},
	{spawnRule, "lock/group.go", using("lock", `"golang.org/x/sync/errgroup"`, "errgroup.Group{}"), "lock/group.go:5"},
	{engineRule, "longrun/monitor/internal/beats/up.go", importing("beats", ours+"/longrun/monitor"), "longrun/monitor/internal/beats/up.go:3"},
	{roomRule, "longrun/fifteenth.go", "package longrun\n", "longrun: 15 files, at most 14"},

	{oneThingRule, "lock/long.go", "package lock\n" + strings.Repeat("\n", maxLines), "lock/long.go: 451 lines"},
	{oneThingRule, "lock/long_test.go", "package lock\n" + strings.Repeat("\n", maxLines), "lock/long_test.go: 451 lines"},
}

func TestEveryRuleCatchesWhatItIsFor(t *testing.T) {
	t.Parallel()
	check := map[string]func(*tree) []string{}
	for _, r := range rules {
		check[r.name] = r.check
	}
	planted := map[string]bool{}
	for _, p := range plants {
		planted[p.rule] = true
		t.Run(p.file+" breaks "+p.rule, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, check, p.rule)
			fsys := house()
			fsys[p.file] = &fstest.MapFile{Data: []byte(p.text)}
			spoilt, err := readTree(fsys)
			require.NoError(t, err)
			broken := check[p.rule](spoilt)
			require.Len(t, broken, 1, "one plant, one thing broken: %v", broken)
			require.Contains(t, broken[0], p.want)
		})
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(check)), slices.Collect(maps.Keys(planted)), "a rule without a plant, or the other way round")
}

// Every pair of packages that the map knows: an import that no row lists is
// caught, whatever the two are. It is what keeps "nothing else" true.
func TestEveryArrowThatTheMapLacksIsCaught(t *testing.T) {
	t.Parallel()
	for _, from := range arrows {
		for _, to := range arrows {
			tr := &tree{module: ours, packages: []*pkg{{dir: from.dir, files: []*file{{
				path:    from.dir + "/planted.go",
				imports: []ref{{path: strings.TrimSuffix(ours+"/"+to.dir, "/."), line: 3}},
			}}}}}
			if slices.Contains(from.ours, to.dir) {
				require.Empty(t, checkArrows(tr), "%s → %s", from.dir, to.dir)
			} else {
				require.Len(t, checkArrows(tr), 1, "%s → %s", from.dir, to.dir)
			}
		}
	}
}

func TestATreeThatCannotBeReadIsAnError(t *testing.T) {
	t.Parallel()
	_, err := readTree(fstest.MapFS{})
	require.Error(t, err, "no go.mod")
	_, err = readTree(fstest.MapFS{"go.mod": {Data: []byte("go 1.26.0\n")}})
	require.Error(t, err, "no module line")
	fsys := house()
	fsys["lock/broken.go"] = &fstest.MapFile{Data: []byte("package lock\n\nfunc {\n")}
	_, err = readTree(fsys)
	require.Error(t, err, "no Go")
}
