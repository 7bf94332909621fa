package httpprobe_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/probe/httpprobe"
)

// trusting is a transport that trusts a server's certificate.
func trusting(srv *httptest.Server) *http.Transport {
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
}

// An authority signs certificates.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority(t *testing.T, above *authority, until time.Time) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "an authority"}, NotBefore: long.AddDate(-1, 0, 0), NotAfter: until,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a := &authority{key: key}
	parent, signer := template, key
	if above != nil {
		parent, signer = above.cert, above.key
		template.Subject.CommonName = "one below"
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	require.NoError(t, err)
	a.cert, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	return a
}

// serves is a server at 127.0.0.1 with a certificate of the authority's for it, which
// ends then.
func (a *authority) serves(t *testing.T, until time.Time, ip string, chain ...*authority) *httptest.Server {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: long.AddDate(-1, 0, 0), NotAfter: until, IPAddresses: []net.IP{net.ParseIP(ip)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, a.cert, &key.PublicKey, a.key)
	require.NoError(t, err)
	c := tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	for _, above := range chain {
		c.Certificate = append(c.Certificate, above.cert.Raw)
	}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{c}}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv
}

// long is when the certificates were asked for.
var long = time.Date(2025, 12, 29, 22, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

func TestACertificateIsHeldAgainstItsTime(t *testing.T) {
	t.Parallel()
	root := newAuthority(t, nil, long.AddDate(10, 0, 0))
	brief := newAuthority(t, root, long.Add(5*day))
	for name, test := range map[string]struct {
		srv    *httptest.Server
		left   time.Duration
		class  string
		detail string
	}{
		"long":                   {srv: root.serves(t, long.Add(90*day), "127.0.0.1"), left: 14 * day},
		"soon":                   {srv: root.serves(t, long.Add(3*day), "127.0.0.1"), left: 14 * day, class: "certificate_expiring", detail: "a certificate ends on 2026-01-01, in 72h0m0s"},
		"soon, and nobody asked": {srv: root.serves(t, long.Add(3*day), "127.0.0.1")},
		"the one above it soon":  {srv: brief.serves(t, long.Add(90*day), "127.0.0.1", brief), left: 14 * day, class: "certificate_expiring", detail: "a certificate ends on 2026-01-03, in 120h0m0s"},
		"over":                   {srv: root.serves(t, long.Add(-day), "127.0.0.1"), class: "certificate_expired", detail: "a certificate is valid from 2024-12-29 to 2025-12-28 only"},
		"for another":            {srv: root.serves(t, long.Add(90*day), "127.0.0.9"), class: "certificate_wrong_name"},
		"not trusted":            {srv: newAuthority(t, nil, long.Add(90*day)).serves(t, long.Add(90*day), "127.0.0.1"), class: "certificate_untrusted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := clock.NewMock()
			now.Set(long)
			roots := x509.NewCertPool()
			roots.AddCert(root.cert)
			p := newProber(t, test.srv.URL, &httpprobe.Options{
				CertificateLeft: test.left, Clock: now, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}},
			})
			r, err := p.Probe(t.Context())
			require.NoError(t, err)
			require.Equal(t, test.class, r.Class, r.Detail)
			if test.class == "" {
				require.Equal(t, probe.Pass, r.Status)
				require.Equal(t, "connect tls first_byte body", stages(r))
			}
			if test.detail != "" {
				require.Equal(t, test.detail, r.Detail)
			}
		})
	}
}

// Whoever does not verify a certificate still learns when it ends.
func TestACertificateThatNobodyVerifiesIsHeldAgainstItsTimeToo(t *testing.T) {
	t.Parallel()
	now := clock.NewMock()
	now.Set(long)
	a := newAuthority(t, nil, long.AddDate(10, 0, 0))
	for until, class := range map[time.Time]string{long.Add(3 * day): "certificate_expiring", long.Add(-day): "certificate_expired"} {
		p := newProber(t, a.serves(t, until, "127.0.0.1").URL, &httpprobe.Options{
			CertificateLeft: 14 * day, Clock: now, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, //nolint:gosec // the case
		})
		r, err := p.Probe(t.Context())
		require.NoError(t, err)
		require.Equal(t, class, r.Class, r.Detail)
	}
}
