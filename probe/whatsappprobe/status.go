package whatsappprobe

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/tracker"
)

// Status is what a heartbeat says of the accounts, for monitor.Config.Status.
// Degraded accounts count as reconnecting; outdated and stopped ones stand in no
// count, and make the host unhealthy; like those that need a QR code they are
// LoggedOut in Accounts. The error is that of QueueDepth.
func (a *Accounts) Status(ctx context.Context) (longrun.HostStatus, error) {
	all := a.List()
	s := longrun.HostStatus{Accounts: make([]longrun.AccountStatus, 0, len(all)), ClientBuilt: clientBuilt()}
	for i := range all {
		account := &all[i]
		switch account.State {
		case Connected:
			s.Connected++
		case Reconnecting, Degraded:
			s.Reconnecting++
		case NeedsQR:
			s.NeedsQR++
		case Outdated, Stopped:
		}
		s.Accounts = append(s.Accounts, longrun.AccountStatus{
			ID: account.ID, State: string(account.State), LoggedOut: tracker.IsFinal(account.State),
			Since: account.Since, Reason: account.Reason, Away: account.Away,
			Reconnects: int64(account.Reconnects), FirstReconnect: account.FirstReconnect, LastReconnect: account.LastReconnect,
			Replaced: int64(account.Replaced), LastReplaced: account.LastReplaced,
			Restricted: account.Restricted, Banned: account.Banned, PhoneSeen: account.PhoneSeen, Traffic: account.Traffic, Suspect: account.Suspect,
		})
	}
	s.Healthy = len(all) > 0 && s.Connected == int64(len(all))
	if a.opts.Healthy != nil {
		s.Healthy = a.opts.Healthy(all)
	}
	if a.opts.QueueDepth != nil {
		depth, err := a.opts.QueueDepth(ctx)
		if err != nil {
			return longrun.HostStatus{}, fmt.Errorf("queue depth: %w", err)
		}
		s.QueueDepth = depth
	}
	return s, nil
}

// clientBuilt is when the whatsmeow of this binary was made; zero where the binary does
// not say, as one made by go test.
var clientBuilt = sync.OnceValue(func() time.Time { //nolint:gochecknoglobals // a constant of the binary
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return time.Time{}
	}
	for _, module := range info.Deps {
		if module.Path != "go.mau.fi/whatsmeow" {
			continue
		}
		if module.Replace != nil {
			module = module.Replace
		}
		return madeAt(module.Version)
	}
	return time.Time{}
})

// madeAt reads the time in a version such as "v0.0.0-20260919103545-0057a822e79a".
func madeAt(version string) time.Time {
	parts := strings.Split(version, "-")
	if len(parts) < 3 {
		return time.Time{}
	}
	stamp := parts[len(parts)-2]
	at, err := time.Parse("20060102150405", stamp[strings.LastIndexByte(stamp, '.')+1:])
	if err != nil {
		return time.Time{}
	}
	return at
}
