package monitor_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	_ "time/tzdata" // the machine may have no zones

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

var update = flag.Bool("update", false, "writes the messages of testdata anew")

// What people read on a bad night: each kind of message, as it arrives.
func TestWhatPeopleReadAtNight(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	var all []alert.Message
	synctest.Test(t, func(t *testing.T) {
		named := func(c *monitor.Config) {
			c.Service, c.Zone, c.AdminURL = "acme-whatsapp", berlin, "https://ops.example.org/admin"
		}
		mem, rec, host := memstore.New(nil), newTelling(), calm()
		own := storetest.Wrap(mem)
		n := start(t, own, "api-1", alertingBy(rec), hosted(host), named)
		time.Sleep(time.Hour + time.Second)
		kill(n, own) // nobody is left, for nine minutes
		time.Sleep(9 * time.Minute)
		own = storetest.Wrap(mem)
		n = start(t, own, "api-2", alertingBy(rec), hosted(host), named)
		time.Sleep(2 * time.Hour)

		standby := start(t, mem, "api-3", alertingBy(rec), hosted(host), named)
		time.Sleep(10 * time.Minute)
		kill(n, own) // and the standby takes over
		time.Sleep(2 * time.Hour)

		logOut(host)
		time.Sleep(90 * time.Minute) // long enough for a reminder
		logIn(host)
		time.Sleep(8 * time.Hour)

		for range 5 { // it flaps
			host.queue(tooDeep)
			time.Sleep(5 * time.Minute)
			host.queue(0)
			time.Sleep(5 * time.Minute)
		}
		time.Sleep(8 * time.Hour)
		standby.end()
		all = flat(rec.Messages())
	})
	texts := make([]string, len(all))
	for i, m := range all {
		texts[i] = m.Text()
	}
	// When a standby takes over depends on chance, by less than a second.
	got := strings.ReplaceAll(strings.Join(texts, "\n\n--\n\n")+"\n", "instance_died after 2m1s", "instance_died after 2m0s")
	path := filepath.Join("testdata", "messages.txt")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}
