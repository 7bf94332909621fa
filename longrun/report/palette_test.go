package report_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/report"
	"github.com/seed-13dc028d/longwatch/longrun/report/chart"
)

// colour is one in linear light.
type colour [3]float64

func parseColour(t *testing.T, hex string) (c colour) {
	t.Helper()
	for i := range 3 {
		v, err := strconv.ParseUint(hex[1+2*i:3+2*i], 16, 8)
		require.NoError(t, err, hex)
		s := float64(v) / 255
		if c[i] = s / 12.92; s > 0.04045 {
			c[i] = math.Pow((s+0.055)/1.055, 2.4)
		}
	}
	return c
}

// deuteranopia is how the colour looks to who has no cones for green: Machado,
// Oliveira and Fernandes 2009, severity 1.
func (c colour) deuteranopia() (seen colour) {
	for i, row := range [3][3]float64{
		{0.367322, 0.860646, -0.227968},
		{0.280085, 0.672501, 0.047413},
		{-0.011820, 0.042940, 0.968881},
	} {
		for j, v := range row {
			seen[i] += v * c[j]
		}
		seen[i] = min(max(seen[i], 0), 1)
	}
	return seen
}

func (c colour) luminance() float64 { return 0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2] }

// contrast is that of WCAG 2.
func contrast(a, b colour) float64 {
	x, y := a.luminance()+0.05, b.luminance()+0.05
	return max(x, y) / min(x, y)
}

// tokens are the colours of the page, in light and in dark.
func tokens(t *testing.T) map[string]map[string]colour {
	t.Helper()
	light, dark, found := strings.Cut(chart.Style(), "@media (prefers-color-scheme: dark)")
	require.True(t, found)
	dark, _, _ = strings.Cut(dark, "svg.c")
	out := map[string]map[string]colour{}
	for name, text := range map[string]string{"light": light, "dark": dark} {
		out[name] = map[string]colour{}
		for _, m := range regexp.MustCompile(`--(\w+): (#[0-9a-f]{6})`).FindAllStringSubmatch(text, -1) {
			out[name][m[1]] = parseColour(t, m[2])
		}
	}
	require.Len(t, out["dark"], len(out["light"]), "no token of the one is forgotten in the other")
	return out
}

func TestColoursAreToldApartByEverybody(t *testing.T) {
	t.Parallel()
	for scheme, c := range tokens(t) {
		for _, pair := range []struct {
			over, under string
			least       float64
		}{
			{"ink", "card", 7},
			{"ink", "bg", 7},
			{"soft", "card", 4.5},
			{"soft", "bg", 4.5},
			{"link", "card", 4.5},
			{"good", "card", 4.5},
			{"bad", "card", 4.5},
			{"warn", "card", 4.5},
			{"bandink", "band", 4.5},
			{"miss", "fill", 4.5},
			{"miss", "card", 4.5},
			{"unh", "fill", 3},
			{"unh", "card", 3},
			{"dot", "card", 3},
			{"bad", "sunk", 4.5}, // what failed, on its lane
			{"ink", "sunk", 4.5}, // what could not be told
			{"edge", "card", 3},
			{"miss", "unh", 1.9}, // and they differ in height
		} {
			over, under := c[pair.over], c[pair.under]
			require.GreaterOrEqual(t, contrast(over, under), pair.least, "%s: %s on %s", scheme, pair.over, pair.under)
			require.GreaterOrEqual(t, contrast(over.deuteranopia(), under.deuteranopia()), pair.least, "%s: %s on %s to who sees no green", scheme, pair.over, pair.under)
		}
		require.Greater(t, contrast(c["miss"], c["fill"]), 1.9*contrast(c["unh"], c["fill"]), "%s: missed outshouts unhealthy", scheme)
		require.Greater(t, contrast(c["miss"].deuteranopia(), c["fill"].deuteranopia()), 1.9*contrast(c["unh"].deuteranopia(), c["fill"].deuteranopia()), "%s: to everybody", scheme)
	}
}

// shapes returns the rects of a class in a page.
func shapes(t *testing.T, page []byte, class string) (all []map[string]string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(string(page)))
	d.Strict, d.AutoClose, d.Entity = false, []string{"meta"}, xml.HTMLEntity
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "rect" {
			attrs := map[string]string{}
			for _, a := range e.Attr {
				attrs[a.Name.Local] = a.Value
			}
			if attrs["class"] == class && strings.HasSuffix(attrs["width"], "%") {
				all = append(all, attrs)
			}
		}
	}
}

func number(t *testing.T, s string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(strings.TrimSuffix(s, "%"), 64)
	require.NoError(t, err, s)
	return v
}

