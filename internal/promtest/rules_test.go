package promtest_test

import (
	"os"
	"os/exec"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/promtest"
)

const rules = "../../docs/prometheus/longwatch.rules.yml"

func TestTheRulesFireAndKeepQuietAsTheirCasesSay(t *testing.T) {
	t.Parallel()
	promtool := promtest.Program(t, "promtool")
	out, err := exec.CommandContext(t.Context(), promtool, "test", "rules", "../../docs/prometheus/longwatch.rules.test.yml").CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// Both files keep one form for this: an alert that nobody tests is a promise only.
func TestEachAlertHasACaseOfFiringAndOneOfQuiet(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(rules)
	require.NoError(t, err)
	cases, err := os.ReadFile("../../docs/prometheus/longwatch.rules.test.yml")
	require.NoError(t, err)
	alerts := regexp.MustCompile(`- alert: (\w+)`).FindAllStringSubmatch(string(text), -1)
	require.NotEmpty(t, alerts)
	for _, a := range alerts {
		require.Regexp(t, `alertname: `+a[1]+`, exp_alerts: \[\]`, string(cases), "%s is never quiet", a[1])
		require.Regexp(t, `alertname: `+a[1]+`\n +exp_alerts:\n +- exp_labels`, string(cases), "%s never fires", a[1])
	}
}

// A rule about a metric that is not there is quiet for ever.
func TestRulesAndDashboardNameMetricsThatThereAre(t *testing.T) {
	t.Parallel()
	names, err := os.ReadFile("../../longrun/promcollector/testdata/names.txt")
	require.NoError(t, err)
	there := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^(longrun_\w+) (\w+)`).FindAllStringSubmatch(string(names), -1) {
		there[m[1]] = true
		if m[2] == "histogram" {
			there[m[1]+"_bucket"], there[m[1]+"_sum"], there[m[1]+"_count"] = true, true, true
		}
	}
	for _, file := range []string{rules, dashboard} {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		named := regexp.MustCompile(`longrun_\w+`).FindAllString(string(text), -1)
		require.NotEmpty(t, named)
		for _, name := range named {
			require.True(t, there[name], "%s names %s", file, name)
		}
	}
}
