package reply

import (
	"context"
	"net/http"
	"time"
)

// UsualTime is how long a caller may take to receive a reply unless a Host says
// otherwise.
const UsualTime = 30 * time.Second

// Host is what replies must know of the handler that they come from.
type Host struct {
	// Prefix is where it is mounted, and Pages are the paths below that a browser
	// can open.
	Prefix string
	Pages  []string
	// Time is how long a caller may take to receive a reply that is ready.
	Time time.Duration
}

// hostKey is where a request's context keeps its host.
type hostKey struct{}

// Known lets what answers a request find the host that it came to.
func (h Host) Known(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), hostKey{}, &h)))
	})
}

// hostOf is nil for a request to what stands outside of the handler, such as
// Livez where the program mounted it by itself.
func hostOf(r *http.Request) *Host {
	h, _ := r.Context().Value(hostKey{}).(*Host)
	return h
}
