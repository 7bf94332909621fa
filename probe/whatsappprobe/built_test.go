package whatsappprobe

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheAgeOfTheClientIsInItsVersion(t *testing.T) {
	t.Parallel()
	made := time.Date(2026, 9, 19, 10, 35, 45, 0, time.UTC)
	for version, want := range map[string]time.Time{
		"v0.0.0-20260919103545-0057a822e79a":       made,
		"v1.2.4-0.20260919103545-0057a822e79a":     made,
		"v1.2.3-pre.0.20260919103545-0057a822e79a": made,
		"v1.2.3": {}, "(devel)": {}, "": {}, "v0.0.0-20269919103545-0057a822e79a": {}, "v1-x-y": {},
	} {
		require.Equal(t, want, madeAt(version), version)
	}
}
