package rules

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// IncidentID names the incident of a rule and target whose condition began at
// start, such as "probe_fails_20251229T223500_outbound".
func IncidentID(r longrun.RuleID, target string, start time.Time) string {
	return withTarget(string(r)+"_"+start.UTC().Format("20060102T150405"), target)
}

// maxTargetID is how much of a target stands in an ID; a store's IDs are bounded.
const maxTargetID = 200

// withTarget appends a target to an ID. What a store's ID cannot hold is written
// as in a URL, and a long one ends in a hash, so that different targets stay
// different.
func withTarget(id, target string) string {
	if target == "" {
		return id
	}
	b := append(append(make([]byte, 0, len(id)+1+len(target)), id...), '_')
	valid := utf8.ValidString(target)
	for _, c := range []byte(target) {
		if c == '/' || c == '%' || c < ' ' || c == 0x7f || c >= utf8.RuneSelf && !valid {
			b = fmt.Appendf(b, "%%%02X", c)
		} else {
			b = append(b, c)
		}
	}
	if cut := len(id) + 1 + maxTargetID; len(b) > cut {
		sum := sha256.Sum256([]byte(target))
		b = fmt.Appendf([]byte(strings.ToValidUTF8(string(b[:cut]), "")), "~%x", sum[:8])
	}
	return string(b)
}
