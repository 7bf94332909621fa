package e2e_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/seed-13dc028d/longwatch/internal/faultnet"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/stretchr/testify/require"
)

// looks are how pages are looked at. Elsewhere than at the root only addresses differ: each
// size is looked at once there, one with scripts and one without.
func looks(how string) (all []look) {
	for _, size := range [][2]int64{{1400, 900}, {390, 844}} {
		for _, plain := range []bool{false, true} {
			l := look{width: size[0], height: size[1], plain: plain}
			if how == "root" {
				dark := l
				dark.dark = true
				all = append(all, l, dark)
			} else if plain == (l.width < 600) {
				all = append(all, l)
			}
		}
	}
	return all
}

// Every page, as everybody may look at it: nothing is complained of, nobody else is
// asked, nothing is beside the window, and axe-core finds nothing.
func TestEveryPageIsWellBehavedHoweverItIsLookedAt(t *testing.T) { //nolint:tparallel // its parts take turns in one browser
	t.Parallel()
	browser, source := browse(t), axe(t)
	bad := serve(t, 0, time.Second, &host{away: 190, queue: 500})
	incident := bad.incident(t, rules.QueueDepth)
	old := serve(t, 365, time.Minute, &host{})
	for _, how := range mounts {
		troubled, settled := mount(t, bad, how), mount(t, old, how)
		for _, l := range looks(how) {
			t.Run(how+"/"+l.String(), func(t *testing.T) {
				in := open(t, browser, l)
				see(in, troubled, source, how, "login")
				in.signIn(troubled)
				for _, page := range []string{"", "incident/" + incident, "settings"} {
					see(in, troubled, source, how, page)
				}
				in = open(t, browser, l)
				in.signIn(settled)
				for _, page := range []string{"", "history", "history?window=365d", "history?day=" + time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly), "report", "report?window=30d", "report?window=36h"} {
					see(in, settled, source, how, page)
				}
			})
		}
	}
}

// see looks at a page, and keeps a picture of it where that is asked for.
func see(in *tab, s *site, source, how, page string) {
	in.tb.Helper()
	in.visit(s.address + page)
	in.await(`document.querySelector("main")`)
	if page == "" && !in.look.plain { // all its parts have been fetched anew
		in.await(`/^Live/.test(document.getElementById("fresh").textContent)`)
	}
	if how == "root" && !in.look.plain { // the same pages under the others
		in.shoot(pictureOf(s, page))
		require.Empty(in.tb, in.violations(source), page)
	}
	in.wellBehaved(s)
}

// pictureOf is the name of a picture of a page: the same each day.
func pictureOf(s *site, page string) string {
	name, _, _ := strings.Cut(page, "/")
	name, query, asked := strings.Cut(name, "?")
	if what, value, _ := strings.Cut(query, "="); asked {
		name += "-" + what
		if what == "window" {
			name += "-" + value
		}
	}
	if name == "" {
		name = "now"
	}
	if s.host.away > 0 {
		name += "-bad"
	}
	return name
}

// No width from that of the smallest phone on makes a page scroll sideways.
func TestNoPageScrollsSideways(t *testing.T) {
	t.Parallel()
	s := mount(t, serve(t, 90, time.Minute, &host{away: 190, queue: 500}), "root")
	in := open(t, browse(t), look{width: 320, height: 844})
	in.signIn(s)
	for _, page := range []string{"", "history", "report?window=7d", "settings"} {
		for i, width := range []int64{320, 360, 390, 768, 1024, 1400, 1920} {
			in.resize(width)
			if i == 0 {
				in.visit(s.address + page)
			}
			in.wellBehaved(s)
		}
	}
}

