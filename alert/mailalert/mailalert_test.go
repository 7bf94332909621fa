package mailalert_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/alert/mailalert"
)

const password = "secret-pass/word"

var ordinary = []string{"8BITMIME", "ENHANCEDSTATUSCODES", "AUTH PLAIN LOGIN", "STARTTLS"}

// newAlerter sends by s, which it knows by a name that is not this machine's.
func newAlerter(t *testing.T, s *server, timeout time.Duration) *mailalert.Alerter {
	t.Helper()
	a, err := mailalert.New("example.com:587", "longwatch <alerts@example.com>", []string{"ops@example.org", "Night Shift <night@example.org>"}, &mailalert.Options{
		Username: "alerts", Password: password, TLSConfig: &tls.Config{RootCAs: s.roots, MinVersion: tls.VersionTLS12}, DialContext: s.dial, Timeout: timeout, Hello: "here",
	})
	require.NoError(t, err)
	return a
}

func TestItKeepsTheContract(t *testing.T) {
	alerttest.Run(t, func(t *testing.T) alerttest.Subject {
		s := newServer(t, ordinary...)
		return alerttest.Subject{
			Alerter: newAlerter(t, s, 0),
			Arrived: func() int { return len(s.mails()) },
			Silence: func() { s.answer(atConnect, hang) },
			Break:   func() { s.answer(atRcpt, "451 4.3.0 later") },
			Secrets: []string{password},
		}
	})
}

func TestEveryAnswerHasItsOutcome(t *testing.T) {
	t.Parallel()
	encoded := base64.StdEncoding.EncodeToString([]byte("\x00alerts\x00" + password))
	for _, c := range []struct {
		step, answer string
		outcome      alerttest.Outcome
	}{
		{"", "", alerttest.Taken},
		{atConnect, "421 4.7.0 too many connections", alerttest.Failed},
		{atConnect, "554 no service for you", alerttest.Refused},
		{atConnect, hangUp, alerttest.Failed},
		{atConnect, hang, alerttest.Failed},
		{atConnect, "<html>hotel</html>", alerttest.Failed},
		{atHello, "250 mail.example.com", alerttest.Failed}, // and no STARTTLS
		{atStartTLS, "454 4.7.0 TLS not available", alerttest.Failed},
		{atAuth, "535 5.7.8 " + password + " is wrong, so is " + encoded, alerttest.Refused},
		{atAuth, "454 4.7.0 temporary", alerttest.Failed},
		{atFrom, "550 5.7.1 not you", alerttest.Refused},
		{atFrom, "452 4.3.1 disk full", alerttest.Failed},
		{atRcpt, "550 5.1.1 +49 170 1234567 is nobody here", alerttest.Refused},
		{atRcpt, "450 4.2.1 greylisted", alerttest.Failed},
		{atData, "554 5.5.1 no", alerttest.Refused},
		{atData, hangUp, alerttest.Failed},
		{atEnd, "552 5.3.4 too big", alerttest.Refused},
		{atEnd, "451 4.3.0 later", alerttest.Failed},
		{atEnd, "250 2.0.0 queued", alerttest.Taken},
		{atEnd, hangUp, alerttest.Unsure},
		{atEnd, hang, alerttest.Unsure},
		{atReset, "500 5.5.1 what?", alerttest.Taken},
		{atReset, hang, alerttest.Taken},
		{atQuit, hangUp, alerttest.Taken},
	} {
		t.Run(c.step+" "+c.answer, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, ordinary...)
			timeout := time.Duration(0)
			if c.answer == hang {
				timeout = 300 * time.Millisecond
			}
			s.answer(c.step, c.answer)
			err := newAlerter(t, s, timeout).Alert(t.Context(), alerttest.Hostile()[0])
			require.Equal(t, c.outcome, alerttest.OutcomeOf(err), "%v", err)
			require.False(t, s.clear, "nothing secret is said in clear")
			alerttest.LeaksNoSecret(t, []string{password, encoded}, err)
			if c.outcome == alerttest.Taken {
				require.Len(t, s.mails(), 1)
			}
		})
	}
}

