package build

import (
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheLineSaysWhatIsKnown(t *testing.T) {
	t.Parallel()
	info := &debug.BuildInfo{GoVersion: "go1.26.0", Settings: []debug.BuildSetting{{Key: "GOOS", Value: "linux"}, {Key: "GOARCH", Value: "amd64"}}}
	require.Equal(t, "longctl (devel) (go1.26.0, linux/amd64)", line("longctl", info))
	info.Main.Version = "v0.1.0"
	info.Settings = append(info.Settings, debug.BuildSetting{Key: "vcs.revision", Value: "0123456789abcdef"}, debug.BuildSetting{Key: "vcs.modified", Value: "true"})
	require.Equal(t, "longctl v0.1.0 (commit 0123456789ab, changed since, go1.26.0, linux/amd64)", line("longctl", info))
	require.Contains(t, Line("longctl"), "longctl ")
	require.Equal(t, "x (devel) (go1.26.0)", line("x", &debug.BuildInfo{GoVersion: "go1.26.0"}))
}
