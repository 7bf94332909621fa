package e2e_test

import (
	"bytes"
	"context"
	"flag"
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/stretchr/testify/require"
)

var picture = flag.Bool("picture", false, "write docs/dashboard.png anew")

// taking is a channel that takes everything.
func taking() alert.Alerter {
	return alert.Func(func(context.Context, alert.Message) error { return nil })
}

// The picture of the README: the page Now, of a service with a year behind it. make
// picture writes it anew.
func TestThePictureOfTheREADME(t *testing.T) {
	if !*picture {
		t.Skip("make picture writes it")
	}
	s := mount(t, serve(t, 365, time.Minute, &host{queue: 3}, func(c *monitor.Config) {
		channels := []alert.Channel{{Name: "telegram", Alerter: taking()}, {Name: "pagerduty", Alerter: taking()}}
		router, err := alert.Route(alert.RouteOptions{Channels: channels})
		require.NoError(t, err)
		c.Alerter = router
	}), "root")
	in := open(t, browse(t), look{width: 1400, height: 900})
	in.signIn(s)
	in.visit(s.address)
	in.await(`/^Live/.test(document.getElementById("fresh").textContent)`)
	in.wellBehaved(s)
	seen, err := png.Decode(bytes.NewReader(in.picture()))
	require.NoError(t, err)
	var small bytes.Buffer
	require.NoError(t, (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&small, seen))
	require.Equal(t, 1400, seen.Bounds().Dx())
	require.Less(t, small.Len(), 200_000)
	require.NoError(t, os.WriteFile(filepath.Join("..", "..", "docs", "dashboard.png"), small.Bytes(), 0o600))
	t.Log(seen.Bounds(), small.Len())
}
