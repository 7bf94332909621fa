package httpprobe

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/benbjohnson/clock"
)

// Options are the optional settings of New. The zero value is ready.
type Options struct {
	// Method is GET or HEAD. Default: GET.
	Method string
	// Header is sent with the request, and never shown. Where redirects are followed,
	// none of it goes to another host. Default: what net/http sends.
	Header http.Header
	// Status are the codes of a PASS. Default: 200 to 299.
	Status []int
	// Match must be found in the first MaxBody bytes of the answer. Default: nil, any
	// answer will do.
	Match *regexp.Regexp
	// MaxBody is how much of an answer is read, in bytes; what comes behind it is not
	// waited for. Default: 1 MiB.
	MaxBody int64
	// CertificateLeft is how much longer the certificate must be good: a FAIL comes so
	// long before browsers refuse it. Default: 0, until it ends.
	CertificateLeft time.Duration
	// Redirects is how many redirects are followed, none of them from https to http.
	// Default: 0, a redirect is an answer like any other, with its status.
	Redirects int
	// Target is how results call what is asked: no secret, no telephone number.
	// Default: the scheme and the host of the URL.
	Target string
	// Transport is what connections are made with: other roots, a proxy, a certificate
	// of the client. It is cloned. Default: a new one without a proxy.
	Transport *http.Transport
	// Clock is the time, also that which certificates are held against. Default: the
	// wall clock.
	Clock clock.Clock
}

const defaultMaxBody = 1 << 20

// maxHeader is how much of an answer's head is read, where Transport does not say.
const maxHeader = 1 << 20

// withDefaults returns a copy that shares nothing with o.
func (o Options) withDefaults() Options {
	if o.Method == "" {
		o.Method = http.MethodGet
	}
	if o.MaxBody == 0 {
		o.MaxBody = defaultMaxBody
	}
	if o.Clock == nil {
		o.Clock = clock.New()
	}
	if o.Transport == nil {
		o.Transport = &http.Transport{ForceAttemptHTTP2: true}
	} else {
		o.Transport = o.Transport.Clone()
	}
	o.Transport.DisableKeepAlives = true
	if o.Transport.MaxResponseHeaderBytes == 0 {
		o.Transport.MaxResponseHeaderBytes = maxHeader
	}
	if o.Transport.TLSClientConfig == nil {
		o.Transport.TLSClientConfig = new(tls.Config)
	}
	if o.Transport.TLSClientConfig.Time == nil {
		o.Transport.TLSClientConfig.Time = o.Clock.Now
	}
	o.Transport.DialContext = within(o.Transport.DialContext)
	if o.Transport.DialTLSContext != nil {
		o.Transport.DialTLSContext = within(o.Transport.DialTLSContext)
	}
	o.Header, o.Status = o.Header.Clone(), slices.Clone(o.Status)
	return o
}

// validate names every mistake. No value is in it that may be secret.
func (o Options) validate() error {
	var errs []error
	wrong := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("httpprobe: Options."+format, args...))
	}
	if o.Method != http.MethodGet && o.Method != http.MethodHead {
		wrong("Method %.10q is neither GET nor HEAD", o.Method)
	}
	for _, code := range o.Status {
		if code < 200 || code > 599 {
			wrong("Status %d is none between 200 and 599", code)
		}
	}
	if o.Match != nil && o.Method == http.MethodHead {
		wrong("Match is set, and the answer to HEAD has no body")
	}
	if o.MaxBody < 0 {
		wrong("MaxBody %d is negative", o.MaxBody)
	}
	if o.CertificateLeft < 0 {
		wrong("CertificateLeft %v is negative", o.CertificateLeft)
	}
	if o.Redirects < 0 {
		wrong("Redirects %d is negative", o.Redirects)
	}
	return errors.Join(errs...)
}
