package linking_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/linking"
	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

// A device file is opened for pairing once, and as a paired one ever after. Here
// the account's phone is one of the test server's.
func ExamplePair() {
	ctx := context.Background()
	srv, err := whatsapptest.Start(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)

	device, err := linking.OpenDevice(ctx, filepath.Join(folder, "probe.wa.db"), &linking.DeviceOptions{Unpaired: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer device.Close()
	srv.Redirect(device.Client())
	account, err := linking.Pair(ctx, device.Client(), linking.Pairing{
		ShowQR: func(code string, valid time.Duration) {
			fmt.Println("a code, valid for", valid)
			go func() { _ = srv.Scan(ctx, code, "491700000001") }()
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("device", account.Device, "is online")
	// Output:
	// a code, valid for 1m0s
	// device 1 is online
}

func ExampleOpenDevice() {
	device, err := linking.OpenDevice(context.Background(), "nobody.wa.db", nil)
	if errors.Is(err, linking.ErrNotPaired) {
		fmt.Println("pair it first")
		return
	} else if err != nil {
		fmt.Println(err)
		return
	}
	defer device.Close()
	fmt.Println(device.Client().Connect())
	// Output: pair it first
}
