// Package environment reads what the programs are told by variables: it takes the
// white space off secrets, and refuses what nobody can have meant.
//
// It does not know what a value means, and its errors contain none.
package environment

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seed-13dc028d/longwatch/longrun/adminhttp"
)

// prefix is that of the variables that are ours alone: one that begins with it and
// is not known is a slip of the pen.
const prefix = "LONGRUN_"

// known are all of them, whichever program reads it.
func known() []string {
	return []string{
		"LONGRUN_STORE", "LONGRUN_ROOT", "LONGRUN_INTERVAL", "LONGRUN_LEASE", "LONGRUN_WITNESS", "LONGRUN_INSTANCE_ID", "LONGRUN_COMMIT", "LONGRUN_JOURNAL",
		"LONGRUN_ADDR", "LONGRUN_LOG_LEVEL", "LONGRUN_LOG_FORMAT", "LONGRUN_OPEN_BADGE", "LONGRUN_EVIDENCE_KEY", "LONGRUN_WEBHOOK_URL", "LONGRUN_WEBHOOK_SECRET",
		"LONGRUN_HEALTHCHECKS_URL", "LONGRUN_PING_URL", "LONGRUN_PING_METHOD", "LONGRUN_ANCHOR_ALERTS", "LONGRUN_BASE_URL",
		"LONGRUN_PROBE_URL", "LONGRUN_PROBE_EVERY",
		"LONGRUN_ORIGIN", "LONGRUN_COSIGNERS", "LONGRUN_COSIGN_KEY", "LONGRUN_COSIGN_NAME", "LONGRUN_COSIGN_LOGS",
		"LONGRUN_SERVICE", "LONGRUN_ZONE", "LONGRUN_METRICS",
		"LONGRUN_SLACK_WEBHOOK", "LONGRUN_DISCORD_WEBHOOK", "LONGRUN_TEAMS_WEBHOOK", "LONGRUN_PAGERDUTY_KEY", "LONGRUN_PAGERDUTY_URL", "LONGRUN_NTFY_TOPIC", "LONGRUN_NTFY_SERVER",
		"LONGRUN_NTFY_TOKEN", "LONGRUN_PUSHOVER_TOKEN", "LONGRUN_PUSHOVER_USER", "LONGRUN_MATRIX_SERVER", "LONGRUN_MATRIX_TOKEN", "LONGRUN_MATRIX_ROOM",
		"LONGRUN_MAIL_SERVER", "LONGRUN_MAIL_FROM", "LONGRUN_MAIL_TO", "LONGRUN_MAIL_USER", "LONGRUN_MAIL_PASSWORD", "LONGRUN_SHOUTRRR_URLS", "LONGRUN_ROUTES",
	}
}

// ofTests begin the variables of the tests, in the shell of whoever runs them.
func ofTests() []string { return []string{"LONGRUN_REQUIRE_", "LONGRUN_TEST_"} }

// Known reports whether a variable that begins with LONGRUN_ is one of ours.
func Known(name string) bool {
	return slices.Contains(known(), name) || slices.ContainsFunc(ofTests(), func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// secrets are the variables whose values are secret, and how long each is at
// least. An address may contain a secret and has its own form.
func secrets() map[string]int {
	return map[string]int{
		"ADMIN_TOKEN": adminhttp.MinToken, "TELEGRAM_BOT_TOKEN": adminhttp.MinToken, "LONGRUN_WEBHOOK_SECRET": adminhttp.MinToken, "LONGRUN_EVIDENCE_KEY": adminhttp.MinToken,
		"LONGRUN_WEBHOOK_URL": 0, "LONGRUN_HEALTHCHECKS_URL": 0, "LONGRUN_PING_URL": 0,
		"LONGRUN_SLACK_WEBHOOK": 0, "LONGRUN_DISCORD_WEBHOOK": 0, "LONGRUN_TEAMS_WEBHOOK": 0, "LONGRUN_NTFY_TOPIC": 0, "LONGRUN_MAIL_PASSWORD": 0, "LONGRUN_SHOUTRRR_URLS": 0,
		"LONGRUN_PAGERDUTY_KEY": adminhttp.MinToken, "LONGRUN_NTFY_TOKEN": adminhttp.MinToken, "LONGRUN_PUSHOVER_TOKEN": adminhttp.MinToken,
		"LONGRUN_PUSHOVER_USER": adminhttp.MinToken, "LONGRUN_MATRIX_TOKEN": adminhttp.MinToken,
		"LONGRUN_PROBE_URL": 0, "LONGRUN_COSIGN_KEY": adminhttp.MinToken, "LONGRUN_COSIGNERS": 0,
	}
}

// Clean returns the environment with the white space off its secrets: a line feed
// at the end of a file is no part of one. The error joins everything that is
// wrong: a secret that is set and has nothing in it, or too little, and a LONGRUN_
// variable that is none.
func Clean(environment map[string]string) (map[string]string, error) {
	clean := maps.Clone(environment)
	var errs []error
	lengths := secrets()
	for _, name := range slices.Sorted(maps.Keys(lengths)) {
		value, set := clean[name]
		if !set {
			continue
		}
		value = strings.TrimSpace(value)
		clean[name] = value
		switch {
		case value == "":
			errs = append(errs, fmt.Errorf("%s is set and has nothing in it; unset it where none is meant", name))
		case len(value) < lengths[name]:
			errs = append(errs, fmt.Errorf("%s has %d characters, and %d are the least: a shorter one is guessed", name, len(value), lengths[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(clean)) {
		if strings.HasPrefix(name, prefix) && !Known(name) {
			errs = append(errs, errors.New(unknown(name)))
		}
	}
	return clean, errors.Join(errs...)
}

// unknown says what may have been meant.
func unknown(name string) string {
	const near = 4 // more slips than that make another word
	best, distance := "", near+1
	for _, other := range known() {
		if d := slips(name[len(prefix):], other[len(prefix):]); d < distance {
			best, distance = other, d
		}
	}
	text := fmt.Sprintf("%.60s is no variable of ours", strings.ToValidUTF8(name, "?"))
	if best != "" && distance < max(len(best), len(name))-len(prefix) {
		text += "; did you mean " + best + "?"
	}
	return text
}

// slips counts the letters that are to be added, taken away or replaced to make
// one word of another.
func slips(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
