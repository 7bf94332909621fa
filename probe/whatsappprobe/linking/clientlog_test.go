package linking_test

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/linking"
	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

// clientLog is a buffer that several goroutines write to.
type clientLog struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *clientLog) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *clientLog) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func TestAPairingLogsNoNumber(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	var out clientLog
	path := filepath.Join(t.TempDir(), "probe.db")
	device, err := linking.OpenDevice(t.Context(), path, &linking.DeviceOptions{
		Unpaired: true, Logger: slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	require.NoError(t, err)
	srv.Redirect(device.Client())
	_, err = linking.Pair(t.Context(), device.Client(), newPairingPhone(t, srv).scans())
	require.NoError(t, err)
	canSend(t, srv, device.Client())
	srv.Disconnect(device.Client())
	require.NoError(t, device.Close())
	require.Contains(t, out.String(), "Successfully paired 49********11")
	require.NotContains(t, out.String(), pairedNumber)
	require.NotContains(t, out.String(), otherNumber)
}
