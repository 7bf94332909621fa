package e2e_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/stretchr/testify/require"
)

// box is where something stands on the page, in its pixels.
type box struct{ X, Y, W, H float64 }

// mark is the narrowest missed slot of a chart, and the chart.
type mark struct {
	Label       string
	Missed, All box
	// Unhealthy is the height of the tallest mark of what was written but not healthy.
	Unhealthy float64
}

// marks are those of the page as it stands.
const marks = `(() => {
	const box = (e) => { const r = e.getBoundingClientRect(); return {X: r.x + scrollX, Y: r.y + scrollY, W: r.width, H: r.height}; };
	return [...document.querySelectorAll("svg.c")].filter((c) => c.querySelector(".m") && box(c).W > 0).map((c) => {
		const missed = [...c.querySelectorAll(".m")].map(box).sort((a, b) => a.W - b.W || a.H - b.H)[0];
		const unhealthy = [...c.querySelectorAll(".u")].map((e) => box(e).H);
		return {Label: (c.getAttribute("aria-label") || c.className.baseVal).slice(0, 80), Missed: missed, All: box(c), Unhealthy: Math.max(0, ...unhealthy)};
	});
})()`

// Who sees no green, or no colour at all, sees a single missed minute on a phone: in a
// day, in a month and in a year it is at least 2 by 7 pixels that stand out from their
// chart, and nothing that is merely unhealthy is as tall.
func TestWhatWasMissedIsSeenByWhoSeesFewerColours(t *testing.T) {
	t.Parallel()
	browser := browse(t)
	s := mount(t, serve(t, 365, time.Minute, &host{}), "root")
	for _, sight := range []emulation.SetEmulatedVisionDeficiencyType{emulation.SetEmulatedVisionDeficiencyTypeDeuteranopia, emulation.SetEmulatedVisionDeficiencyTypeAchromatopsia} {
		for _, dark := range []bool{false, true} {
			in := open(t, browser, look{width: 390, height: 844, dark: dark})
			in.signIn(s)
			in.do(order(emulation.SetEmulatedVisionDeficiency, emulation.SetEmulatedVisionDeficiencyParams{Type: sight}))
			in.visit(s.address + "history?window=30d")
			day := is[string](in, `document.querySelector("main table a[href*='day=']").search`) // of the worst gap
			for _, page := range []string{"history" + day, "history?window=30d", "history?window=365d", "report?window=30d"} {
				in.visit(s.address + page)
				in.await(`document.querySelector("main")`)
				found := is[[]mark](in, marks)
				require.NotEmpty(t, found, page)
				seen, err := png.Decode(bytes.NewReader(in.picture()))
				require.NoError(t, err)
				for _, m := range found {
					require.Less(t, m.Unhealthy, m.Missed.H, "%s, %s: what is unhealthy is as tall as what was missed", page, m.Label)
					wide, tall := standsOut(seen, m)
					require.GreaterOrEqual(t, wide, 2, "%s, %s, %s, dark %v", page, m.Label, sight, dark)
					require.GreaterOrEqual(t, tall, 7, "%s, %s, %s, dark %v", page, m.Label, sight, dark)
				}
			}
			in.shoot("report-" + string(sight))
		}
	}
}

// standsOut is how wide and how tall a mark is in the picture, as far as its contrast to
// the most common colour of its chart is at least 4.5.
func standsOut(seen image.Image, m mark) (wide, tall int) {
	grounds := map[color.Color]int{}
	each(m.All, 0, func(x, y int) { grounds[seen.At(x, y)]++ })
	var ground color.Color
	for c, n := range grounds {
		if n > grounds[ground] {
			ground = c
		}
	}
	rows, columns := map[int]int{}, map[int]int{}
	each(m.Missed, 2, func(x, y int) { // its stroke lies outside
		if contrast(seen.At(x, y), ground) >= 4.5 {
			rows[y]++
			columns[x]++
			wide, tall = max(wide, rows[y]), max(tall, columns[x])
		}
	})
	return wide, tall
}

func each(b box, around float64, do func(x, y int)) {
	for y := int(b.Y - around); y < int(math.Ceil(b.Y+b.H+around)); y++ {
		for x := int(b.X - around); x < int(math.Ceil(b.X+b.W+around)); x++ {
			do(x, y)
		}
	}
}

// contrast is that of WCAG 2.
func contrast(a, b color.Color) float64 {
	x, y := luminance(a)+0.05, luminance(b)+0.05
	return max(x, y) / min(x, y)
}

func luminance(c color.Color) float64 {
	r, g, b, _ := c.RGBA()
	linear := func(v uint32) float64 {
		s := float64(v) / 0xffff
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(r) + 0.7152*linear(g) + 0.0722*linear(b)
}
