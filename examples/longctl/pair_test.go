package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/linking"
	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

// whose number the phone has in these tests.
const number = "491700000021"

// ran is the program after it ended.
type ran struct {
	code     int
	out, err string
}

// longctl runs the program against a test server. Whatever code it shows, use
// is told. These tests do not run at the same time as others: the program names
// the device in a variable of whatsmeow.
func longctl(ctx context.Context, t *testing.T, srv *whatsapptest.Server, use func(code string), args ...string) ran {
	t.Helper()
	var out, errs bytes.Buffer
	var using sync.WaitGroup
	var client *whatsmeow.Client
	code := run(ctx, args, surroundings{
		out: &out, err: &errs,
		prepare: func(cli *whatsmeow.Client) {
			client = cli
			srv.Redirect(cli)
		},
		shown: func(code string) {
			if use != nil {
				using.Go(func() { use(code) })
			}
		},
	})
	using.Wait()
	if client != nil {
		require.False(t, client.IsConnected())
	}
	require.NotContains(t, out.String()+errs.String(), number)
	return ran{code: code, out: out.String(), err: errs.String()}
}

// works requires that a file's device can log in.
func works(t *testing.T, srv *whatsapptest.Server, path string) {
	t.Helper()
	device, err := linking.OpenDevice(t.Context(), path, nil)
	require.NoError(t, err)
	defer device.Close()
	srv.Redirect(device.Client())
	require.NoError(t, device.Client().Connect())
	require.NoError(t, srv.AwaitOnline(t.Context(), number))
	srv.Disconnect(device.Client())
}

func TestPairByScanning(t *testing.T) {
	srv := whatsapptest.NewServer(t)
	path := filepath.Join(t.TempDir(), "probe.wa.db")
	scan := func(code string) { _ = srv.Scan(t.Context(), code, number) }
	got := longctl(t.Context(), t, srv, scan, "pair", "--file", path, "--settle", "0s")
	require.Equal(t, 0, got.code, got.err)
	require.Empty(t, got.err)
	for _, want := range []string{"Connecting", "Scan this", "█", "Linked, as device 1 of 49********21", "Logged in.", "Done: " + path} {
		require.Contains(t, got.out, want)
	}
	require.NotContains(t, got.out, "\x1b", "this is no terminal")
	works(t, srv, path)

	got = longctl(t.Context(), t, srv, scan, "pair", "--file", path)
	require.Equal(t, 2, got.code)
	require.Contains(t, got.err, "paired already")
	works(t, srv, path)
}

func TestPairByTyping(t *testing.T) {
	srv := whatsapptest.NewServer(t)
	path := filepath.Join(t.TempDir(), "probe.wa.db")
	typing := func(code string) { _ = srv.TypeCode(t.Context(), number, code) }
	got := longctl(t.Context(), t, srv, typing, "pair", "-f", path, "-p", "+49 170 000-0021", "--settle", "1ms", "-v")
	require.Equal(t, 0, got.code, got.err)
	require.Regexp(t, `Type on the phone, within two minutes:  [1-9A-Z]{4}-[1-9A-Z]{4}\n`, got.out)
	require.NotContains(t, got.out, "█")
	require.Contains(t, got.err, "Successfully paired 49********21")
	works(t, srv, path)
}

func TestPairIsGivenUp(t *testing.T) {
	srv := whatsapptest.NewServer(t)
	path := filepath.Join(t.TempDir(), "probe.wa.db")
	ctx, stop := context.WithCancel(t.Context())
	got := longctl(ctx, t, srv, func(string) { stop() }, "pair", "--file", path)
	require.Equal(t, 1, got.code)
	require.Equal(t, "longctl: whatsappprobe: stopped before the device was linked: context canceled\n", got.err)

	got = longctl(t.Context(), t, srv, func(code string) { _ = srv.Scan(t.Context(), code, number) }, "pair", "--file", path, "--settle", "0s")
	require.Equal(t, 0, got.code, "the file is as good as new")
}

