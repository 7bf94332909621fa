package e2e_test

import (
	"compress/gzip"
	"database/sql"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // the peer's store
	"riverqueue.com/riverui"
)

// loaded is what a browser says of a page that it has loaded.
type loaded struct {
	// Paint is when the first content was seen, and Done when all was loaded, in
	// milliseconds from the click on.
	Paint, Done float64
	// Bytes are what went over the line, without headers.
	Bytes float64
}

const timing = `(() => {
	const page = performance.getEntriesByType("navigation")[0], all = [page, ...performance.getEntriesByType("resource")];
	const paint = performance.getEntriesByName("first-contentful-paint")[0];
	return {Paint: paint ? paint.startTime : 0, Done: page.loadEventEnd, Bytes: all.reduce((sum, e) => sum + e.encodedBodySize, 0)};
})()`

// The page Now of 200 accounts over 90 days, at its first load, beside the jobs of River
// UI, which is an embedded UI too, over SQLite too, with 200 jobs. Both are packed by gzip.
func BenchmarkFirstLoad(b *testing.B) {
	browser := browse(b)
	ours := mount(b, serve(b, 90, time.Minute, &host{away: 20}), "root")
	b.Run("longwatch", func(b *testing.B) {
		firstLoads(b, func() *tab {
			in := open(b, browser, look{width: 1400, height: 900})
			in.signIn(ours)
			return in
		}, ours.address+"settings", ours.address, `document.querySelector("main section")`)
	})
	b.Run("riverui", func(b *testing.B) {
		address := riverUI(b)
		firstLoads(b, func() *tab { return open(b, browser, look{width: 1400, height: 900}) }, address+"/queues", address+"/jobs?state=available", `document.body.textContent.includes("made_up")`)
	})
}

// firstLoads visits a page as often as asked, from another of the same site, so that the
// browser's own begin is no part of it, and without a cache.
func firstLoads(b *testing.B, begin func() *tab, from, address, shown string) {
	b.Helper()
	var paints []float64
	var last loaded
	in := begin()
	in.do(order(network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true}))
	for b.Loop() {
		in.visit(from)
		in.visit(address)
		in.await(shown)
		in.await(timing + ".Paint > 0 && " + timing + ".Done > 0")
		last = is[loaded](in, timing)
		paints = append(paints, last.Paint)
	}
	slices.Sort(paints)
	b.ReportMetric(paints[len(paints)/2], "ms-to-paint")
	b.ReportMetric(last.Bytes/1024, "KB")
}

// riverUI serves River UI with 200 jobs.
func riverUI(tb testing.TB) string {
	tb.Helper()
	db, err := sql.Open("sqlite", filepath.Join(tb.TempDir(), "river.db"))
	require.NoError(tb, err)
	db.SetMaxOpenConns(1)
	tb.Cleanup(func() { require.NoError(tb, db.Close()) })
	driver := riversqlite.New(db)
	migrator, err := rivermigrate.New(driver, nil)
	require.NoError(tb, err)
	_, err = migrator.Migrate(tb.Context(), rivermigrate.DirectionUp, nil)
	require.NoError(tb, err)
	client, err := river.NewClient(driver, &river.Config{Logger: slog.New(slog.DiscardHandler)})
	require.NoError(tb, err)
	for range 200 {
		_, err = client.Insert(tb.Context(), madeUp{}, nil)
		require.NoError(tb, err)
	}
	pages, err := riverui.NewHandler(&riverui.HandlerOpts{Endpoints: riverui.NewEndpoints(client, nil), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(tb, err)
	require.NoError(tb, pages.Start(tb.Context()))
	return listen(tb, packing(pages))
}

type madeUp struct{}

func (madeUp) Kind() string { return "made_up" }

// packing packs what h answers, as a proxy before it would.
func packing(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			h.ServeHTTP(w, r)
			return
		}
		z := gzip.NewWriter(w)
		defer z.Close()
		h.ServeHTTP(&packed{w, z}, r)
	})
}

type packed struct {
	http.ResponseWriter

	z *gzip.Writer
}

func (p *packed) WriteHeader(status int) {
	p.Header().Del("Content-Length")
	p.Header().Set("Content-Encoding", "gzip")
	p.ResponseWriter.WriteHeader(status)
}

func (p *packed) Write(b []byte) (int, error) {
	if p.Header().Get("Content-Encoding") == "" {
		if p.Header().Get("Content-Type") == "" {
			p.Header().Set("Content-Type", http.DetectContentType(b))
		}
		p.WriteHeader(http.StatusOK)
	}
	return p.z.Write(b)
}
