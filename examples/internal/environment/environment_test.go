package environment_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/examples/internal/environment"
)

func TestASecretIsTrimmedAndIsOne(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"ADMIN_TOKEN", "TELEGRAM_BOT_TOKEN", "LONGRUN_WEBHOOK_SECRET", "LONGRUN_EVIDENCE_KEY"} {
		clean, err := environment.Clean(map[string]string{name: " \tsixteen-letters!\r\n"})
		require.NoError(t, err)
		require.Equal(t, "sixteen-letters!", clean[name])
		for value, says := range map[string]string{"": "nothing in it", " \n": "nothing in it", "x": "16 are the least", "fifteen-letters\n": "has 15 characters"} {
			_, err := environment.Clean(map[string]string{name: value})
			require.ErrorContains(t, err, name)
			require.ErrorContains(t, err, says)
			require.NotContains(t, err.Error(), "fifteen")
		}
	}
	for _, name := range []string{"LONGRUN_WEBHOOK_URL", "LONGRUN_PING_URL", "LONGRUN_HEALTHCHECKS_URL"} {
		clean, err := environment.Clean(map[string]string{name: "https://h/x\n"})
		require.NoError(t, err)
		require.Equal(t, "https://h/x", clean[name])
		_, err = environment.Clean(map[string]string{name: " "})
		require.ErrorContains(t, err, name)
	}
	given := map[string]string{"ADMIN_TOKEN": "sixteen-letters!\n"}
	_, err := environment.Clean(given)
	require.NoError(t, err)
	require.Equal(t, "sixteen-letters!\n", given["ADMIN_TOKEN"], "the one given is left alone")
}

func TestAVariableThatIsMisspeltIsRefused(t *testing.T) {
	t.Parallel()
	for name, meant := range map[string]string{
		"LONGRUN_INTERVL": "LONGRUN_INTERVAL", "LONGRUN_INTERVALL": "LONGRUN_INTERVAL", "LONGRUN_STOER": "LONGRUN_STORE", "LONGRUN_LEAS": "LONGRUN_LEASE",
		"LONGRUN_WEBHOOKURL": "LONGRUN_WEBHOOK_URL", "LONGRUN_ADDRESS": "LONGRUN_ADDR", "LONGRUN_INSTANCE": "LONGRUN_INSTANCE_ID",
	} {
		_, err := environment.Clean(map[string]string{name: "postgres://u:pw@h"})
		require.EqualError(t, err, name+" is no variable of ours; did you mean "+meant+"?")
	}
	_, err := environment.Clean(map[string]string{"LONGRUN_" + strings.Repeat("X", 1000): ""})
	require.ErrorContains(t, err, "is no variable of ours")
	require.Less(t, len(err.Error()), 200)
	_, err = environment.Clean(map[string]string{"LONGRUN_LEASE": "4s", "OTHERS_LONGRUN_X": "", "PATH": "", "LONGRUNNER": ""})
	require.NoError(t, err)
	_, err = environment.Clean(map[string]string{"LONGRUN_A": "", "LONGRUN_B": "", "ADMIN_TOKEN": ""})
	require.Len(t, strings.Split(err.Error(), "\n"), 3, "each in its line")
}
