package whatsappprobe_test

import (
	"bytes"
	"log/slog"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe"
)

// bytesLog is a buffer that several goroutines write to.
type bytesLog struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *bytesLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *bytesLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestTheClientsLogHasNoNumbersInIt(t *testing.T) {
	t.Parallel()
	const number = "491700000011"
	var out bytes.Buffer
	log := whatsappprobe.ClientLogger(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})))
	log.Infof("from %s:3@s.whatsapp.net, 20 of 123456", number)
	log.Sub("Client").Sub("Send").Warnf("to +%s", number)
	log.Errorf("lid %d", 100000000000001)
	log.Debugf("a body")
	require.NotContains(t, out.String(), number)
	require.NotContains(t, out.String(), "body")
	require.Contains(t, out.String(), `level=INFO msg=whatsmeow module="" text="from 49********11:3@s.whatsapp.net, 20 of 123456"`)
	require.Contains(t, out.String(), `level=WARN msg=whatsmeow module=Client/Send text="to +49********11"`)
	require.Contains(t, out.String(), `level=ERROR msg=whatsmeow module="" text="lid 10***********01"`)
	whatsappprobe.ClientLogger(nil).Errorf("nobody hears this")
}
