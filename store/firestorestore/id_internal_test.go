package firestorestore

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// takes is what Firestore's documentation says of an ID.
func takes(id string) bool {
	return id != "" && len(id) <= 1500 && !strings.Contains(id, "/") && id != "." && id != ".." && !regexp.MustCompile(`^__[\s\S]*__$`).MatchString(id)
}

func FuzzEscapedIDsAreTakenAndComeBack(f *testing.F) {
	for _, id := range []string{
		"2025-12-29T23-07-00", "a/b", "/", ".", "..", "...", "__x__", "____", "___", "__", "%", "%2F", "%25", "%252F", "%2/", "%%2F",
		"100%", "%2f", "_", "%5F_x__", strings.Repeat("/", 500), strings.Repeat("%2F", 166),
	} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		if id == "" || len(id) > 500 {
			t.Skip("no valid key has it")
		}
		as := escape(id)
		require.True(t, takes(as), "%q as %q", id, as)
		require.Equal(t, id, unescape(as), "%q as %q", id, as)
		if takes(id) && !strings.Contains(id, "%") {
			require.Equal(t, id, as, "an ID that Firestore takes keeps its name")
		}
		// Two IDs share no document: what reads like id is written like it.
		if takes(id) && escape(unescape(id)) != id {
			require.Contains(t, id, "%", "%q is reached under no key", id)
		}
	})
}

func TestWhatTheConsoleShows(t *testing.T) {
	t.Parallel()
	for id, shown := range map[string]string{
		"RUN_web-1_20251229T230700": "RUN_web-1_20251229T230700",
		"rule_user@s.whatsapp.net":  "rule_user@s.whatsapp.net",
		"a/b":                       "a%2Fb",
		"a%2Fb":                     "a%252Fb",
		"100%":                      "100%",
		".":                         "%2E",
		"..":                        "%2E.",
		"__x__":                     "%5F_x__",
	} {
		require.Equal(t, shown, escape(id))
	}
}