func TestNobodyIsTrustedWithoutACertificate(t *testing.T) {
	t.Parallel()
	s := newServer(t, ordinary...)
	for name, opts := range map[string]mailalert.Options{
		"unknown":      {},
		"of another":   {TLSConfig: &tls.Config{RootCAs: s.roots, ServerName: "example.com", MinVersion: tls.VersionTLS12}},
		"from the top": {ImplicitTLS: true},
	} {
		opts.Username, opts.Password, opts.DialContext = "alerts", password, s.dial
		a, err := mailalert.New("mail.example.net:587", "a@example.com", []string{"b@example.com"}, &opts)
		require.NoError(t, err)
		err = a.Alert(t.Context(), alerttest.Hostile()[0])
		require.Error(t, err, name)
		require.False(t, alert.IsUnknown(err), name)
		require.Empty(t, s.auth, name)
		alerttest.LeaksNoSecret(t, []string{password}, err)
	}
}

func TestNothingIsSaidInClearToAnotherMachine(t *testing.T) {
	t.Parallel()
	for _, username := range []string{"", "alerts"} {
		s := newServer(t, "8BITMIME", "AUTH PLAIN LOGIN") // and no STARTTLS, as somebody in between would have it
		opts := &mailalert.Options{Username: username, DialContext: s.dial}
		if username != "" {
			opts.Password = password
		}
		a, err := mailalert.New("mail.example.net:587", "a@example.com", []string{"b@example.com"}, opts)
		require.NoError(t, err)
		require.ErrorContains(t, a.Alert(t.Context(), alerttest.Hostile()[0]), "STARTTLS")
		require.Empty(t, s.mails())
		require.Empty(t, s.auth)
	}
}

func TestTLSFromTheStart(t *testing.T) {
	t.Parallel()
	s := newServer(t, "8BITMIME", "AUTH PLAIN")
	a, err := mailalert.New("example.com:465", "a@example.com", []string{"b@example.com"}, &mailalert.Options{
		Username: "alerts", Password: password, ImplicitTLS: true, TLSConfig: &tls.Config{RootCAs: s.roots, MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			require.Equal(t, "example.com:465", address)
			client, server := net.Pipe()
			s.served.Go(func() {
				conn := tls.Server(server, s.tls)
				c := &conversation{server: s, conn: conn, encrypted: true}
				c.serve()
			})
			return client, nil
		},
	})
	require.NoError(t, err)
	require.NoError(t, a.Alert(t.Context(), alerttest.Hostile()[0]))
	require.Len(t, s.mails(), 1)
	require.Len(t, s.auth, 1)
}

func TestAServerOnThisMachineNeedsNoTLS(t *testing.T) {
	t.Parallel()
	s := newServer(t, "8BITMIME")
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]"} {
		a, err := mailalert.New(host+":25", "a@example.com", []string{"b@example.com"}, &mailalert.Options{DialContext: s.dial})
		require.NoError(t, err)
		require.NoError(t, a.Alert(t.Context(), alerttest.Hostile()[0]), host)
	}
	require.Len(t, s.mails(), 3)
}

func read(t *testing.T, raw string) (*mail.Message, string, string) {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(raw))
	require.NoError(t, err)
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	require.NoError(t, err)
	require.Equal(t, "quoted-printable", m.Header.Get("Content-Transfer-Encoding"))
	text, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	require.NoError(t, err)
	return m, subject, string(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")))
}

func TestAMessageAsPeopleSeeIt(t *testing.T) {
	t.Parallel()
	s := newServer(t, ordinary...)
	a := newAlerter(t, s, 0)
	m := alerttest.Hostile()[0]
	resolved := m
	resolved.Kind, resolved.Until, resolved.Key = alert.Resolved, m.Since.Add(time.Minute), "#missed_heartbeats-2"
	for _, one := range []alert.Message{m, m, resolved} {
		require.NoError(t, a.Alert(t.Context(), one))
	}
	mails := s.mails()
	first, subject, text := read(t, mails[0])
	require.Equal(t, "🔴 [FIRING] missed_heartbeats · 49…78", subject)
	require.Equal(t, m.Text()+"\n", text)
	require.Equal(t, "<alerts@example.com>", first.Header.Get("From"))
	require.Equal(t, "<ops@example.org>, <night@example.org>", first.Header.Get("To"))
	require.Equal(t, "auto-generated", first.Header.Get("Auto-Submitted"))
	require.NotEmpty(t, first.Header.Get("Date"))
	require.Equal(t, "high", strings.ToLower(first.Header.Get("Importance")))
	again, _, _ := read(t, mails[1])
	over, _, _ := read(t, mails[2])
	require.Equal(t, first.Header.Get("Message-Id"), again.Header.Get("Message-Id"), "what comes twice is the same")
	require.NotEqual(t, first.Header.Get("Message-Id"), over.Header.Get("Message-Id"))
	require.Equal(t, first.Header.Get("References"), over.Header.Get("References"), "one thread for an incident")
	require.NotEmpty(t, over.Header.Get("References"))
	require.Empty(t, over.Header.Get("Importance"))
	require.True(t, strings.HasSuffix(first.Header.Get("Message-Id"), ".longwatch@example.com>"))
}