func TestPairEndsEarlyWhenAskedTo(t *testing.T) {
	srv := whatsapptest.NewServer(t)
	ctx, stop := context.WithCancel(t.Context())
	got := longctl(ctx, t, srv, func(code string) {
		_ = srv.Scan(t.Context(), code, number)
		_ = srv.AwaitOnline(t.Context(), number)
		time.AfterFunc(2*time.Second, stop) // the client itself knows a moment later
	}, "pair", "--file", filepath.Join(t.TempDir(), "probe.wa.db"), "--settle", "1h")
	require.Equal(t, 0, got.code, got.err)
	require.Contains(t, got.out, "Staying connected for 1h0m0s")
}

func TestPairSeesThatThePhoneUnlinksAtOnce(t *testing.T) {
	srv := whatsapptest.NewServer(t)
	got := longctl(t.Context(), t, srv, func(code string) {
		_ = srv.Scan(t.Context(), code, number)
		_ = srv.AwaitOnline(t.Context(), number)
		srv.LogOut(number)
	}, "pair", "--file", filepath.Join(t.TempDir(), "probe.wa.db"), "--settle", "1h")
	require.Equal(t, 1, got.code)
	require.Regexp(t, `WhatsApp (ended that at once|refuses the client)`, got.err)
}

func TestPairSaysWhyItFails(t *testing.T) {
	folder := t.TempDir()
	text := filepath.Join(folder, "notes.txt")
	require.NoError(t, os.WriteFile(text, []byte("dear diary"), 0o600))
	busy := filepath.Join(folder, "busy.db")
	device, err := linking.OpenDevice(t.Context(), busy, &linking.DeviceOptions{Unpaired: true})
	require.NoError(t, err)
	defer device.Close()
	free := filepath.Join(folder, "free.db")
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{2, "expected", nil},
		{2, "unexpected argument", []string{"frobnicate"}},
		{2, "missing flags: --file=PATH", []string{"pair"}},
		{2, "unknown flag --qr", []string{"pair", "--qr"}},
		{2, "--settle", []string{"pair", "-f", free, "--settle", "soon"}},
		{2, "--settle", []string{"pair", "-f", free, "--settle", "-1s"}},
		{2, "--name", []string{"pair", "-f", free, "--name", ""}},
		{2, "country's code", []string{"pair", "-f", free, "--phone", "0170 0000021"}},
		{2, "no SQLite database", []string{"pair", "-f", text}},
		{2, "no such file", []string{"pair", "-f", filepath.Join(folder, "nowhere", "x.db")}},
		{1, "in use", []string{"pair", "-f", busy}},
		{1, "405", []string{"pair", "-f", filepath.Join(folder, "outdated.db")}},
	} {
		srv := whatsapptest.NewServer(t)
		srv.FailLogins(events.ConnectFailureClientOutdated)
		got := longctl(t.Context(), t, srv, nil, c.args...)
		require.Equal(t, c.code, got.code, "%q: %s", c.args, got.err)
		require.Contains(t, got.err, c.want, "%q", c.args)
		require.True(t, strings.HasPrefix(got.err, "longctl: "), got.err)
	}
	require.NoFileExists(t, free, "nothing is made for a mistake")
}

func TestHelpIsNoMistake(t *testing.T) {
	srv := whatsapptest.NewServer(t)
	for _, args := range [][]string{{"--help"}, {"pair", "--help"}, {"pair", "-h", "--file", "x"}} {
		got := longctl(t.Context(), t, srv, nil, args...)
		require.Equal(t, 0, got.code, "%q", args)
		require.Empty(t, got.err)
		require.Contains(t, got.out, "pair")
	}
	require.Regexp(t, `(?s)Examples:.*longctl pair --file`, longctl(t.Context(), t, srv, nil, "pair", "--help").out)
}
