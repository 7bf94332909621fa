package adminhttp

import (
	_ "embed" // the page
	"html/template"
	"net/http"
	"strings"

	"github.com/seed-13dc028d/longwatch/internal/redirect"
	"github.com/seed-13dc028d/longwatch/internal/visible"
	"github.com/seed-13dc028d/longwatch/longrun/report"
)

//go:embed error.html
var errorText string

var errorPage = template.Must(template.New("error").Parse(errorText))

// browses reports whether a request likes a page better than JSON, as browsers
// say and programs do not.
func browses(r *http.Request) bool {
	header := strings.Join(r.Header.Values("Accept"), ",")
	return quality(header, mediaType(htmlFormat)) > quality(header, mediaType(jsonFormat))
}

// link is a way on, relative to the page.
type link struct{ To, Name string }

// failPage is fail for people: what was wrong, and what is possible.
func failPage(w http.ResponseWriter, r *http.Request, status int, message string) {
	data := struct {
		Title, Message string
		Windows, Pages []link
	}{Title: http.StatusText(status), Message: visible.Line(message, 2000)}
	if h := handlerOf(r); h != nil {
		here := r.URL.EscapedPath()
		if r.URL.Path == h.prefix+"/report" {
			for _, name := range report.WindowNames() {
				data.Windows = append(data.Windows, link{"?window=" + name, name})
			}
		}
		for _, route := range h.routes() {
			if route.method == http.MethodGet && (route.path == "/{$}" || !strings.Contains(route.path, "{")) {
				name := strings.TrimSuffix(route.path, "{$}")
				data.Pages = append(data.Pages, link{redirect.Between(here, h.prefix+name), name})
			}
		}
	}
	var b strings.Builder
	if err := errorPage.Execute(&b, data); err != nil {
		reply(w, r, status, failure{Error: message})
		return
	}
	showPage(w, r, status, []byte(b.String()))
}

// showPage writes a page, which may load and run nothing.
func showPage(w http.ResponseWriter, r *http.Request, status int, page []byte) {
	w.Header().Set("Content-Security-Policy", pagePolicy(page))
	w.Header().Set("Referrer-Policy", "no-referrer")
	write(w, r, status, mediaType(htmlFormat)+"; charset=utf-8", page)
}
