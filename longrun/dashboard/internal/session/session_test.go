package session_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun/dashboard/internal/session"
)

var now = time.Unix(1767049620, 0)

// FuzzForgedSession: what was not made with the key is no session, whatever was made
// with it before.
func FuzzForgedSession(f *testing.F) {
	key, other := session.NewKey("the token of the fuzzed"), session.NewKey("another token of it")
	// The only session that was ever made with this key: what is tried may come from
	// another process, or from an earlier run.
	const good = "1767053220.VwBk7W8KkTl7-VbQquaK-Q.Q_5z5Adw9VV6e79PzIA1QZVigCoBnE4hwyZ6dn_th9c"
	require.True(f, key.Holds(good, now))
	body := good[:strings.LastIndexByte(good, '.')]
	for _, s := range []string{
		"", ".", "..", good + "x", good[:len(good)-1], body, body + ".", "9" + good, " " + good, good + "\x00", strings.ToUpper(good), "99999999999.AAAA." + key.Form(body),
		other.New(now.Add(time.Hour)), body + "." + key.Form(body), strings.Replace(good, ".", "..", 1), strings.Repeat("9", 300) + good,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, forged string) {
		if forged != good && key.Holds(forged, now) {
			t.Fatalf("%q passes", forged)
		}
		if key.IsForm(forged, good) && forged != key.Form(good) {
			t.Fatalf("%q passes for a form", forged)
		}
		without := session.NewKey("")
		require.False(t, without.Holds(forged, now))
	})
}

func TestASessionHoldsUntilItsEndAndForItsKeyAlone(t *testing.T) {
	t.Parallel()
	key := session.NewKey("the token of a test")
	s := key.New(now.Add(time.Hour))
	require.True(t, key.Holds(s, now))
	require.True(t, session.NewKey("the token of a test").Holds(s, now.Add(time.Hour-time.Second)), "of another instance")
	require.False(t, key.Holds(s, now.Add(time.Hour)))
	require.False(t, session.NewKey("the token of a tes").Holds(s, now))
	require.False(t, key.Holds(session.NewKey("").New(now.Add(time.Hour)), now))
	require.True(t, key.IsForm(key.Form(s), s))
	require.False(t, key.IsForm(key.Form(s), key.New(now.Add(time.Hour))))
	require.NotEqual(t, s, key.New(now.Add(time.Hour)))
}
