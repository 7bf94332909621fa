package whatsappprobe_test

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe"
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

func TestTheClientsLogHasNoNumbersInIt(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := whatsappprobe.ClientLogger(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})))
	log.Infof("from %s:3@s.whatsapp.net, 20 of 123456", pairedNumber)
	log.Sub("Client").Sub("Send").Warnf("to +%s", pairedNumber)
	log.Errorf("lid %d", 100000000000001)
	log.Debugf("a body")
	require.NotContains(t, out.String(), pairedNumber)
	require.NotContains(t, out.String(), "body")
	require.Contains(t, out.String(), `level=INFO msg=whatsmeow module="" text="from 49********11:3@s.whatsapp.net, 20 of 123456"`)
	require.Contains(t, out.String(), `level=WARN msg=whatsmeow module=Client/Send text="to +49********11"`)
	require.Contains(t, out.String(), `level=ERROR msg=whatsmeow module="" text="lid 10***********01"`)
	whatsappprobe.ClientLogger(nil).Errorf("nobody hears this")
}

func TestAPairingLogsNoNumber(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	var out clientLog
	path := filepath.Join(t.TempDir(), "probe.db")
	device, err := whatsappprobe.OpenDevice(t.Context(), path, &whatsappprobe.DeviceOptions{
		Unpaired: true, Logger: slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	require.NoError(t, err)
	srv.Redirect(device.Client())
	_, err = whatsappprobe.Pair(t.Context(), device.Client(), newPairingPhone(t, srv).scans())
	require.NoError(t, err)
	canSend(t, srv, device.Client())
	srv.Disconnect(device.Client())
	require.NoError(t, device.Close())
	require.Contains(t, out.String(), "Successfully paired 49********11")
	require.NotContains(t, out.String(), pairedNumber)
	require.NotContains(t, out.String(), otherNumber)
}
