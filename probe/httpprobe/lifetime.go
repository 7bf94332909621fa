package httpprobe

import (
	"context"
	"net"
)

// lifetime is where the context of a request keeps that of its probe. A transport dials
// on behind the end of a request, for the next one; here there is none, and what hangs
// in a handshake would hang for ever.
type lifetime struct{}

// living returns a context whose connections end with it.
func living(ctx context.Context) context.Context { return context.WithValue(ctx, lifetime{}, ctx) }

type dialer func(ctx context.Context, network, address string) (net.Conn, error)

// within has what dial makes end with the probe that it is for. A nil dial is that of
// package net.
func within(dial dialer) dialer {
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		life, ok := ctx.Value(lifetime{}).(context.Context)
		if !ok {
			return dial(ctx, network, address)
		}
		dialing, end := context.WithCancel(ctx)
		defer end()
		defer context.AfterFunc(life, end)()
		conn, err := dial(dialing, network, address)
		if err == nil {
			context.AfterFunc(life, func() { _ = conn.Close() })
		}
		return conn, err
	}
}
