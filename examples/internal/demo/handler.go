package demo

import (
	"fmt"
	"io"
	"net/http"
	"strings"
)

const healed = "healed: the next probe should pass, as soon as the account is connected again"

// ServeHTTP breaks and mends: POST /demo/{fault}, POST /demo/heal, and GET /demo for
// what there is and what was told, a page for a browser and else a list. It is for a
// demonstration on a loopback address and asks no token.
func (d *Demo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	page := strings.Contains(r.Header.Get("Accept"), "text/html")
	if r.Method != http.MethodPost {
		w.Header().Set("Vary", "Accept")
		if page {
			d.page(w)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		d.list(w)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	name := r.PathValue("fault")
	if name != "heal" && (modeOf(name) == nil || modeOf(name).name != name) {
		w.WriteHeader(http.StatusNotFound)
		d.list(w)
		return
	}
	said, err := d.do(name)
	switch {
	case err != nil:
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprintln(w, err)
	case page:
		w.Header().Set("Location", "../demo")
		w.WriteHeader(http.StatusSeeOther)
	default:
		fmt.Fprintln(w, said)
	}
}

// do breaks or heals, by name or key, and says what it did.
func (d *Demo) do(word string) (said string, err error) {
	if word == "heal" || word == healKey {
		return healed, d.heal()
	}
	m := modeOf(word)
	return m.name + ": " + m.what + "; told by " + m.tells[0].String() + " " + m.soon, d.press(m)
}

// list is what there is, for people with curl.
func (d *Demo) list(w io.Writer) {
	for i := range modes {
		m := &modes[i]
		fmt.Fprintf(w, "POST /demo/%-16s %s\n", m.name, m.what)
		if came := d.came(m); came != "" {
			fmt.Fprintf(w, "%28s%s\n", "", came)
		}
	}
	fmt.Fprintf(w, "POST /demo/%-16s all of it ends\n", "heal")
}

// came is what became of a mode that was pressed; empty for one that was not.
func (d *Demo) came(m *mode) string {
	f, pressed := d.told.of(m)
	switch {
	case !pressed:
		return ""
	case f.told == 0 && f.lasts:
		return "broken for " + span(d.opts.Clock.Now().Sub(f.at)) + ", not told yet"
	case f.told == 0:
		return "healed before it was told"
	}
	text := "told by " + f.by + " after " + span(f.told)
	switch {
	case f.lasts:
		return text + ", goes on"
	case f.resolved == 0:
		return text + ", healed, not resolved yet"
	}
	return text + ", resolved " + span(f.resolved) + " after heal"
}