// TestMissedOutshoutsUnhealthy holds the marks against each other, in a day, in
// weeks and in a year: one missed slot among none that is healthy.
func TestMissedOutshoutsUnhealthy(t *testing.T) {
	t.Parallel()
	for _, days := range []int{1, 20, 90, 365} {
		w := longrun.Window{From: utc("2025-01-01T00:00:00Z")}
		w.To = w.From.AddDate(0, 0, days)
		d := coverage.NewMerge(w, time.Minute, w.To)
		for i := range days * 1440 {
			if i != 700 {
				d.Add(longrun.Beat(w.From.Add(time.Duration(i)*time.Minute), time.Minute))
			}
		}
		s := ledger.Survey{Asked: w, Window: w, Earliest: &w.From, Interval: time.Minute, Now: w.To, Summary: d.Summary()}
		s.Filled, s.Healthy, s.Unknown = d.Bitmaps()
		for i := range days {
			s.Days = append(s.Days, ledger.SurveyDay{Date: longrun.RollupID(w.From.AddDate(0, 0, i))})
		}
		page, err := report.New(s, nil).HTML()
		require.NoError(t, err)
		if days <= 93 {
			missed, unhealthy := shapes(t, page, "m"), shapes(t, page, "u")
			require.Len(t, missed, 1, days)
			tallest := 0.0
			for _, u := range unhealthy {
				if !strings.HasSuffix(u["height"], "%") {
					tallest = max(tallest, number(t, u["height"]))
				}
			}
			require.Positive(t, tallest)
			require.GreaterOrEqual(t, number(t, missed[0]["height"]), 3*tallest, "%d days", days)
			require.GreaterOrEqual(t, number(t, missed[0]["height"])+2, 7.0, "with its stroke, 7 pixels high")
			require.Contains(t, chart.Style(), ".m { fill: var(--miss); stroke: var(--miss); stroke-width: 2; }", "2 pixels wide at least")
		}
		if days > 32 {
			missed := shapes(t, page, "m k")
			require.Len(t, missed, 1, "%d days", days)
			for _, u := range shapes(t, page, "u") {
				if strings.HasSuffix(u["height"], "%") {
					require.GreaterOrEqual(t, number(t, missed[0]["height"]), 2*number(t, u["height"]))
				}
			}
			require.GreaterOrEqual(t, number(t, missed[0]["height"])*28/100, 7.0, "of a row of 28 pixels")
		}
		cards := regexp.MustCompile(`(?s)<dl class="cards">.*</dl>`).FindString(string(page))
		require.Contains(t, cards, "<dt>Missed</dt><dd class=\"bad\">1 min<")
		require.NotContains(t, cards, "100 %", "beside a missed slot")
	}
}

func TestTheChartsHoldEverySlotOnce(t *testing.T) {
	t.Parallel()
	s := of(t, 3, 100)
	for i := range 3 {
		s.Days = append(s.Days, ledger.SurveyDay{Date: longrun.RollupID(s.Window.From.AddDate(0, 0, i))})
	}
	page, err := report.New(s, nil).HTML()
	require.NoError(t, err)
	width := 0.0
	for _, f := range shapes(t, page, "f") {
		width += number(t, f["width"])
	}
	require.InDelta(t, 300, width, 0.01, "each row from its first slot to its last")
	width = 0
	for _, m := range shapes(t, page, "m") {
		width += number(t, m["width"])
	}
	require.InDelta(t, 100*100.0/1440, width, 0.01)
}

func TestAWindowThatIsKnownInPartDoesNotPass(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		known, missed int // minutes
		want          report.Outcome
		headline      string
	}{
		{1, 0, report.SoFar, "Known for 1 min of 7 d so far: nothing missed"},
		{6 * 1440, 0, report.SoFar, "Known for 6 d of 7 d so far: nothing missed"},
		{6 * 1440, 86, report.SoFar, "Known for 6 d of 7 d so far: 1 h 26 min missed"},
		{6 * 1440, 87, report.Fail, "Under the target: 1 h 27 min of 6 d missed, of what is known so far; 1 h 26 min allowed"},
		{7 * 1440, 0, report.Pass, "Within the target: nothing missed in 7 d, 1 h 40 min allowed"},
		{7 * 1440, 100, report.Pass, "Within the target: 1 h 40 min of 7 d missed, 1 h 40 min allowed"},
		{7 * 1440, 101, report.Fail, "Under the target: 1 h 41 min of 7 d missed, 1 h 40 min allowed"},
	} {
		w := longrun.Window{From: utc("2025-01-01T00:00:00Z"), To: utc("2025-01-08T00:00:00Z")}
		known := longrun.Window{From: w.To.Add(-time.Duration(c.known) * time.Minute), To: w.To}
		d := coverage.NewMerge(known, time.Minute, w.To)
		for i := c.missed; i < c.known; i++ {
			d.Add(longrun.Beat(known.From.Add(time.Duration(i)*time.Minute), time.Minute))
		}
		s := ledger.Survey{Asked: w, Window: known, Earliest: &known.From, Interval: time.Minute, Now: w.To, Summary: d.Summary()}
		s.Filled, s.Healthy, s.Unknown = d.Bitmaps()
		r := report.New(s, nil)
		require.Equal(t, c.want, r.Judgement.Outcome, "%+v", c)
		require.InDelta(t, float64(c.known)/(7*1440), r.Judgement.Known, 1e-9)
		page, err := r.HTML()
		require.NoError(t, err)
		require.Contains(t, strings.NewReplacer("<span>", "", "</span>", "").Replace(string(page)), `<p class="say">`+c.headline+"</p>")
		if c.want != report.Pass {
			require.NotContains(t, string(page)+r.Markdown(), "PASS:", "%+v", c)
			require.NotContains(t, string(page), "verdict well")
		}
		if c.known < 10 {
			require.Contains(t, r.Markdown(), "n too small", "the first beat's drift is none")
		}
	}
	// Of a window that goes on, what is to come is not known.
	s := of(t, 7, 0)
	s.Asked.To = s.Asked.To.Add(24 * time.Hour)
	require.Equal(t, report.SoFar, report.New(s, nil).Judgement.Outcome)
}

