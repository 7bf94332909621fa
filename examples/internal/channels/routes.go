package channels

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// routes reads LONGRUN_ROUTES: what is for whom, split by semicolons, each as
// WHAT=CHANNEL,CHANNEL, where WHAT is a severity, a rule, target:NAME, or default.
func (c Config) routes() (ways []alert.Way, fallback []string, err error) {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("LONGRUN_ROUTES: "+format, args...))
	}
	for part := range strings.SplitSeq(c.Routes, ";") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		what, channels, ok := strings.Cut(part, "=")
		what = strings.TrimSpace(what)
		to := list(channels)
		if !ok || len(to) == 0 {
			bad("%.40q is not of the form critical=slack,mail", part)
			continue
		}
		target, isTarget := strings.CutPrefix(what, "target:")
		switch {
		case what == "default":
			fallback = append(fallback, to...)
		case what == string(longrun.Critical) || what == string(longrun.Warning):
			ways = append(ways, alert.Way{Severities: []string{what}, Channels: to})
		case isTarget && target != "":
			ways = append(ways, alert.Way{Targets: []string{target}, Channels: to})
		case slices.Contains(rules.Rules(), longrun.RuleID(what)):
			ways = append(ways, alert.Way{Rules: []string{what}, Channels: to})
		default:
			bad("%.40q is neither critical, warning, default, target:NAME nor a rule", what)
		}
	}
	return ways, fallback, errors.Join(errs...)
}
