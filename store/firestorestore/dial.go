package firestorestore

import (
	"context"
	"fmt"
	"math"
	"time"

	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
)

// ClientOptions returns the options to open a Store's client with. A dead
// connection is noticed within 13 s, at the first call after a pause within
// 3 s; a server that was away is tried again every 5 s; and an error says what
// the last attempt met, where the SDK alone would only say that time is up.
func ClientOptions() []option.ClientOption { return clientOptions(append(dialOptions(), alive())) }

// WatchClientOptions returns the options to open Options.WatchClient with:
// ClientOptions without keepalive.
func WatchClientOptions() []option.ClientOption { return clientOptions(dialOptions()) }

// EmulatorOptions returns the options to open a Store's client with for the
// emulator at addr, host:port, whether or not FIRESTORE_EMULATOR_HOST is set.
// Use the result for one client only: closing it closes the connection. For
// Options.WatchClient set FIRESTORE_EMULATOR_HOST and open a plain client.
func EmulatorOptions(addr string) ([]option.ClientOption, error) {
	conn, err := grpc.NewClient("passthrough:///"+addr, append(dialOptions(), alive(),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithPerRPCCredentials(emulatorOwner{}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(math.MaxInt32), grpc.MaxCallSendMsgSize(math.MaxInt32)),
	)...)
	if err != nil {
		return nil, fmt.Errorf("firestorestore: emulator at %q: %w", addr, err)
	}
	return []option.ClientOption{option.WithGRPCConn(conn)}, nil
}

// dialOptions are what every connection wants: no long pauses between attempts
// to connect (gRPC's own grow to 2 min), and errors that tell.
func dialOptions() []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 200 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 5 * time.Second},
			MinConnectTimeout: 3 * time.Second,
		}),
		grpc.WithChainUnaryInterceptor(noteUnary),
		grpc.WithChainStreamInterceptor(noteStream),
	}
}

// alive makes a connection probe its server while a call is under way. Pinging
// without one would be answered with "too many pings".
func alive() grpc.DialOption {
	return grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * time.Second, Timeout: 3 * time.Second})
}

func clientOptions(dial []grpc.DialOption) []option.ClientOption {
	out := make([]option.ClientOption, len(dial))
	for i, o := range dial {
		out[i] = option.WithGRPCDialOption(o)
	}
	return out
}

// emulatorOwner makes the emulator see an administrator. It is no secret.
type emulatorOwner struct{}

func (emulatorOwner) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer owner"}, nil
}

func (emulatorOwner) RequireTransportSecurity() bool { return false }
