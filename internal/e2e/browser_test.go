package e2e_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// required reports whether a missing part is a failure.
func required() bool { return os.Getenv("LONGRUN_REQUIRE_BROWSER") == "1" }

// lacking skips a test, or fails it where the part is required.
func lacking(tb testing.TB, what string) {
	tb.Helper()
	if required() {
		tb.Fatal(what)
	}
	tb.Skip(what)
}

// browse starts a Chromium that ends with the test.
func browse(tb testing.TB) context.Context {
	tb.Helper()
	path := os.Getenv("LONGRUN_CHROMIUM")
	if path == "" {
		for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
			if found, err := exec.LookPath(name); err == nil {
				path = found
				break
			}
		}
	}
	if path == "" {
		lacking(tb, "no Chromium: apt-get install chromium, or set LONGRUN_CHROMIUM")
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(tb.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("force-color-profile", "srgb"),
		chromedp.WSURLReadTimeout(time.Minute))
	allocated, stop := chromedp.NewExecAllocator(tb.Context(), options...)
	tb.Cleanup(stop)
	browser, end := chromedp.NewContext(allocated)
	tb.Cleanup(end)
	require.NoError(tb, chromedp.Do(browser))
	return browser
}

// look is how somebody looks at a page.
type look struct {
	width, height int64
	dark          bool
	plain         bool // without JavaScript
}

func (l look) String() string {
	name := fmt.Sprint(l.width)
	if l.dark {
		name += "-dark"
	}
	if l.plain {
		name += "-plain"
	}
	return name
}

// tab is a page in a browser of its own, without cookies, and what went wrong in it.
type tab struct {
	tb   testing.TB
	ctx  context.Context // chromedp's handle of the page
	look look

	mu       sync.Mutex
	troubles []string
	hosts    map[string]bool // what was asked for anything
}

func open(tb testing.TB, browser context.Context, l look) *tab {
	tb.Helper()
	ctx, end := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	tb.Cleanup(end)
	t := &tab{tb: tb, ctx: ctx, look: l, hosts: map[string]bool{}}
	require.NoError(tb, chromedp.Listen(ctx, t.hear))
	scheme := "light"
	if l.dark {
		scheme = "dark"
	}
	t.do(
		order(network.Enable, network.EnableParams{}), order(log.Enable, cdp.Empty{}), order(runtime.Enable, cdp.Empty{}),
		l.sized(),
		order(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}),
		order(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: l.plain}),
	)
	return t
}

// sized gives the window its size.
func (l look) sized() chromedp.Action[chromedp.Void] {
	return order(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: l.width, Height: l.height, DeviceScaleFactor: 1, Mobile: l.width < 600})
}

// resize gives the window another width, and waits until the page has it.
func (t *tab) resize(width int64) {
	t.tb.Helper()
	t.look.width = width
	t.do(t.look.sized())
	t.await(fmt.Sprintf("innerWidth === %d", width))
}

// order is a command of the browser's protocol.
func order[P, R any](command cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, command, params)
		return err
	})
}

// hear takes note of what a browser complains of: errors of scripts, what the policy
// forbids, what could not be loaded, and what is asked of other hosts.
func (t *tab) hear(event any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		t.troubles = append(t.troubles, "exception: "+e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			said, _ := json.Marshal(e.Args)
			t.troubles = append(t.troubles, "console: "+string(said))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level != log.EntryLevelInfo && e.Entry.Level != log.EntryLevelVerbose {
			t.troubles = append(t.troubles, fmt.Sprintf("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL))
		}
	case *network.EventRequestWillBeSent:
		if u, err := url.Parse(e.Request.URL); err == nil && u.Host != "" {
			t.hosts[u.Host] = true
		} // without one it is data: the browser's pictures of its fields
	}
}

// patience is how long anything in the browser may take.
const patience = 2 * time.Minute

func (t *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	t.tb.Helper()
	ctx, end := context.WithTimeout(t.ctx, patience)
	defer end()
	require.NoError(t.tb, chromedp.Do(ctx, steps...))
}

// is is what an expression of JavaScript is.
func is[T any](t *tab, expression string, options ...chromedp.EvaluateOption) T {
	t.tb.Helper()
	ctx, end := context.WithTimeout(t.ctx, patience)
	defer end()
	out, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, options...))
	require.NoError(t.tb, err, expression)
	return out
}