// At the size of a phone the first thing that is wrong and what can be done about it are
// on the first screen; 190 accounts that are out for one cause are no wall.
func TestWhatIsWrongIsOnAPhonesFirstScreen(t *testing.T) {
	bad := serve(t, 0, time.Second, &host{away: 190, queue: 500})
	bad.incident(t, rules.QueueDepth)
	s := mount(t, bad, "root")
	in := open(t, browse(t), look{width: 390, height: 844})
	in.signIn(s)
	require.Less(t, is[float64](in, `document.querySelector("#open .acts, #open form, #open a").getBoundingClientRect().bottom`), 844.0)
	require.Less(t, is[float64](in, `document.querySelector("#accounts").getBoundingClientRect().height`), 1200.0)
}

// A page is not older than what happens: a probe that fails is seen without a hand.
func TestWhatHappensIsSeenAtOnce(t *testing.T) {
	h := &host{}
	bad := serve(t, 0, time.Second, h)
	for _, how := range mounts {
		s := mount(t, bad, how)
		in := open(t, browse(t), look{width: 1400, height: 900})
		in.signIn(s)
		in.await(`document.getElementById("fresh").textContent.includes("Live")`)
		h.set(func(h *host) { h.away = 7 })
		in.await(`document.getElementById("accounts").textContent.includes("193 of 200")`)
		h.set(func(h *host) { h.away = 0 })
		in.await(`document.getElementById("accounts").textContent.includes("200 of 200")`)
		in.wellBehaved(s)
	}
}

// Who has no pointer signs in, opens what is wrong, silences it, and signs out.
func TestTheKeyboardIsEnough(t *testing.T) {
	bad := serve(t, 0, time.Second, &host{queue: 500})
	incident := bad.incident(t, rules.QueueDepth)
	for _, plain := range []bool{false, true} {
		s := mount(t, bad, "path")
		in := open(t, browse(t), look{width: 1400, height: 900, plain: plain})
		in.visit(s.address)
		in.await(`document.activeElement?.id === "tok"`)
		in.do(chromedp.KeyEvent(token + "\r"))
		in.await(`document.querySelector("header.top")`)
		in.walk(`document.activeElement.pathname?.endsWith("/incident/` + incident + `")`)
		in.do(chromedp.KeyEvent("\r"))
		in.await(`document.querySelector("#silence")`)
		in.walk(`document.activeElement.name === "minutes"`)
		in.walk(`document.activeElement.name === "reason"`)
		in.do(chromedp.KeyEvent("looked at\r"))
		in.await(`document.querySelector(".done")`)
		require.Contains(t, is[string](in, `document.querySelector("#silence").textContent`), "looked at")
		in.walk(`document.activeElement.textContent === "Sign out"`)
		in.do(chromedp.KeyEvent("\r"))
		in.await(`document.querySelector("#tok")`)
		in.wellBehaved(s)
	}
}

// walk presses the tabulator until the focus is where an expression says, and requires
// that it can be seen all the way.
func (t *tab) walk(expression string) {
	t.tb.Helper()
	for range 200 {
		t.do(chromedp.KeyEvent("\t"))
		require.NotEqual(t.tb, "none", is[string](t, `getComputedStyle(document.activeElement).outlineStyle`), "the focus is not seen on %s", is[string](t, `document.activeElement.outerHTML.slice(0, 200)`))
		if is[bool](t, "!!("+expression+")") {
			return
		}
	}
	t.tb.Fatalf("no way there: %s", expression)
}

// A cut line is said, and mended without a hand.
func TestACutLineIsSaid(t *testing.T) {
	s := mount(t, serve(t, 0, time.Second, &host{}), "root")
	line := faultnet.New(t, strings.TrimSuffix(strings.TrimPrefix(s.address, "http://"), "/"))
	s.address = "http://" + line.Addr() + "/"
	in := open(t, browse(t), look{width: 1400, height: 900})
	in.signIn(s)
	in.await(`document.getElementById("fresh").textContent.includes("Live")`)
	line.Refuse()
	line.Reset()
	in.await(`document.getElementById("fresh").textContent.includes("Not live")`)
	line.Heal()
	in.await(`/^Live/.test(document.getElementById("fresh").textContent)`)
}
