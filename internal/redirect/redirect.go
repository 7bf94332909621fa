// Package redirect keeps a server's redirects and links within the path under
// which a proxy shows it.
//
// It does not know that path. It makes every one relative, so that it need not.
package redirect

import (
	"net/http"
	"path"
	"strings"
)

// Between returns the link by which a page at the path from leads to the path to;
// both begin with a slash. It climbs no higher than it must.
func Between(from, to string) string {
	to, query, asked := strings.Cut(to, "?")
	if asked {
		query = "?" + query
	}
	for { // whatever folder both lie in may be called anything
		folder, below, ok := strings.Cut(from[1:], "/")
		other, rest, same := strings.Cut(to[1:], "/")
		if !ok || !same || folder != other {
			break
		}
		from, to = "/"+below, "/"+rest
	}
	if up := strings.Count(from, "/") - 1; up > 0 {
		return strings.Repeat("../", up) + to[1:] + query
	}
	return "." + to + query
}

// To answers with a redirect to a path of this server.
func To(to string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer(w, r, to, http.StatusFound)
	})
}

func answer(w http.ResponseWriter, r *http.Request, to string, status int) {
	link := Between(r.URL.EscapedPath(), to)
	if r.URL.RawQuery != "" {
		link += "?" + r.URL.RawQuery
	}
	w.Header().Set("Location", link)
	w.WriteHeader(status)
}

// Clean answers a request whose path has an empty part, such as //a or /a//b,
// with a redirect to the path without; an http.ServeMux would send it to the root
// of the host.
func Clean(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		escaped := r.URL.EscapedPath()
		if !strings.Contains(escaped, "//") || dotted(escaped) {
			next.ServeHTTP(w, r)
			return
		}
		clean := path.Clean(escaped)
		if strings.HasSuffix(escaped, "/") && clean != "/" {
			clean += "/"
		}
		answer(w, r, clean, http.StatusTemporaryRedirect)
	})
}

// dotted reports whether a path has a part that means a step. No browser sends
// one, and a link that counts steps would miscount.
func dotted(escaped string) bool {
	for part := range strings.SplitSeq(strings.ToLower(escaped), "/") {
		if part = strings.ReplaceAll(part, "%2e", "."); part == "." || part == ".." {
			return true
		}
	}
	return false
}
