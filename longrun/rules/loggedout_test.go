package rules_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

func TestLoggedOut(t *testing.T) {
	t.Parallel()
	a := longrun.AccountStatus{ID: "sales", Since: evening, Reason: "logged_out_401"}
	require.Equal(t, rules.Finding{Rule: rules.LoggedOut, Target: "sales", Condition: rules.Good}, rules.CheckLoggedOut(a))
	a.LoggedOut = true
	f := rules.CheckLoggedOut(a)
	require.Equal(t, rules.Bad, f.Condition)
	require.Equal(t, evening, f.Since)
	require.Equal(t, []string{"sales"}, f.Accounts)
	require.Equal(t, "account sales is out since 22:00 UTC (2025-12-29) (logged_out_401), and stays so until somebody acts: pair it again, update the client, or lift the ban", f.Summary)
	f = rules.CheckLoggedOut(longrun.AccountStatus{ID: "sales", LoggedOut: true})
	require.Equal(t, "account sales is out, and stays so until somebody acts: pair it again, update the client, or lift the ban", f.Summary)
}

func TestLoggedOutByCount(t *testing.T) {
	t.Parallel()
	h := longrun.Beat(evening, time.Minute)
	require.Equal(t, rules.Good, rules.CheckLoggedOutCount(h).Condition)
	h.NeedsQRCount = 1
	f := rules.CheckLoggedOutCount(h)
	require.Equal(t, rules.Bad, f.Condition)
	require.Equal(t, h.TS, f.Since)
	require.Empty(t, f.Target)
	require.Equal(t, "1 account out at 22:00 UTC (2025-12-29), until somebody scans a QR code", f.Summary)
	h.StatusError = "timeout"
	require.Equal(t, rules.Unseen, rules.CheckLoggedOutCount(h).Condition)
}
