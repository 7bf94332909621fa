package tcpprobe_test

import (
	"context"
	"fmt"
	"io"
	"net"

	"github.com/seed-13dc028d/longwatch/probe/tcpprobe"
)

// A mail server is there when it greets.
func Example() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer l.Close()
	go func() {
		conn, err := l.Accept()
		if err == nil {
			_, _ = io.WriteString(conn, "554 no service\r\n")
			_ = conn.Close()
		}
	}()
	p, err := tcpprobe.New(l.Addr().String(), &tcpprobe.Options{Expect: "220 ", Target: "the mail server"})
	if err != nil {
		panic(err)
	}
	r, err := p.Probe(context.Background())
	fmt.Println(r.Status, r.Class, r.Target, err)
	// Output: FAIL body_mismatch the mail server <nil>
}

func ExampleNew() {
	_, err := tcpprobe.New("db.example", nil)
	fmt.Println(err)
	// Output: tcpprobe: address has not the form host:port
}
