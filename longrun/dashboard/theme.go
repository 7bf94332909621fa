package dashboard

import (
	"net/http"
	"time"
)

// theme is the colours of the pages in one browser: light, dark, or what its system
// says, which is the empty one.
type theme string

const (
	light theme = "light"
	dark  theme = "dark"
)

// Scheme is what the page tells the browser of its colours.
func (t theme) Scheme() string {
	if t == "" {
		return "light dark"
	}
	return string(t)
}

// themeCookie names the theme in a browser. It says nothing of who reads.
const themeCookie = "longwatch_theme"

// themeLength is how long a browser remembers its theme.
const themeLength = 365 * 24 * time.Hour

// themeOf is the theme that the browser of a request has chosen.
func themeOf(r *http.Request) theme {
	for _, c := range r.CookiesNamed(themeCookie) {
		if t := theme(c.Value); t == light || t == dark {
			return t
		}
	}
	return ""
}

// setTheme answers POST /theme. As a session's cookie it names no path.
func (h *handler) setTheme(w http.ResponseWriter, r *http.Request) {
	c := &http.Cookie{Name: themeCookie, SameSite: http.SameSiteStrictMode, HttpOnly: true, Secure: h.overTLS(r), MaxAge: -1}
	if t := theme(r.PostFormValue("theme")); t == light || t == dark {
		c.Value, c.MaxAge = string(t), int(themeLength/time.Second)
	}
	http.SetCookie(w, c)
	seeOther(w, "./settings?done=theme")
}