func TestNoTextMakesAHeader(t *testing.T) {
	t.Parallel()
	s := newServer(t, ordinary...)
	a := newAlerter(t, s, 0)
	for _, m := range alerttest.Hostile() {
		m.Rule += "\r\nBcc: evil@example.org\r\n\r\n.\r\nMAIL FROM:<evil@example.org>"
		m.Details = append(m.Details, "\r\n.\r\nRSET")
		require.NoError(t, a.Alert(t.Context(), m))
	}
	require.Len(t, s.mails(), len(alerttest.Hostile()))
	for i, raw := range s.mails() {
		m, subject, text := read(t, raw)
		require.Empty(t, m.Header.Get("Bcc"), "mail %d", i)
		require.Len(t, m.Header["To"], 1)
		require.LessOrEqual(t, len([]rune(subject)), 200)
		require.NotEmpty(t, subject)
		require.NotEmpty(t, text)
		for line := range strings.Lines(raw) {
			require.LessOrEqual(t, len(line), 1000, "a line of a mail")
		}
	}
}

// Kills: whoever sends dies between the mail and its note; who is next sends it
// again, under the same identity.
func TestNoKillLosesAMail(t *testing.T) {
	t.Parallel()
	s := newServer(t, ordinary...)
	steps := []string{"", atConnect, atRcpt, atData, atEnd, atQuit}
	ids := map[string]int{}
	const kills = 60
	for n := range kills {
		m := alerttest.Hostile()[0]
		m.Key = fmt.Sprintf("#queue_depth-%d.", n)
		s.answer(steps[n%len(steps)], hangUp)
		_ = newAlerter(t, s, 0).Alert(t.Context(), m) // and dies before the note
		s.answer("", "")
		require.NoError(t, newAlerter(t, s, 0).Alert(t.Context(), m))
	}
	for _, raw := range s.mails() {
		m, _, text := read(t, raw)
		require.Contains(t, text, "#queue_depth-")
		ids[m.Header.Get("Message-Id")]++
	}
	require.Len(t, ids, kills, "each arrived, and again under the same identity")
	require.Greater(t, len(s.mails()), kills, "some came twice")
}

func TestEveryMistakeIsNamedAndNoneRepeated(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "mail.example.org", "mail.example.org:smtp", ":587", "mail.example.org:0", "a b:25", password + "@mail:25"} {
		_, err := mailalert.New(address, "alerts", []string{"ops@example.org", "", "evil\r\n@example.org"}, &mailalert.Options{Password: password, Hello: "a b", Timeout: -1})
		for _, field := range []string{"address", "from", "to[1]", "to[2]", "Options.Username", "Options.Hello", "Options.Timeout"} {
			require.ErrorContains(t, err, "mailalert: "+field, address)
		}
		alerttest.LeaksNoSecret(t, []string{password}, err)
	}
	_, err := mailalert.New("mail.example.org:587", "a@example.org", nil, nil)
	require.EqualError(t, err, "mailalert: to is empty")
}

func ExampleNew() {
	a, err := mailalert.New("mail.example.org:587", "alerts@example.org", []string{"ops@example.org"}, &mailalert.Options{
		Username: "alerts@example.org", Password: "from a secret store",
		// Nobody answers in an example.
		DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, io.ErrClosedPipe },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(a.Alert(context.Background(), alert.Message{Kind: alert.Firing, Rule: "logged_out", Key: "#logged_out-1"}))
	// Output: mailalert: not taken by mail.example.org: dial failed: io: read/write on closed pipe
}
