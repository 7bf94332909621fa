package dashboard

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/figures"
	"github.com/seed-13dc028d/longwatch/internal/visible"
	"github.com/seed-13dc028d/longwatch/longrun/report/chart"
)

//go:embed assets
var files embed.FS

// file is something that a page loads, under a name with the hash of what it holds.
type file struct {
	mediaType   string
	plain, gzip []byte
}

// loaded are the files by those names, and named are the names by the plain ones.
var loaded, named = load() //nolint:gochecknoglobals // made once, never changed

func load() (byName map[string]file, names map[string]string) {
	byName, names = map[string]file{}, map[string]string{}
	types := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
	entries, _ := fs.ReadDir(files, "assets") // it is there: it was compiled
	for _, e := range entries {
		ext := path.Ext(e.Name())
		if types[ext] == "" {
			continue
		}
		text, _ := files.ReadFile("assets/" + e.Name())
		if ext == ".css" {
			text = append([]byte(chart.Style()+chart.Themes()), text...)
		}
		sum := sha256.Sum256(text)
		name := strings.TrimSuffix(e.Name(), ext) + "-" + hex.EncodeToString(sum[:6]) + ext
		byName[name], names[e.Name()] = file{types[ext], text, packed(text)}, name
	}
	return byName, names
}

func packed(text []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(text) // into memory
	_ = z.Close()
	return b.Bytes()
}

// pages are the templates: each page is one of its own over the frame.
var pages = parse() //nolint:gochecknoglobals // made once, never changed

func parse() map[string]*template.Template {
	out := map[string]*template.Template{}
	words := template.FuncMap{
		"count": figures.Count[int], "line": func(s string) string { return visible.Line(s, 400) }, "file": func(name string) string { return named[name] },
		"days": func() []string { return []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} },
	}
	base := template.Must(template.New("frame.html").Funcs(words).ParseFS(files, "assets/frame.html"))
	for _, name := range []string{"now", "login", "message", "incident", "settings", "confirm", "history", "report"} {
		one := template.Must(base.Clone())
		out[name] = template.Must(one.ParseFS(files, "assets/"+name+".html"))
	}
	return out
}

// frame is what stands around every page.
type frame struct {
	Title string
	// Page is the one of the four in the navigation that this is, or belongs to.
	Page string
	// Icon is the verdict's shape in the tab.
	Icon string
	// Live says that the module keeps the page true; Done is what was done before.
	Live bool
	Done string
	Body any

	Root, Service, Form string
	Theme               theme
	Signed              bool
	At                  moment
	Every               bool
}

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

// moment is a time for people and for the module.
type moment struct {
	ISO, Clock, Local string
}

func (h *handler) moment(t time.Time) moment {
	m := moment{ISO: t.UTC().Format(time.RFC3339), Clock: t.UTC().Format("15:04:05")}
	if h.Zone != nil && h.Zone != time.UTC {
		name := h.Zone.String()
		m.Local = t.In(h.Zone).Format("15:04") + " " + strings.ReplaceAll(name[strings.LastIndexByte(name, '/')+1:], "_", " ")
	}
	return m
}

// policy is what every reply says of what its page may do.
func policy(header http.Header) {
	header.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "same-origin")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Cache-Control", "no-store")
}

// render writes a page.
func (h *handler) render(w http.ResponseWriter, r *http.Request, status int, name string, f frame) {
	f.Root, f.Service, f.Form = h.root(r), visible.Line(h.Service, 60), h.key.Form(h.session(r))
	f.Signed, f.Theme = h.session(r) != "", themeOf(r)
	f.At = h.moment(h.Clock.Now())
	f.Done = visible.Line(f.Done, 200)
	if f.Icon == "" {
		f.Icon = "ok"
	}
	if every, err := strconv.Atoi(r.URL.Query().Get("every")); err == nil && every >= 10 && every <= 3600 {
		f.Every = true
		w.Header().Set("Refresh", strconv.Itoa(every))
	}
	var b bytes.Buffer
	if err := pages[name].ExecuteTemplate(&b, "frame.html", f); err != nil {
		h.Logger.ErrorContext(r.Context(), "a page could not be made", "page", name, "error", err)
		http.Error(w, "the page could not be made", http.StatusInternalServerError)
		return
	}
	send(w, r, status, "text/html; charset=utf-8", b.Bytes(), nil)
}

// send writes a reply, packed for who takes that.
func send(w http.ResponseWriter, r *http.Request, status int, mediaType string, text, zipped []byte) {
	w.Header().Set("Content-Type", mediaType)
	w.Header().Add("Vary", "Accept-Encoding")
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") && len(text) > 1000 {
		if zipped == nil {
			zipped = packed(text)
		}
		text = zipped
		w.Header().Set("Content-Encoding", "gzip")
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(text) // the caller may have gone
	}
}

// fail writes a page that says what is wrong.
func (h *handler) fail(w http.ResponseWriter, r *http.Request, status int, text string) {
	h.render(w, r, status, "message", frame{Title: http.StatusText(status), Icon: "wrong", Body: visible.Line(text, 1000)})
}

func (h *handler) missing(w http.ResponseWriter, r *http.Request) {
	h.fail(w, r, http.StatusNotFound, "There is no such page.")
}

// asset answers what pages load. A name holds the hash, so that it never changes.
func (h *handler) asset(w http.ResponseWriter, r *http.Request) {
	f, ok := loaded[r.PathValue("file")]
	if !ok {
		h.missing(w, r)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	send(w, r, http.StatusOK, f.mediaType, f.plain, f.gzip)
}

// icon answers what browsers ask for beside pages that name no icon, such as the admin
// API's report.
func (h *handler) icon(w http.ResponseWriter, r *http.Request) {
	f := loaded[named["icon-ok.svg"]]
	w.Header().Set("Cache-Control", "public, max-age=86400")
	send(w, r, http.StatusOK, f.mediaType, f.plain, f.gzip)
}

// styleHash names the one style sheet that stands in a page, for its policy.
func styleHash(page []byte) string {
	_, rest, _ := bytes.Cut(page, []byte("<style>"))
	style, _, _ := bytes.Cut(rest, []byte("</style>"))
	sum := sha256.Sum256(style)
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// seconds is a time to wait as a header has it.
func seconds(d time.Duration) string {
	return strconv.Itoa(int((d + time.Second - 1) / time.Second))
}