func TestAnOutageIsNotHiddenByHowHealthyTheRestWas(t *testing.T) {
	t.Parallel()
	r := report.New(of(t, 1, 1200), nil)
	page, err := r.HTML()
	require.NoError(t, err)
	cards := regexp.MustCompile(`(?s)<dl class="cards">.*</dl>`).FindString(string(page))
	require.NotContains(t, cards, "100 %")
	require.NotContains(t, strings.ToLower(string(page)+r.Markdown()), "availability")
	require.Contains(t, cards, "<dt>Missed</dt><dd class=\"bad\">20 h<small>of 1 d, ")
	require.Contains(t, cards, "<dt>Good minutes</dt><dd>16.6 %<")
	require.InDelta(t, 240.0/1440, *r.Coverage.Good, 1e-9)
	require.InDelta(t, 1, *r.Coverage.Availability, 0)
}

func TestLongTablesAreFolded(t *testing.T) {
	t.Parallel()
	s := of(t, 1, 0)
	d := coverage.NewMerge(s.Window, time.Minute, s.Now)
	for i := range 1440 {
		if i%10 != 0 {
			d.Add(longrun.Beat(s.Window.From.Add(time.Duration(i)*time.Minute), time.Minute))
		}
	}
	s.Summary = d.Summary()
	page, err := report.New(s, nil).HTML()
	require.NoError(t, err)
	gaps := regexp.MustCompile(`(?s)<section id="gaps">.*?</section>`).FindString(string(page))
	open, folded, ok := strings.Cut(gaps, "<details><summary>And 95 more</summary>")
	require.True(t, ok)
	require.Equal(t, 5+1, strings.Count(open, "<tr>"), "the worst ones and the head")
	require.Equal(t, 95+1, strings.Count(folded, "<tr>"))
	require.Equal(t, strings.Count(string(page), "<details>"), strings.Count(string(page), "</details>"))
	require.Contains(t, string(page), fmt.Sprintf("<summary>%d rows</summary>", len(report.New(s, nil).Derivations)))
}

func TestAPageLeadsOnlyWhereItIsTold(t *testing.T) {
	t.Parallel()
	r := report.New(of(t, 7, 10), nil)
	page, err := r.Page(&report.PageOptions{
		Window: func(w string) string { return "?window=" + url.QueryEscape(w) },
		Table: func(name string) string {
			if name == "gaps" {
				return "gaps.csv"
			}
			return ""
		},
	})
	require.NoError(t, err)
	links := regexp.MustCompile(`href="([^"]*)"`).FindAllStringSubmatch(string(page), -1)
	require.Len(t, links, len(report.WindowNames())+2+1, "the windows, the time before and after, and one table")
	require.Contains(t, string(page), `<a href="?window=2024-12-25T00%3A00%3A00Z%2F2025-01-01T00%3A00%3A00Z">before</a>`)
	require.Contains(t, string(page), `<a href="?window=2025-01-08T00%3A00%3A00Z%2F2025-01-15T00%3A00%3A00Z">after</a>`)
	require.Contains(t, report.Policy(), "default-src 'none'; style-src 'sha256-")
}

func Example_window() {
	now := utc("2026-03-29T12:00:00Z")
	for _, ask := range []report.Ask{{Window: "36h"}, {Window: "2025-12-29/2025-12-30"}, {From: "2025-12-29T22:00:00+02:00", To: "2025-12-30"}, {Window: "soon"}} {
		w, err := ask.Read(now, 24*time.Hour)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(w.From.Format(time.RFC3339), w.To.Format(time.RFC3339))
	}
	// Output:
	// 2026-03-28T00:00:00Z 2026-03-29T12:00:00Z
	// 2025-12-29T00:00:00Z 2025-12-30T00:00:00Z
	// 2025-12-29T20:00:00Z 2025-12-30T00:00:00Z
	// report: window: "soon" is neither a length such as 1h, 36h, 7d or 1d12h, nor FROM/TO such as 2025-12-29/2025-12-30T06:00:00Z
}
