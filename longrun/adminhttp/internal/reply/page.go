package reply

import (
	"crypto/sha256"
	_ "embed" // the page
	"encoding/base64"
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
	return quality(header, MediaType(AsHTML)) > quality(header, MediaType(AsJSON))
}

// link is a way on, relative to the page.
type link struct{ To, Name string }

// failPage is Fail for people: what was wrong, and what is possible.
func failPage(w http.ResponseWriter, r *http.Request, status int, message string) {
	data := struct {
		Title, Message string
		Windows, Pages []link
	}{Title: http.StatusText(status), Message: visible.Line(message, 2000)}
	if h := hostOf(r); h != nil {
		here := r.URL.EscapedPath()
		if r.URL.Path == h.Prefix+"/report" {
			for _, name := range report.WindowNames() {
				data.Windows = append(data.Windows, link{"?window=" + name, name})
			}
		}
		for _, name := range h.Pages {
			data.Pages = append(data.Pages, link{redirect.Between(here, h.Prefix+name), name})
		}
	}
	var b strings.Builder
	if err := errorPage.Execute(&b, data); err != nil {
		JSON(w, r, status, Failure{Error: message})
		return
	}
	Page(w, r, status, []byte(b.String()))
}

// Page writes a page, which may run nothing and load nothing from elsewhere.
func Page(w http.ResponseWriter, r *http.Request, status int, page []byte) {
	w.Header().Set("Content-Security-Policy", pagePolicy(page))
	w.Header().Set("Referrer-Policy", "no-referrer")
	Write(w, r, status, MediaType(AsHTML)+"; charset=utf-8", page)
}

// pagePolicy lets a page apply the one style sheet that stands in it, show pictures
// of this server, and nothing else: no script, no request to elsewhere, no form, no
// frame. In its sandbox it stays of this origin, so that its links are followed with
// what a browser knows of this server, and may save a table.
func pagePolicy(page []byte) string {
	_, rest, _ := strings.Cut(string(page), "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox allow-same-origin allow-downloads"
}
