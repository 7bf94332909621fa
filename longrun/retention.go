package longrun

import (
	"fmt"
	"maps"
	"slices"
)

// minRetentionDays returns the collections that may be pruned, and for how long
// each is kept at least: what the engine itself looks back at, and some days more.
func minRetentionDays() map[string]int64 {
	return map[string]int64{"heartbeats": 4, "probes": 35, "incidents": 8, "runs": 8, "outbox": 4, "silences": 1}
}

const maxRetentionDays = 36500

// validateRetention checks Settings.RetentionDays.
func validateRetention(retention map[string]int64) (errs []error) {
	leasts := minRetentionDays()
	for _, name := range slices.Sorted(maps.Keys(retention)) {
		days := retention[name]
		least, ok := leasts[name]
		switch {
		case !ok:
			errs = append(errs, fmt.Errorf("retentionDays %.50q is none of %v", name, slices.Sorted(maps.Keys(leasts))))
		case days < least || days > maxRetentionDays:
			errs = append(errs, fmt.Errorf("retentionDays %s %d is not between %d and %d", name, days, least, maxRetentionDays))
		}
	}
	return errs
}
