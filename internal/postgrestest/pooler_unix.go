//go:build unix

package postgrestest

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seed-13dc028d/longwatch/internal/servertest"
)

// Pooler is a PgBouncer in transaction mode before a server.
type Pooler struct {
	program, config, host, dsn string

	cmd *exec.Cmd // nil while down
}

// StartPooler runs a pooler before the server at dsn for one test. It skips the test
// where there is no pgbouncer.
func StartPooler(tb testing.TB, dsn string) *Pooler {
	tb.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		tb.Skip("no pgbouncer: its Debian package is called so")
	}
	behind, err := pgx.ParseConfig(dsn)
	if err != nil {
		tb.Fatalf("postgrestest: %v", err)
	}
	p := &Pooler{program: program}
	if p.host, err = servertest.FreePort(); err != nil {
		tb.Fatal(err)
	}
	p.dsn = (&url.URL{
		Scheme: "postgres", User: url.User(behind.User), Host: p.host, Path: behind.Database,
		RawQuery: "sslmode=disable&default_query_exec_mode=cache_describe",
	}).String()
	if p.config, err = configure(behind, p.host); err != nil {
		tb.Fatalf("postgrestest: %v", err)
	}
	tb.Cleanup(func() {
		p.Stop()
		_ = os.RemoveAll(filepath.Dir(p.config))
	})
	p.Start(tb)
	return p
}

// configure writes the pooler's file, which whoever it runs as may read.
func configure(behind *pgx.ConnConfig, host string) (path string, err error) {
	dir, err := os.MkdirTemp("", "pooler-")
	if err != nil {
		return "", err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", err
	}
	address, port, err := net.SplitHostPort(host)
	if err != nil {
		return "", err
	}
	password := ""
	if behind.Password != "" {
		password = " password=" + behind.Password
	}
	path = filepath.Join(dir, "pgbouncer.ini")
	return path, os.WriteFile(path, fmt.Appendf(nil, `[databases]
* = host=%s port=%d user=%s%s
[pgbouncer]
listen_addr = %s
listen_port = %s
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 5
`, behind.Host, behind.Port, behind.User, password, address, port), 0o644)
}

// DSN is the server's address by way of the pooler, without the statements that
// outlive a transaction.
func (p *Pooler) DSN() string { return p.dsn }

// Start runs a pooler that was stopped, and returns when it listens.
func (p *Pooler) Start(tb testing.TB) {
	tb.Helper()
	args := []string{p.config}
	if os.Geteuid() == 0 {
		args = []string{"-u", "postgres", p.config}
	}
	p.cmd = exec.Command(p.program, args...)
	if err := p.cmd.Start(); err != nil {
		tb.Fatalf("postgrestest: %v", err)
	}
	for end := time.Now().Add(startTimeout); ; <-time.After(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", p.host)
		if err == nil {
			_ = conn.Close() // it was only to see
			return
		}
		if time.Now().After(end) {
			tb.Fatalf("postgrestest: the pooler did not start within %v: %v", startTimeout, err)
		}
	}
}

// Stop ends the pooler at once, with all connections on both its sides. Stopping a
// stopped one is no error.
func (p *Pooler) Stop() {
	if p.cmd != nil {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
		p.cmd = nil
	}
}

// Freeze keeps the pooler from doing anything, with all its connections open, until
// Thaw.
func (p *Pooler) Freeze() { _ = p.cmd.Process.Signal(syscall.SIGSTOP) }

// Thaw ends Freeze.
func (p *Pooler) Thaw() { _ = p.cmd.Process.Signal(syscall.SIGCONT) }
