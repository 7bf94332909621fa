package main

import (
	"cmp"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	environ "github.com/seed-13dc028d/longwatch/examples/internal/environment"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

var update = flag.Bool("update", false, "write docs/reference.md anew")

var root = filepath.Join("..", "..")

const heading = `# Reference

Made from the code by ` + "`go test ./examples/server -run Reference -update`" + `, and held to it by the same test.

`

func TestTheReferenceIsWhatTheCodeSays(t *testing.T) {
	t.Parallel()
	path := filepath.Join(root, "docs", "reference.md")
	want := heading + variablesTable(t) + "\n" + rulesTable(t) + "\n" + settingsTable(t)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(want), 0o600))
	}
	have, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, want, string(have), "go test ./examples/server -run Reference -update")
}

// row is one variable of the usage.
type row struct{ name, standard, meaning string }

// The columns of the usage, in characters.
const meaningAt = 43

func usageRows() (rows []row) {
	begins := regexp.MustCompile(`^  ([A-Z][A-Z0-9_]+) +(.*)$`)
	for line := range strings.Lines(usage) {
		line = strings.TrimRight(line, "\n")
		runes := []rune(line)
		switch found := begins.FindStringSubmatch(line); {
		case found != nil:
			r := row{name: found[1], standard: found[2]}
			if len(runes) > meaningAt && runes[meaningAt-1] == ' ' && runes[meaningAt] != ' ' {
				r.standard = strings.TrimSpace(string(runes[2+len(r.name) : meaningAt]))
				r.meaning = string(runes[meaningAt:])
			}
			rows = append(rows, r)
		case len(rows) > 0 && strings.HasPrefix(line, strings.Repeat(" ", meaningAt-3)):
			r := &rows[len(rows)-1]
			r.meaning = strings.TrimSpace(r.meaning + " " + strings.TrimSpace(line))
		case len(rows) > 0 && line == "":
			return rows
		}
	}
	return rows
}

func variablesTable(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("## The server's variables\n\nEverything has a default. Anything else that begins with `LONGRUN_` is refused, and exit code 2 says what was wrong.\n\n")
	b.WriteString("| variable | default | |\n|---|---|---|\n")
	rows := usageRows()
	for _, r := range rows {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", r.name, cell(r.standard), cell(r.meaning))
	}
	var said []string
	for _, r := range rows {
		said = append(said, r.name)
		if strings.HasPrefix(r.name, "LONGRUN_") {
			require.True(t, environ.Known(r.name), "%s is told and refused", r.name)
		}
	}
	read := variablesOf(reflect.TypeFor[config]())
	slices.Sort(said)
	slices.Sort(read)
	require.Equal(t, read, said, "what the server reads, and what --help tells")
	return b.String()
}

// variablesOf are those that the fields of a configuration are read from.
func variablesOf(typ reflect.Type) (names []string) {
	for f := range typ.Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("env"), ","); name != "" {
			names = append(names, name)
		} else if f.Type.Kind() == reflect.Struct && f.IsExported() {
			names = append(names, variablesOf(f.Type)...)
		}
	}
	return names
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// needs says what each rule judges; without it nothing comes of the rule.
var needs = map[longrun.RuleID]string{
	rules.MissedHeartbeats: "heartbeats", rules.InstanceDied: "documents of runs", rules.StoreUnreachable: "nothing: each instance looks by itself",
	rules.InsufficientData: "heartbeats of 24 h", rules.ProbeFails: "a probe", rules.ProbeOverdue: "a probe with a period",
	"budget_burn": "heartbeats and `targets`", "status_unknown": "`Config.Status`", "host_unhealthy": "`HostStatus.Healthy`",
	"too_few_accounts": "`HostStatus.Connected` and `expectedAccounts`", "queue_depth": "`HostStatus.QueueDepth`", "memory_growth": "a limit of memory, and heartbeats of 24 h",
	"client_old": "`HostStatus.ClientBuilt`", "client_outdated": "`HostStatus.ClientBuilt`, or an account whose `State` is outdated",
	"not_connected": "`AccountStatus.State` and `Away`", "logged_out": "`AccountStatus.LoggedOut`", "reconnect_loop": "`AccountStatus.Reconnects`",
	"banned": "`AccountStatus.Banned`", "restricted": "`AccountStatus.Restricted`", "session_replaced": "`AccountStatus.Replaced`",
	"phone_unseen": "`AccountStatus.PhoneSeen`", "phone_lost": "`AccountStatus.PhoneSeen`",
	"undecryptable": traffic, "no_ack": traffic, "undelivered": traffic, "sent_to_nobody": traffic,
	"phone_without_copy": traffic, "replay_lost": traffic, "device_store": traffic, "handler_lag": traffic,
}

const traffic = "`AccountStatus.Traffic`"

