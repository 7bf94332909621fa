package httpprobe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"

	"github.com/seed-13dc028d/longwatch/internal/redact"
	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/probe/internal/connecting"
)

// Prober asks one URL. It is safe for concurrent use: each Probe is a request of its
// own.
type Prober struct {
	url    *url.URL
	target string
	opts   Options
	client *http.Client
}

var _ probe.Prober = (*Prober)(nil)

// maxTarget is how long a target is, in runes.
const maxTarget = 200

// New returns a Prober of an http or https URL, whose userinfo is sent as basic
// authentication. It asks nobody yet. opts may be nil. The error joins every mistake,
// and has nothing of the URL in it.
func New(address string, opts *Options) (*Prober, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	o = o.withDefaults()
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		err = errors.New("httpprobe: url has not the form https://host/path")
	}
	if err := errors.Join(err, o.validate()); err != nil {
		return nil, err
	}
	p := &Prober{url: u, target: redact.Text(u.Scheme+"://"+u.Host, maxTarget), opts: o}
	if o.Target != "" {
		p.target = redact.Text(o.Target, maxTarget)
	}
	p.client = &http.Client{Transport: o.Transport, CheckRedirect: p.redirect}
	return p, nil
}

// errRedirect is a redirect that is not followed although redirects are.
var errRedirect = errors.New("httpprobe: redirect refused")

// redirect says whether one is followed, and takes from the request what is not for
// others: whoever is redirected to learns no header of ours, nor from where.
func (p *Prober) redirect(next *http.Request, via []*http.Request) error {
	if p.opts.Redirects == 0 {
		return http.ErrUseLastResponse
	}
	if len(via) > p.opts.Redirects || via[len(via)-1].URL.Scheme == "https" && next.URL.Scheme != "https" {
		return errRedirect
	}
	next.Header.Del("Referer") // it has the query
	if next.URL.Host != p.url.Host || next.URL.Scheme != p.url.Scheme {
		for name := range p.opts.Header {
			next.Header.Del(name)
		}
	}
	return nil
}

// Probe implements probe.Prober. Result.Latency is that of the whole, from the name's
// look-up to the end of the body.
func (p *Prober) Probe(ctx context.Context) (probe.Result, error) {
	if ctx.Err() != nil {
		return probe.Result{}, fmt.Errorf("httpprobe: %w", context.Cause(ctx))
	}
	ctx, end := context.WithCancel(ctx)
	defer end()
	trace := connecting.New(p.opts.Clock)
	r, err := p.ask(ctx, trace)
	if err != nil {
		return probe.Result{}, fmt.Errorf("httpprobe: %w", err)
	}
	r.Target = p.target
	return r, nil
}

func (p *Prober) ask(ctx context.Context, trace *connecting.Trace) (probe.Result, error) {
	request, err := http.NewRequestWithContext(living(trace.Follow(ctx)), p.opts.Method, p.url.String(), nil)
	if err != nil {
		return probe.Result{}, errors.New("the request cannot be made")
	}
	for name, values := range p.opts.Header {
		request.Header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
	}
	request.Host = p.opts.Header.Get("Host") // empty is the URL's own
	response, err := p.client.Do(request)
	if errors.Is(err, errRedirect) {
		return trace.Failed("redirect_refused", fmt.Sprintf("more than %d redirects, or one away from https", p.opts.Redirects)), nil
	}
	if err != nil {
		return trace.Failure(ctx, err)
	}
	defer response.Body.Close()
	body, err := p.read(response.Body)
	if err != nil {
		return trace.Failure(ctx, err)
	}
	trace.Leave(connecting.Body)
	return p.judge(trace, response, body), nil
}

// read reads an answer, as far as it counts, and keeps it only where it is looked at.
func (p *Prober) read(from io.Reader) ([]byte, error) {
	limited := io.LimitReader(from, p.opts.MaxBody)
	if p.opts.Match == nil {
		_, err := io.Copy(io.Discard, limited)
		return nil, err
	}
	var body bytes.Buffer
	_, err := body.ReadFrom(limited)
	return body.Bytes(), err
}

// judge says what a whole answer is worth, the worst first.
func (p *Prober) judge(trace *connecting.Trace, response *http.Response, body []byte) probe.Result {
	if code := response.StatusCode; !p.accepts(code) {
		detail := fmt.Sprintf("it answered %d", code)
		if code >= 300 && code < 400 && p.opts.Redirects == 0 {
			detail += ", and redirects are not followed"
		}
		return trace.Failed(fmt.Sprintf("status_%d", code), detail)
	}
	if p.opts.Match != nil && !p.opts.Match.Match(body) {
		return trace.Failed("body_mismatch", fmt.Sprintf("what was asked for is not in the answer's first %d bytes", len(body)))
	}
	if expiring, ok := trace.Expiring(response.TLS, p.opts.CertificateLeft); ok {
		return trace.Result(expiring)
	}
	return trace.Passed()
}

func (p *Prober) accepts(code int) bool {
	if len(p.opts.Status) == 0 {
		return code >= 200 && code < 300
	}
	return slices.Contains(p.opts.Status, code)
}