// await waits until an expression is true.
func (t *tab) await(expression string) {
	t.tb.Helper()
	require.Eventually(t.tb, func() bool {
		ctx, end := context.WithTimeout(t.ctx, patience)
		defer end()
		is, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+expression+")"))
		return err == nil && is // while a page is left there is none
	}, patience, 50*time.Millisecond, expression)
}

// visit loads a page.
func (t *tab) visit(address string) {
	t.tb.Helper()
	t.do(chromedp.Navigate(address))
}

// signIn enters the token, as people do, and ends on the page Now.
func (t *tab) signIn(s *site) {
	t.tb.Helper()
	t.visit(s.address + "login")
	t.do(chromedp.SendKeys(chromedp.CSS("#tok"), token+"\r"))
	t.await(`document.querySelector("header.top")`)
}

// wellBehaved requires that the page kept to itself: nothing was complained of, nobody
// else asked, and nothing is beside the window.
func (t *tab) wellBehaved(s *site) {
	t.tb.Helper()
	t.mu.Lock()
	troubles, hosts := slices.Clone(t.troubles), []string{}
	for h := range t.hosts {
		hosts = append(hosts, h)
	}
	t.mu.Unlock()
	require.Empty(t.tb, troubles)
	u, err := url.Parse(s.address)
	require.NoError(t.tb, err)
	require.Equal(t.tb, []string{u.Host}, hosts)
	require.Empty(t.tb, is[[]string](t, `[...document.querySelectorAll("[id]")].map(e => e.id).filter((id, i, all) => all.indexOf(id) !== i)`), "two things have one name")
	require.LessOrEqual(t.tb, is[float64](t, "document.documentElement.scrollWidth"), float64(t.look.width), "the page scrolls sideways")
}

// axe is the source of axe-core.
func axe(tb testing.TB) string {
	tb.Helper()
	source, err := os.ReadFile(filepath.Join("node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		lacking(tb, "no axe-core: npm ci --prefix internal/e2e")
	}
	return string(source)
}

// violations are what axe-core finds in the page as it stands.
func (t *tab) violations(source string) []string {
	t.tb.Helper()
	is[float64](t, source+";0")
	const ask = `axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], resultTypes: ["violations"]}).then(r => r.violations.map(v => v.id + ": " + v.help + ": " + v.nodes.map(n => n.html).slice(0, 3).join(" ")))`
	return is[[]string](t, ask, chromedp.EvalAwaitPromise)
}

var shots = flag.Bool("shots", false, "keep pictures of the pages in .cache/e2e")

// shoot keeps a picture of the whole page, where that is asked for.
func (t *tab) shoot(name string) {
	t.tb.Helper()
	if !*shots {
		return
	}
	folder := filepath.Join("..", "..", ".cache", "e2e")
	require.NoError(t.tb, os.MkdirAll(folder, 0o750))
	require.NoError(t.tb, os.WriteFile(filepath.Join(folder, name+"-"+t.look.String()+".png"), t.picture(), 0o600))
}

// picture is the whole page as its readers see it, as a PNG.
func (t *tab) picture() []byte {
	t.tb.Helper()
	ctx, end := context.WithTimeout(t.ctx, patience)
	defer end()
	taken, err := chromedp.Run(ctx, func(ctx context.Context, tab *chromedp.Target) ([]byte, error) {
		shot, err := cdp.Call(ctx, tab, page.CaptureScreenshot, page.CaptureScreenshotParams{CaptureBeyondViewport: new(true)})
		return shot.Data, err
	})
	require.NoError(t.tb, err)
	return taken
}
