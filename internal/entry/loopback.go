package entry

import (
	"net"
	"net/http"
	"strings"

	"github.com/seed-13dc028d/longwatch/internal/visible"
)

// ReachedLoopback reports whether a request came to a loopback address by a loopback
// name. The name is asked for because a web page can point a name of its own at
// 127.0.0.1, and no browser forges Host; a proxy on this machine may send any.
func ReachedLoopback(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return false
	}
	host, _, err := net.SplitHostPort(local.String())
	return err == nil && Loopback(host) && Loopback(HostOnly(r.Host))
}

// Forwarded returns the name of a header that says a request came through a
// proxy; empty where none does.
func Forwarded(r *http.Request) string {
	for _, name := range []string{
		"Forwarded", "Via", "X-Real-Ip", "X-Client-Ip", "X-Cluster-Client-Ip", "Client-Ip", "True-Client-Ip",
		"Cf-Connecting-Ip", "Fly-Client-Ip", "Fastly-Client-Ip", "X-Envoy-External-Address", "X-Original-Host", "X-Original-Url", "X-Rewrite-Url",
	} {
		if _, sent := r.Header[name]; sent {
			return name
		}
	}
	for name := range r.Header {
		if strings.HasPrefix(name, "X-Forwarded") {
			return visible.Line(name, 40)
		}
	}
	return ""
}

// HostOnly is an address without its port.
func HostOnly(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return host
	}
	return strings.Trim(hostport, "[]")
}

// Loopback reports whether host, a name or an address without a port, is this
// machine's own: localhost in any spelling, 127.0.0.0/8, ::1.
func Loopback(host string) bool {
	host = strings.Trim(host, "[]")
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback() || strings.EqualFold(strings.TrimSuffix(host, "."), "localhost")
}
