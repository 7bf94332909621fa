package connecting

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/probe"
)

// CalledOff returns why a probe may say nothing: somebody called it off. It is nil
// where the time for it was over, which says something, and where ctx lives.
func CalledOff(ctx context.Context) error {
	if ctx.Err() == nil || deadline.TimedOut(ctx) {
		return nil
	}
	return context.Cause(ctx)
}

// Failure says what an error of a client means, by the stage that it came in: a FAIL of
// the server, or an error where it cannot be told or is not the server's fault.
func (t *Trace) Failure(ctx context.Context, err error) (probe.Result, error) {
	if off := CalledOff(ctx); off != nil {
		return probe.Result{}, off
	}
	if ctx.Err() != nil {
		return t.timedOut(ctx)
	}
	if unknown, ok := errors.AsType[*net.DNSError](err); ok {
		if unknown.IsNotFound {
			return t.Failed("dns_not_found", "the name is not known"), nil
		}
		return probe.Result{}, probe.Inconclusive("dns_unavailable", errors.New("the resolver did not answer"))
	}
	for _, own := range []error{syscall.ENETUNREACH, syscall.EADDRNOTAVAIL, syscall.EMFILE, syscall.ENFILE, syscall.EACCES, syscall.EPERM} {
		if errors.Is(err, own) {
			return probe.Result{}, probe.Inconclusive("network_unavailable", own)
		}
	}
	return t.Result(t.blame(err)), nil
}

// timedOut says what was not there when the time was over.
func (t *Trace) timedOut(ctx context.Context) (probe.Result, error) {
	waited := t.clk.Now().Sub(t.start).Round(time.Millisecond)
	switch t.At() {
	case DNS:
		return probe.Result{}, probe.Inconclusive("dns_unavailable", fmt.Errorf("the resolver did not answer in %v", waited))
	case Connect:
		return t.Failed("connect_timeout", fmt.Sprintf("no connection in %v", waited)), nil
	case TLS:
		return t.Failed("tls_timeout", fmt.Sprintf("connected, and no TLS in %v", waited)), nil
	case FirstByte:
		return t.Failed("no_answer", fmt.Sprintf("connected, and no answer in %v", waited)), nil
	case Body:
		return t.Failed("body_timeout", fmt.Sprintf("it began to answer, and did not end in %v", waited)), nil
	}
	return probe.Result{}, context.Cause(ctx)
}

// blame is for what came while there was time.
func (t *Trace) blame(err error) probe.Result {
	if r, ok := certificate(err); ok {
		return r
	}
	_, plain := errors.AsType[tls.RecordHeaderError](err)
	at := t.At()
	switch {
	case plain || errors.Is(err, http.ErrSchemeMismatch):
		return probe.Failed("tls_failed", "what answers does not speak TLS")
	case errors.Is(err, syscall.ECONNREFUSED):
		return probe.Failed("connect_refused", "nobody listens at the port")
	case errors.Is(err, syscall.EHOSTUNREACH):
		return probe.Failed("unreachable", "no route leads to the host")
	case errors.Is(err, syscall.ETIMEDOUT) && at == Connect:
		return probe.Failed("connect_timeout", "no connection within the system's time")
	case at == Connect || at == DNS || at == "":
		return probe.Failed("connect_failed", "no connection")
	case at == TLS:
		return probe.Failed("tls_failed", "connected, and no TLS came about")
	case at == Body && lost(err):
		return probe.Failed("body_cut", "the answer broke off")
	case lost(err):
		return probe.Failed("connection_lost", "the connection ended before an answer")
	}
	return probe.Failed("malformed_answer", "what came is no answer of the protocol")
}

func lost(err error) bool {
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE, net.ErrClosed} {
		if errors.Is(err, end) {
			return true
		}
	}
	return false
}

// day is how a certificate's time is said to people.
const day = "2006-01-02"

// certificate says what is wrong with one that was refused.
func certificate(err error) (probe.Result, bool) {
	if wrong, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		if wrong.Reason == x509.Expired && wrong.Cert != nil {
			return probe.Failed("certificate_expired", fmt.Sprintf("a certificate is valid from %s to %s only",
				wrong.Cert.NotBefore.UTC().Format(day), wrong.Cert.NotAfter.UTC().Format(day))), true
		}
		return probe.Failed("certificate_invalid", "the certificate is not fit for a server"), true
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return probe.Failed("certificate_wrong_name", "the certificate is for another name"), true
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return probe.Failed("certificate_untrusted", "nobody who is trusted signed the certificate"), true
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return probe.Failed("certificate_invalid", "the certificate could not be verified"), true
	}
	return probe.Result{}, false
}

// Expiring returns the FAIL of a connection whose certificates end before now and left.
// ok is false where they last, or where there are none.
func (t *Trace) Expiring(state *tls.ConnectionState, left time.Duration) (r probe.Result, ok bool) {
	if state == nil || len(state.PeerCertificates) == 0 {
		return r, false
	}
	until, now := lasts(state), t.clk.Now()
	if until.Sub(now) >= left {
		return r, false
	}
	if !until.After(now) {
		return probe.Failed("certificate_expired", fmt.Sprintf("a certificate was valid to %s only", until.UTC().Format(day))), true
	}
	return probe.Failed("certificate_expiring", fmt.Sprintf("a certificate ends on %s, in %v", until.UTC().Format(day), until.Sub(now).Round(time.Minute))), true
}

// lasts returns how long the connection's certificates are good: of each chain until its
// first one ends, of several chains the best. Roots are the client's own.
func lasts(state *tls.ConnectionState) time.Time {
	chains := state.VerifiedChains
	if len(chains) == 0 {
		return state.PeerCertificates[0].NotAfter // not verified, as somebody asked
	}
	var best time.Time
	for _, chain := range chains {
		until := chain[0].NotAfter
		for _, c := range chain[:max(len(chain)-1, 1)] {
			if c.NotAfter.Before(until) {
				until = c.NotAfter
			}
		}
		if until.After(best) {
			best = until
		}
	}
	return best
}
