package dashboard

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/entry"
	"github.com/seed-13dc028d/longwatch/internal/figures"
	"github.com/seed-13dc028d/longwatch/internal/redirect"
	"github.com/seed-13dc028d/longwatch/internal/visible"
)

// cookieName names the session in a browser.
const cookieName = "longwatch_session"

// How long a session lasts: for a shift, or for who asked to stay signed in.
const (
	sessionLength = 12 * time.Hour
	keptLength    = 30 * 24 * time.Hour
)

// session returns the session of a request, empty where it has none that holds.
func (h *handler) session(r *http.Request) string {
	for _, c := range r.CookiesNamed(cookieName) { // several, where one mount lies under another
		if h.key.Holds(c.Value, h.Clock.Now()) {
			return c.Value
		}
	}
	return ""
}

// setCookie gives a browser a session, or takes it back where it is empty. It names
// no path: a browser takes that of the request, which is a page of the root, so that
// it is right under a proxy's path as well.
func (h *handler) setCookie(w http.ResponseWriter, r *http.Request, session string, keep bool) {
	c := &http.Cookie{Name: cookieName, Value: session, HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: h.overTLS(r)}
	switch {
	case session == "":
		c.MaxAge = -1
	case keep:
		c.MaxAge = int(keptLength / time.Second)
	}
	http.SetCookie(w, c)
}

// overTLS reports whether the browser speaks TLS, to this server or to a proxy that
// is believed.
func (h *handler) overTLS(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") {
		return false
	}
	for _, p := range h.Proxies {
		if p.Contains(from.Addr().Unmap()) {
			return true
		}
	}
	return false
}

// sane lets nobody in where the options are refused, and sends what every reply has.
func (h *handler) sane(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		policy(w.Header())
		switch {
		case h.refused != nil:
			h.fail(w, r, http.StatusServiceUnavailable, "The dashboard is not configured rightly, and answers nothing; the log says why.")
		case h.Token == "" && !entry.ReachedLoopback(r):
			h.fail(w, r, http.StatusForbidden, "Without a token the dashboard answers on loopback addresses only.")
		case h.Token == "" && entry.Forwarded(r) != "":
			h.fail(w, r, http.StatusForbidden, "Without a token the dashboard answers nobody who comes through a proxy.")
		case h.guarding.Check(r) != nil:
			h.fail(w, r, http.StatusForbidden, "The request comes from another site's page.")
		default:
			next(w, r)
		}
	})
}

// guarded lets in who has a session or shows the token, and sends people to the login.
// What changes something needs the token of its form as well.
func (h *handler) guarded(next http.HandlerFunc) http.Handler {
	return h.sane(func(w http.ResponseWriter, r *http.Request) {
		token, bearer := entry.Bearer(r)
		switch {
		case h.Token == "":
		case bearer && entry.SameToken(token, h.Token):
			next(w, r) // no browser sends that by itself
			return
		case h.session(r) == "":
			h.toLogin(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			r.Body = http.MaxBytesReader(w, r.Body, maxForm)
			if !h.key.IsForm(r.PostFormValue("csrf"), h.session(r)) {
				h.fail(w, r, http.StatusForbidden, "This form is no longer good: it is of another session, or of a server that was started again. Go back, reload the page, and send it once more.")
				return
			}
		}
		next(w, r)
	})
}

// maxForm bounds what a form may send.
const maxForm = 64 << 10

// toLogin sends a browser to the login, and from there back here.
func (h *handler) toLogin(w http.ResponseWriter, r *http.Request) {
	below := strings.TrimPrefix(r.URL.EscapedPath(), h.Prefix)
	if r.Method != http.MethodGet || strings.HasPrefix(below, "/fragment/") || below == "/events" {
		w.Header().Set("WWW-Authenticate", `Bearer realm="longwatch"`)
		h.fail(w, r, http.StatusUnauthorized, "Sign in first.")
		return
	}
	to := h.root(r) + "login"
	if next := strings.TrimPrefix(below, "/"); next != "" {
		if r.URL.RawQuery != "" {
			next += "?" + r.URL.RawQuery
		}
		to += "?next=" + url.QueryEscape(next)
	}
	seeOther(w, to)
}

// seeOther redirects to a relative link.
func seeOther(w http.ResponseWriter, to string) {
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}

// onward is where a login leads: a page of these, whoever made the link.
func onward(next string) string {
	if next == "" || len(next) > 500 || strings.ContainsAny(next, "\\:\r\n\t") || strings.HasPrefix(next, "/") || strings.Contains(next, "..") || strings.Contains(next, "//") {
		return "./"
	}
	return redirect.Between("/login", "/"+next)
}

// loginView is what the login page says.
type loginView struct {
	Next, Error string
}

func (h *handler) loginPage(w http.ResponseWriter, r *http.Request) {
	if h.Token == "" || h.session(r) != "" {
		seeOther(w, onward(r.URL.Query().Get("next")))
		return
	}
	h.render(w, r, http.StatusOK, "login", frame{Title: "Sign in", Body: loginView{Next: visible.Head(r.URL.Query().Get("next"), 500)}})
}

// login takes the token for a session.
func (h *handler) login(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	remote, next := entry.HostOnly(r.RemoteAddr), r.PostFormValue("next")
	refuse := func(status int, text string) {
		h.render(w, r, status, "login", frame{Title: "Sign in", Body: loginView{Next: visible.Head(next, 500), Error: text}})
	}
	if wait := h.guesses.Wait(remote); wait > 0 {
		w.Header().Set("Retry-After", seconds(wait))
		refuse(http.StatusTooManyRequests, "Too many wrong tokens. Try again in "+figures.Length(wait.Round(time.Second))+".")
		return
	}
	if h.Token == "" || !entry.SameToken(r.PostFormValue("token"), h.Token) {
		left := h.guesses.Wrong(remote)
		h.Logger.WarnContext(r.Context(), "a wrong token was entered at the login", "remote", visible.Line(remote, 100), "tries_left", left)
		refuse(http.StatusUnauthorized, "That is not the token. "+tries(left)+" left in this minute.")
		return
	}
	keep := r.PostFormValue("keep") != ""
	length := sessionLength
	if keep {
		length = keptLength
	}
	h.setCookie(w, r, h.key.New(h.Clock.Now().Add(length)), keep)
	h.Logger.InfoContext(r.Context(), "signed in to the dashboard", "remote", visible.Line(remote, 100))
	seeOther(w, onward(next))
}

// logout takes the browser's session back.
func (h *handler) logout(w http.ResponseWriter, r *http.Request) {
	h.setCookie(w, r, "", false)
	seeOther(w, "./login")
}

func tries(n int) string {
	if n == 1 {
		return "1 try is"
	}
	return figures.Count(n) + " tries are"
}
