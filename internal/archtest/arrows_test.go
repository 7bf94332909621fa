package archtest

import "slices"

// A row says what the production files of one package may import beside the
// standard library.
type row struct {
	dir  string   // the package, from the module's root
	ours []string // packages of this module
	sdk  string   // the one family of sdks that it wraps
	with []string // general modules
	real []string // names of package time that it may use all the same; see checkClock
}

// programs is the folder whose packages wire everything: they may import all
// but the kits, and need no row.
const programs = "examples"

// arrows is the whole map. They point down, never up, and never sideways
// between implementations; a package that is not written yet has its row
// already.
var arrows = []row{
	// The manual.
	{dir: "."},

	// Vocabulary and contracts: nothing of others, and of ours only how a text is
	// made fit to be shown, and the guard around foreign code.
	{dir: "longrun"},
	{dir: "longrun/metrics"},
	{dir: "store"},
	{dir: "probe", ours: []string{"internal/spawn"}},
	{dir: "alert", ours: []string{"internal/spawn", "internal/visible"}, with: []string{clock}},

	// Counting, judging, proving: pure, each on the vocabulary alone.
	{dir: "longrun/coverage", ours: []string{"longrun"}},
	{dir: "longrun/budget", ours: []string{"longrun"}},
	{dir: "longrun/rules/finding", ours: []string{"longrun"}},
	{dir: "longrun/rules/internal/words"},
	{dir: "longrun/rules/internal/account", ours: []string{"longrun", "longrun/rules/finding", "longrun/rules/internal/words"}},
	{
		dir:  "longrun/rules/internal/traffic",
		ours: []string{"longrun", "longrun/rules/finding", "longrun/rules/internal/words", "longrun/rules/internal/account"},
	},
	{dir: "longrun/rules/internal/host", ours: []string{"longrun", "longrun/budget", "longrun/rules/finding", "longrun/rules/internal/words"}},
	{
		dir: "longrun/rules",
		ours: []string{
			"longrun", "longrun/rules/finding", "longrun/rules/internal/words",
			"longrun/rules/internal/account", "longrun/rules/internal/traffic", "longrun/rules/internal/host",
		},
	},
	// The formats of others: notes and trees as the checksum database has them.
	{dir: "longrun/evidence/internal/canonical"},
	{dir: "longrun/evidence/tree", with: []string{xmod}},
	{
		dir: "longrun/evidence", with: []string{xmod},
		ours: []string{"longrun", "longrun/evidence/internal/canonical", "longrun/evidence/tree"},
	},
	{dir: "longrun/evidence/witness", ours: []string{"longrun/evidence", "longrun/evidence/tree"}, with: []string{clock, xmod}},

	// Built once, on the contracts. The ledger and the lock speak in the store's
	// words (Cursor, Op, ErrNotFound), and whoever calls them may name those.
	{dir: "lock", ours: []string{"store", "internal/deadline", "internal/guardstore", "internal/spawn"}, with: []string{clock, xsync}},
	{
		dir: "longrun/ledger", with: []string{clock},
		ours: []string{"store", "longrun", "longrun/coverage", "longrun/evidence", "longrun/rules", "internal/document", "internal/visible"},
	},
	{
		dir: "longrun/ledger/logbook", with: []string{xmod},
		ours: []string{"longrun/ledger", "longrun", "longrun/evidence", "longrun/evidence/tree", "longrun/evidence/witness", "store"},
	},
	{dir: "longrun/ledger/witnessed", ours: []string{"longrun/ledger", "longrun/evidence/tree", "longrun/evidence/witness", "store"}},
	{
		dir:  "longrun/ledger/retention",
		ours: []string{"longrun/ledger/logbook", "longrun/ledger", "longrun", "longrun/coverage", "longrun/evidence", "store"},
	},
	// What tests of the rooms below longrun share.
	{dir: "longrun/internal/oldseal", ours: []string{"longrun", "longrun/evidence"}},
	{
		dir:  "longrun/internal/logtest",
		ours: []string{"longrun/evidence", "longrun/ledger", "longrun/ledger/logbook", "longrun/ledger/retention", "store"},
	},
	{dir: "longrun/report/chart", ours: []string{"longrun", "longrun/coverage", "internal/figures", "internal/visible"}},
	{
		dir:  "longrun/report",
		ours: []string{"longrun/report/chart", "longrun/ledger", "longrun", "longrun/coverage", "longrun/budget", "internal/document", "internal/figures", "internal/visible"},
	},
	{dir: "longrun/report/table", ours: []string{"longrun", "internal/figures", "internal/visible"}},
	{dir: "longrun/report/badge", ours: []string{"longrun/report", "internal/figures"}},
	{dir: "longrun/verify/internal/ahead", ours: []string{"store", "internal/spawn"}},
	{
		dir: "longrun/verify/internal/chain", with: []string{xmod},
		ours: []string{"longrun/ledger", "longrun", "longrun/evidence", "longrun/verify/internal/ahead", "store"},
	},
	{
		dir: "longrun/verify/internal/logged", with: []string{xmod},
		ours: []string{
			"longrun/ledger", "longrun", "longrun/evidence", "longrun/evidence/tree", "longrun/evidence/witness", "longrun/verify/internal/ahead",
			"store", "internal/spawn",
		},
	},
	{
		dir: "longrun/verify", with: []string{xmod},
		ours: []string{
			"longrun/ledger", "lock", "longrun", "longrun/coverage", "longrun/evidence", "longrun/evidence/witness", "store",
			"longrun/verify/internal/chain", "longrun/verify/internal/logged", "internal/document", "internal/spawn", "internal/visible",
		},
	},

	// The engine knows them all, by their contracts.
	// The rooms of the engine: each is given what it needs, and none knows another
	// but as the map says.
	{
		dir:  "longrun/monitor/internal/hostcall",
		ours: []string{"alert", "probe", "longrun", "internal/chance", "internal/deadline", "internal/spawn", "internal/visible"},
		with: []string{clock},
	},
	{
		dir:  "longrun/monitor/internal/room",
		ours: []string{"longrun", "longrun/ledger", "longrun/monitor/internal/hostcall", "internal/chance", "internal/deadline", "internal/spawn"},
		with: []string{clock},
	},
	{
		dir:  "longrun/monitor/internal/storehealth",
		ours: []string{"store", "longrun/monitor/internal/room", "internal/deadline"},
		with: []string{clock},
	},
	{
		dir: "longrun/monitor/internal/leading",
		ours: []string{
			"store", "lock", "longrun/monitor/internal/room", "longrun/monitor/internal/hostcall", "internal/chance", "internal/deadline",
			"internal/spawn",
		},
		with: []string{clock},
	},
	{
		dir: "longrun/monitor/internal/beats",
		ours: []string{
			"store", "lock", "longrun", "longrun/evidence", "longrun/ledger", "longrun/monitor/internal/room",
			"longrun/monitor/internal/hostcall", "longrun/monitor/internal/leading", "internal/chance", "internal/deadline", "internal/document", "internal/spawn",
		},
	},
	{
		dir: "longrun/monitor/internal/runs",
		ours: []string{
			"store", "lock", "longrun", "longrun/ledger", "longrun/monitor/internal/room", "internal/chance", "internal/deadline", "internal/spawn",
		},
	},
	{
		dir: "longrun/monitor/internal/settings",
		ours: []string{
			"store", "longrun", "longrun/ledger", "longrun/monitor/internal/room", "internal/deadline", "internal/document", "internal/spawn",
		},
	},
	{
		dir: "longrun/monitor/internal/outbox",
		ours: []string{
			"store", "lock", "alert", "longrun", "longrun/ledger", "longrun/rules", "longrun/monitor/internal/room",
			"longrun/monitor/internal/hostcall", "longrun/monitor/internal/leading", "internal/chance", "internal/deadline", "internal/spawn",
		},
		with: []string{clock},
	},
	{dir: "longrun/monitor/internal/memlimit"},
	{
		dir:  "longrun/monitor/internal/measuring",
		ours: []string{"longrun", "longrun/coverage", "longrun/budget", "longrun/metrics", "longrun/monitor/internal/hostcall"},
	},
	{
		dir: "longrun/monitor/internal/alarming",
		ours: []string{
			"store", "alert", "longrun", "longrun/coverage", "longrun/ledger", "longrun/rules", "longrun/monitor/internal/room",
			"longrun/monitor/internal/hostcall", "longrun/monitor/internal/leading", "longrun/monitor/internal/storehealth",
			"longrun/monitor/internal/outbox", "longrun/monitor/internal/causes", "internal/deadline", "internal/spawn",
		},
	},
	{
		dir: "longrun/monitor/internal/causes",
		ours: []string{
			"store", "longrun", "longrun/coverage", "longrun/ledger", "longrun/rules", "longrun/monitor/internal/room",
			"longrun/monitor/internal/hostcall", "internal/deadline",
		},
	},
	{
		dir: "longrun/monitor/internal/probing",
		ours: []string{
			"store", "probe", "longrun", "longrun/ledger", "longrun/rules", "longrun/monitor/internal/room",
			"longrun/monitor/internal/hostcall", "longrun/monitor/internal/leading", "internal/deadline", "internal/spawn",
		},
	},
	{
		dir: "longrun/monitor/internal/closing",
		ours: []string{
			"store", "longrun", "longrun/coverage", "longrun/evidence", "longrun/ledger", "longrun/ledger/logbook", "longrun/ledger/retention", "longrun/monitor/internal/room",
			"longrun/monitor/internal/hostcall", "longrun/monitor/internal/storehealth", "longrun/monitor/internal/leading",
			"internal/deadline", "internal/spawn",
		},
		with: []string{clock},
	},
	{
		dir: "longrun/monitor/internal/anchoring",
		ours: []string{
			"longrun", "longrun/monitor/internal/room", "longrun/monitor/internal/hostcall", "internal/deadline", "internal/spawn",
		},
	},
	{
		dir: "longrun/monitor/internal/cosigning", with: []string{xmod},
		ours: []string{
			"store", "longrun/evidence", "longrun/evidence/witness", "longrun/ledger/logbook", "longrun/monitor/internal/room",
			"longrun/monitor/internal/hostcall", "longrun/monitor/internal/leading", "internal/deadline", "internal/spawn",
		},
	},
	{
		dir: "longrun/monitor",
		ours: []string{
			"longrun/ledger", "lock", "probe", "alert", "longrun", "longrun/coverage", "longrun/evidence", "longrun/evidence/witness", "longrun/metrics", "longrun/rules", "store",
			"internal/chance", "internal/deadline", "internal/guardstore", "internal/spawn",
			"longrun/monitor/internal/room", "longrun/monitor/internal/hostcall", "longrun/monitor/internal/storehealth",
			"longrun/monitor/internal/settings", "longrun/monitor/internal/leading", "longrun/monitor/internal/beats", "longrun/monitor/internal/runs",
			"longrun/monitor/internal/probing", "longrun/monitor/internal/outbox", "longrun/monitor/internal/alarming", "longrun/monitor/internal/closing",
			"longrun/monitor/internal/memlimit", "longrun/monitor/internal/measuring", "longrun/monitor/internal/causes", "longrun/monitor/internal/anchoring",
			"longrun/monitor/internal/cosigning",
		},
		with: []string{clock, xsync},
	},
	{
		dir: "longrun/adminhttp",
		ours: []string{
			"longrun/monitor", "longrun/report", "longrun/report/badge", "longrun/report/table", "longrun/ledger", "lock", "longrun", "longrun/coverage", "longrun/budget", "longrun/evidence",
			"longrun/rules", "store", "internal/visible", "internal/redirect",
			"longrun/adminhttp/internal/request", "longrun/adminhttp/internal/reply",
			"longrun/adminhttp/internal/patience", "internal/turnstile", "internal/entry", "internal/spawn",
		},
		with: []string{clock}, real: []string{"Now"}, // how long to wait for a network
	},
	{
		dir:  "longrun/witnesshttp",
		ours: []string{"longrun/evidence/witness", "internal/redact", "internal/spawn", "internal/turnstile"},
		with: []string{clock}, real: []string{"Now"}, // how long to wait for a network
	},
	// Numbers for Prometheus: the snapshot alone, and the one room that knows its client.
	{dir: "longrun/promcollector", ours: []string{"longrun/metrics", "internal/spawn"}, sdk: "prometheus"},
	{
		dir: "longrun/dashboard",
		ours: []string{
			"longrun/monitor", "longrun/report", "longrun/report/chart", "longrun/ledger", "longrun", "longrun/coverage", "longrun/budget", "longrun/rules", "store",
			"longrun/dashboard/internal/session",
			"internal/entry", "internal/figures", "internal/redirect", "internal/spawn", "internal/turnstile", "internal/visible",
		},
		with: []string{clock}, real: []string{"Now"}, // how long to wait for a network
	},
	{dir: "longrun/dashboard/internal/session", ours: []string{"internal/turnstile"}, with: []string{clock}},
	{
		dir:  "longrun/adminhttp/internal/request",
		ours: []string{"longrun/adminhttp/internal/reply", "longrun/report", "longrun/ledger", "longrun", "longrun/rules", "store"},
	},
	{
		dir:  "longrun/adminhttp/internal/reply",
		ours: []string{"longrun/report", "longrun", "longrun/ledger", "internal/document", "internal/visible", "internal/redirect"},
		real: []string{"Now"}, // how long to wait for a network
	},
	{dir: "longrun/adminhttp/internal/patience", ours: []string{"internal/deadline"}, with: []string{clock}},

	// Implementations: their own contract, what they share, and one SDK. The
	// WhatsApp client also says how its host is, in the vocabulary's words.
	{dir: "store/memstore", ours: []string{"store", "internal/document"}, with: []string{clock}},
	{dir: "store/sqlitestore", ours: []string{"store", "internal/document", "internal/filelock", "internal/spawn"}, sdk: "sqlite", with: []string{clock, xsync}},
	{
		dir:  "store/firestorestore",
		ours: []string{"store", "internal/document", "internal/spawn"}, sdk: "firestore", with: []string{clock, xsync},
		real: []string{"AfterFunc"}, // a server that has gone silent
	},
	{dir: "store/postgresstore", ours: []string{"store", "internal/document", "internal/spawn"}, sdk: "postgres"},
	{dir: "probe/whatsappprobe/internal/masking", sdk: "whatsmeow"},
	{dir: "probe/whatsappprobe/internal/tap", sdk: "whatsmeow"},
	{dir: "probe/whatsappprobe/internal/tally", ours: []string{"longrun"}},
	{
		dir:  "probe/whatsappprobe/internal/tracker",
		ours: []string{"longrun", "probe/whatsappprobe/internal/silence", "probe/whatsappprobe/internal/tally", "probe/whatsappprobe/internal/tap"}, sdk: "whatsmeow", with: []string{clock},
	},
	{dir: "probe/whatsappprobe/internal/memory", ours: []string{"probe/whatsappprobe/internal/tracker"}},
	{dir: "probe/whatsappprobe/internal/replay"},
	{dir: "probe/whatsappprobe/internal/silence"},
	{
		dir:  "probe/whatsappprobe/internal/sending",
		ours: []string{"probe", "probe/whatsappprobe/internal/tracker", "internal/deadline", "internal/spawn"}, sdk: "whatsmeow",
		with: []string{clock},
	},
	{
		dir: "probe/whatsappprobe",
		ours: []string{
			"probe", "longrun", "probe/whatsappprobe/internal/masking", "probe/whatsappprobe/internal/memory", "probe/whatsappprobe/internal/replay", "probe/whatsappprobe/internal/sending",
			"probe/whatsappprobe/internal/tap", "probe/whatsappprobe/internal/tracker", "internal/deadline", "internal/spawn",
		},
		sdk: "whatsmeow", with: []string{clock},
	},
	{
		dir:  "probe/whatsappprobe/linking",
		ours: []string{"probe/whatsappprobe/internal/masking", "probe/whatsappprobe/internal/tap", "internal/spawn"}, sdk: "whatsmeow",
		with: []string{"modernc.org/sqlite"}, // the driver of device files
	},
	{
		dir:  "probe/whatsappprobe/owning",
		ours: []string{"probe/whatsappprobe/internal/masking", "internal/deadline", "internal/spawn"}, sdk: "whatsmeow", with: []string{clock},
	},
	{dir: "alert/internal/exchange", ours: []string{"alert", "internal/redact"}},
	{dir: "alert/internal/layout", ours: []string{"alert"}},
	{dir: "alert/slackalert", ours: []string{"alert", "alert/internal/exchange", "alert/internal/layout"}},
	{dir: "alert/discordalert", ours: []string{"alert", "alert/internal/exchange", "alert/internal/layout"}},
	{dir: "alert/pagerdutyalert", ours: []string{"alert", "alert/internal/exchange", "alert/internal/layout", "internal/visible"}},
	{dir: "alert/ntfyalert", ours: []string{"alert", "alert/internal/exchange", "alert/internal/layout"}},
	{dir: "alert/teamsalert", ours: []string{"alert", "alert/internal/exchange", "alert/internal/layout"}},
	{dir: "alert/pushoveralert", ours: []string{"alert", "alert/internal/exchange", "alert/internal/layout"}},
	{dir: "alert/matrixalert", ours: []string{"alert", "alert/internal/exchange", "alert/internal/layout"}},
	{dir: "alert/telegramalert", ours: []string{"alert", "alert/internal/exchange", "internal/redact"}, sdk: "telegram", with: []string{clock}},
	{
		dir:  "alert/mailalert",
		ours: []string{"alert", "alert/internal/exchange", "alert/internal/layout", "internal/redact"}, sdk: "mail",
	},
	{dir: "alert/shoutrrralert", ours: []string{"alert", "alert/internal/exchange", "internal/redact", "internal/spawn"}, sdk: "shoutrrr"},
	{dir: "alert/webhookalert", ours: []string{"alert", "alert/internal/exchange", "internal/visible"}, with: []string{clock}},
	{dir: "probe/internal/connecting", ours: []string{"probe", "internal/deadline"}, with: []string{clock}},
	{dir: "probe/httpprobe", ours: []string{"probe", "probe/internal/connecting", "internal/redact"}, with: []string{clock}},
	{dir: "probe/tcpprobe", ours: []string{"probe", "probe/internal/connecting", "internal/redact"}, with: []string{clock}},
	{dir: "alert/slogalert", ours: []string{"alert", "internal/visible"}},

	// The attack on all of it: the engine as it is, over a store that it is given.
	{
		dir: "internal/sim",
		ours: []string{
			"longrun/monitor", "longrun/verify", "longrun/ledger", "lock", "probe", "alert", "longrun", "longrun/budget", "longrun/coverage",
			"longrun/evidence", "longrun/rules", "store", "internal/chance", "internal/spawn", "internal/sim/plan",
		},
		with: []string{clock}, real: []string{"Now", "Since", "Until", "Sleep", "NewTimer"}, // a bubble's
	},
	{dir: "internal/sim/plan"},

	// What two packages share.
	{dir: "internal/document", ours: []string{"store"}},
	{dir: "internal/chance", with: []string{clock}},
	{dir: "internal/deadline", with: []string{clock}},
	{dir: "internal/filelock", ours: []string{"store", "internal/deadline"}, with: []string{clock}},
	{dir: "lock/filewitness", ours: []string{"store", "internal/filelock"}, with: []string{clock}},
	{dir: "internal/visible"},
	{dir: "internal/figures"},
	{dir: "internal/past", ours: []string{"longrun", "longrun/coverage", "longrun/ledger", "store"}},
	{dir: "internal/redirect"},
	{dir: "internal/entry", ours: []string{"internal/visible"}},
	{
		dir: "internal/turnstile", with: []string{clock},
		real: []string{"Now", "Since", "NewTimer"}, // connections are the network's
	},
	{dir: "internal/redact", ours: []string{"internal/visible"}},
	{dir: "internal/spawn", with: []string{clock}},
	{dir: "internal/guardstore", ours: []string{"store", "internal/spawn"}, with: []string{clock}},

	// Kits and doubles: their contract, and what tests are made of.
	{dir: "store/storetest", ours: []string{"store"}, with: []string{clock, xsync, testify}},
	{dir: "lock/locktest", ours: []string{"lock", "store", "store/storetest"}, with: []string{clock, xsync, testify, porcupine}},
	{dir: "probe/probetest", ours: []string{"probe"}, with: []string{clock, testify}},
	{
		dir: "probe/whatsapptest", sdk: "whatsmeow", // both ends of its protocol:
		with: []string{"github.com/coder/websocket", "modernc.org/sqlite"}, // the server's transport, and the clients' stores
	},
	{dir: "alert/alerttest", ours: []string{"alert"}, with: []string{clock, testify}},
	{
		dir: "longrun/monitor/internal/leadtest",
		ours: []string{
			"store", "longrun", "longrun/ledger", "longrun/monitor/internal/room", "longrun/monitor/internal/hostcall",
			"longrun/monitor/internal/leading", "internal/deadline",
		},
		with: []string{clock},
	},
	{dir: "deploy"}, // tests only
	{dir: "docs"},   // likewise
	{dir: "internal/archtest"},
	{dir: "internal/drawtest"},
	{dir: "internal/cputime", real: []string{"Now", "Since"}}, // tests only
	{dir: "internal/seedtest"},
	{dir: "internal/recorded"},                    // tests only
	{dir: "probe/whatsappprobe/internal/fifteen"}, // likewise
	{dir: "internal/disktest"},
	{dir: "internal/faultnet"},
	{dir: "internal/promtest"}, // tests only, but for where its programs are
	{dir: "internal/servertest"},
	{dir: "internal/firestoretest", ours: []string{"internal/servertest"}, sdk: "firestore"},
	{dir: "internal/postgrestest", ours: []string{"internal/servertest"}, sdk: "postgres"},
}

// rowOf finds a package's row.
func rowOf(dir string) (row, bool) {
	i := slices.IndexFunc(arrows, func(r row) bool { return r.dir == dir })
	if i < 0 {
		return row{}, false
	}
	return arrows[i], true
}

// outside are the import paths, each with all below it, that r allows.
func (r row) outside() []string { return slices.Concat(r.with, sdks[r.sdk]) }
