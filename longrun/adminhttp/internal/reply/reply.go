package reply

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/document"
	"github.com/seed-13dc028d/longwatch/internal/visible"
)

// JSON writes a JSON body, in which what cannot be seen is escaped: it is read on
// terminals. A list or a map in it is never null.
func JSON(w http.ResponseWriter, r *http.Request, status int, body any) {
	data, err := json.Marshal(document.Full(body))
	if err != nil {
		status, data = http.StatusInternalServerError, []byte(`{"success":false,"error":"the reply could not be encoded"}`)
	}
	Write(w, r, status, "application/json; charset=utf-8", append(visible.JSON(data), '\n'))
}

// Write writes a body of any type. Nothing here may be kept by a cache: it is the
// state of this moment.
func Write(w http.ResponseWriter, r *http.Request, status int, contentType string, body []byte) {
	write(w, r, status, contentType, "no-store", body)
}

// Picture writes an SVG, which may be kept as caching says, as Cache-Control does.
func Picture(w http.ResponseWriter, r *http.Request, status int, caching string, svg []byte) {
	w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
	write(w, r, status, "image/svg+xml", caching, svg)
}

func write(w http.ResponseWriter, r *http.Request, status int, contentType, caching string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Header().Set("Cache-Control", caching)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	send(w, r, body)
}

// Failure is the body of an error.
type Failure struct {
	Success bool   `json:"success"`
	Error   string `json:"error"`
	Field   string `json:"field,omitempty"`
}

// Fail answers that something could not be done: in JSON or, to a browser, as a
// page.
func Fail(w http.ResponseWriter, r *http.Request, status int, field, message string) {
	if browses(r) {
		failPage(w, r, status, message)
		return
	}
	JSON(w, r, status, Failure{Error: message, Field: field})
}

// TooMany answers that something is not done now, and when to ask again.
func TooMany(w http.ResponseWriter, r *http.Request, wait time.Duration, message string) {
	w.Header().Set("Retry-After", fmt.Sprint(int64((wait+time.Second-1)/time.Second)))
	Fail(w, r, http.StatusTooManyRequests, "", message)
}

// send writes a body, which its caller has the Host's Time to take.
func send(w http.ResponseWriter, r *http.Request, body []byte) {
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Now().Add(timeOf(r))) // where that cannot be, the host's server has to
	if _, err := w.Write(body); err != nil {
		return // the caller has gone: nobody to tell
	}
	if control.Flush() != nil {
		return
	}
	_ = control.SetWriteDeadline(afterwards(r))
}

// timeOf is how long a caller may take to receive a reply that is ready.
func timeOf(r *http.Request) time.Duration {
	if h := hostOf(r); h != nil {
		return h.Time
	}
	return UsualTime
}

// afterwards is the deadline that the server itself sets: what the connection is
// used for next is none of our business.
func afterwards(r *http.Request) time.Time {
	if server, ok := r.Context().Value(http.ServerContextKey).(*http.Server); ok && server.WriteTimeout > 0 {
		return time.Now().Add(server.WriteTimeout)
	}
	return time.Time{}
}

// Stream begins a body whose length is not known yet, to be saved under a name, and
// returns where it is written. Each piece has the Host's Time to be taken.
func Stream(w http.ResponseWriter, r *http.Request, contentType, name string) io.Writer {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(http.StatusOK)
	return pieces{w, r}
}

type pieces struct {
	w http.ResponseWriter
	r *http.Request
}

func (p pieces) Write(b []byte) (int, error) {
	control := http.NewResponseController(p.w)
	_ = control.SetWriteDeadline(time.Now().Add(timeOf(p.r))) // where that cannot be, the host's server has to
	n, err := p.w.Write(b)
	if err != nil {
		return n, err
	}
	err = control.Flush()
	if errors.Is(err, http.ErrNotSupported) {
		err = nil
	}
	if err == nil {
		_ = control.SetWriteDeadline(afterwards(p.r))
	}
	return n, err
}