func rulesTable(t *testing.T) string {
	t.Helper()
	read := readRules(t)
	defaults := thresholds(t)
	used := map[string]bool{"ThrottleSec": true, "FleetAccounts": true} // of all rules
	var b strings.Builder
	b.WriteString("## The rules\n\nIn the order in which they are judged. `rulesOff` of the settings turns one off. Thresholds are fields of `alertThresholds`, with their defaults for slots of a minute.\n\n")
	b.WriteString("| rule | severity | finds | thresholds | needs |\n|---|---|---|---|---|\n")
	for _, r := range rules.All() {
		require.NotEmpty(t, needs[r.ID], "say in needs what %s judges", r.ID)
		about := read[r.ID]
		require.NotEmpty(t, about.finds, r.ID)
		var limits []string
		for _, name := range about.thresholds {
			used[name] = true
			limits = append(limits, defaults[name])
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", r.ID, r.Severity, cell(about.finds), cmp.Or(strings.Join(limits, ", "), "–"), needs[r.ID])
	}
	require.Len(t, needs, len(rules.All()), "needs names a rule that is none")
	for name := range defaults {
		require.True(t, used[name], "no rule was seen to use %s", name)
	}
	fmt.Fprintf(&b, "\nOf all rules: %s, %s.\n", defaults["ThrottleSec"], defaults["FleetAccounts"])
	return b.String()
}

// thresholds are the fields of AlertThresholds with their defaults, as settings name
// them.
func thresholds(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	standard := reflect.ValueOf(longrun.DefaultAlertThresholds(time.Minute))
	for i := range standard.NumField() {
		f := standard.Type().Field(i)
		all[f.Name] = fmt.Sprintf("`%s` %v", f.Tag.Get("json"), standard.Field(i).Interface())
	}
	return all
}

// ruleSource is what the file of a rule says of it.
type ruleSource struct {
	finds      string
	thresholds []string
}

// readRules reads the files of the rules: each begins with the constant that names it.
func readRules(t *testing.T) map[longrun.RuleID]ruleSource {
	t.Helper()
	found := map[longrun.RuleID]ruleSource{}
	fields := thresholds(t)
	err := fs.WalkDir(os.DirFS(root), "longrun/rules", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, path), nil, parser.ParseComments)
		if err != nil {
			return err
		}
		docs := map[string]string{}
		var id longrun.RuleID
		var s ruleSource
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				docs[d.Name.Name] = d.Doc.Text()
			case *ast.GenDecl:
				if spec, ok := d.Specs[0].(*ast.ValueSpec); ok && d.Tok == token.CONST && spec.Type != nil && isRuleID(spec.Type) {
					literal, ok := spec.Values[0].(*ast.BasicLit)
					require.True(t, ok, path)
					name, err := strconv.Unquote(literal.Value)
					require.NoError(t, err, path)
					id, s.finds = longrun.RuleID(name), d.Doc.Text()
				}
			}
		}
		if id == "" {
			return nil
		}
		if check := regexp.MustCompile(`said at (Check\w+)`).FindStringSubmatch(s.finds); check != nil {
			require.NotEmpty(t, docs[check[1]], path)
			s.finds = docs[check[1]]
		}
		s.finds = sentence(s.finds)
		ast.Inspect(file, func(n ast.Node) bool {
			if selector, ok := n.(*ast.SelectorExpr); ok && fields[selector.Sel.Name] != "" && !slices.Contains(s.thresholds, selector.Sel.Name) {
				s.thresholds = append(s.thresholds, selector.Sel.Name)
			}
			return true
		})
		found[id] = s
		return nil
	})
	require.NoError(t, err)
	return found
}

func isRuleID(typ ast.Expr) bool {
	selector, ok := typ.(*ast.SelectorExpr)
	return ok && selector.Sel.Name == "RuleID"
}

// sentence is the first one of a comment, without the name that it begins with.
func sentence(doc string) string {
	doc = strings.Join(strings.Fields(doc), " ")
	doc, _, _ = strings.Cut(doc+" ", ". ")
	if _, rest, ok := strings.Cut(doc, " names the rule that "); ok {
		doc = rest
	} else if _, rest, ok := strings.Cut(doc, " "); ok {
		doc = rest
	}
	for _, judged := range []string{"is Bad when ", "is Bad while "} {
		doc = strings.TrimPrefix(doc, judged)
	}
	return strings.TrimSpace(doc)
}

// settingsTable lists the fields of the settings beside the thresholds.
func settingsTable(t *testing.T) string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, "longrun", "settings.go"), nil, parser.ParseComments)
	require.NoError(t, err)
	var b strings.Builder
	b.WriteString("## The settings\n\nLive, in the document `config/current`: `GET` and `PUT …/config` of the admin API. `ts` and `updatedBy` are written by the server.\n\n| field | |\n|---|---|\n")
	rows := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok || spec.Name.Name != "Settings" {
			return true
		}
		for _, f := range spec.Type.(*ast.StructType).Fields.List {
			tag, err := strconv.Unquote(f.Tag.Value)
			require.NoError(t, err)
			name := reflect.StructTag(tag).Get("json")
			if name == "ts" || name == "updatedBy" {
				continue
			}
			text := strings.Join(strings.Fields(f.Doc.Text()), " ")
			text = strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(text, f.Names[0].Name), " is "), " are ")
			fmt.Fprintf(&b, "| `%s` | %s |\n", name, cell(text))
			rows++
		}
		return false
	})
	require.Greater(t, rows, 5)
	return b.String()
}
