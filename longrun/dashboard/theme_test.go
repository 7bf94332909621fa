package dashboard_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// withTheme is a page for a browser that remembers such a theme.
func (s *stand) withTheme(path, theme string) string {
	s.Helper()
	r := httptest.NewRequestWithContext(s.Context(), http.MethodGet, "http://ops.example.org"+path, nil)
	r.AddCookie(&http.Cookie{Name: "longwatch_theme", Value: theme})
	return s.ask(r).Body.String()
}

func TestABrowserMayChooseLightOrDark(t *testing.T) {
	t.Parallel()
	onStand(t, nil, func(s *stand) {
		s.signIn()
		page := s.page("/settings")
		says(t, page, `<html lang="en">`)
		says(t, page, `content="light dark"`)
		says(t, page, `value="" checked`)
		for _, theme := range []string{"light", "dark"} {
			w := s.post("/theme", url.Values{"csrf": {s.form("/settings")}, "theme": {theme}})
			require.Equal(t, http.StatusSeeOther, w.Code)
			require.Equal(t, "./settings?done=theme", w.Header().Get("Location"))
			set := w.Header().Get("Set-Cookie")
			require.Contains(t, set, "longwatch_theme="+theme+"; Max-Age=31536000; HttpOnly; SameSite=Strict")
			require.NotContains(t, set, "Path", "it is that of the request, behind a proxy as well")
			for _, path := range []string{"/", "/settings", "/report", "/history"} {
				page := s.withTheme(path, theme)
				says(t, page, `<html lang="en" class="`+theme+`">`)
				says(t, page, `name="color-scheme" content="`+theme+`"`)
			}
			says(t, s.withTheme("/settings", theme), `value="`+theme+`" checked`)
		}
		says(t, s.withTheme("/", `"><script>`), `<html lang="en">`)
		w := s.post("/theme", url.Values{"csrf": {s.form("/settings")}, "theme": {"pink"}})
		require.Contains(t, w.Header().Get("Set-Cookie"), "longwatch_theme=; Max-Age=0")
		require.Equal(t, http.StatusForbidden, s.post("/theme", url.Values{"theme": {"dark"}}).Code, "without the form's token")
	})
}

// What a system may ask for, a class may: neither knows a colour that the other does not.
func TestAThemeHasEveryColour(t *testing.T) {
	t.Parallel()
	onStand(t, nil, func(s *stand) {
		s.signIn()
		_, at, found := strings.Cut(s.page("/"), `rel="stylesheet" href="./`)
		require.True(t, found)
		name, _, _ := strings.Cut(at, `"`)
		style := s.page("/" + name)
		part := func(after string) string {
			_, rest, found := strings.Cut(style, after)
			require.True(t, found, after)
			_, rest, _ = strings.Cut(rest, "--")
			rest, _, _ = strings.Cut(rest, "}")
			return strings.Join(strings.Fields(rest), " ")
		}
		require.Equal(t, part(":root {"), part(":root.light {"))
		require.Equal(t, part("(prefers-color-scheme: dark) {"), part(":root.dark {"))
		require.Contains(t, style, ":root.dark { color-scheme: dark; --bg: #")
	})
}

func TestABrowserThatAsksForAnIconOfTheSiteGetsOne(t *testing.T) {
	t.Parallel()
	onStand(t, nil, func(s *stand) {
		w := s.get("/favicon.ico")
		require.Equal(t, http.StatusOK, w.Code)
		require.Equal(t, "image/svg+xml", w.Header().Get("Content-Type"))
	})
}
