// Package linking links a device to a WhatsApp account, and keeps it in a file.
//
// What it does not do: it does not reconnect, and pairs no device anew that was
// logged out: a person has to hold the phone. A device file is a secret, and is
// not encrypted. A program that imports this package links go.mau.fi/libsignal,
// which is GPL-3.0.
//
// OpenDevice opens the file of one account, for one process alone, or for the
// instances of a service that take turns (DeviceOptions.Shared); Pair links its
// new device, by a QR code or by a code to type, and connects it. After that the
// file is opened as a paired one, and its client connected as any other.
package linking
