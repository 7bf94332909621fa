package adminhttp

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"strings"
)

// authorized lets through who shows the token or, where none is configured, who
// reaches a loopback address by a loopback name. The name is asked for because a
// web page can point a name of its own at 127.0.0.1, and no browser forges Host.
func (h *handler) authorized(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h.token == "" {
			if !reachedLoopback(r) {
				fail(w, http.StatusForbidden, "", "without a token the admin API answers on loopback addresses only")
				return
			}
			next.ServeHTTP(w, r)
			return
		}
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") || !sameToken(strings.TrimSpace(token), h.token) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="longwatch"`)
			fail(w, http.StatusUnauthorized, "", "a bearer token is required in the Authorization header")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// sameOrigin refuses what changes something on behalf of another site's page:
// without a token, a browser on this machine is let in whoever sent it.
func sameOrigin(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fail(w, http.StatusForbidden, "", "the request comes from another site's page")
	}))
	return protection.Handler(next)
}

// sameToken compares in a time that depends on neither token: both are hashed,
// so that not even their lengths show.
func sameToken(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

func reachedLoopback(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return false
	}
	host, _, err := net.SplitHostPort(local.String())
	return err == nil && loopbackName(host) && loopbackName(hostOnly(r.Host))
}

func hostOnly(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return host
	}
	return strings.Trim(hostport, "[]")
}

// loopbackName reports whether host is a loopback address or "localhost".
func loopbackName(host string) bool {
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback() || strings.EqualFold(strings.TrimSuffix(host, "."), "localhost")
}
