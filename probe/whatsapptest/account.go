package whatsapptest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.mau.fi/whatsmeow/types"
)

// ErrNumber is returned for a text that is no phone number in the international
// form, digits only, that WhatsApp's JIDs are made of.
var ErrNumber = errors.New("whatsapptest: not a phone number")

// lidPrefix makes the hidden identity (LID) of a number. Real ones have nothing
// to do with the number; nobody can tell from one either.
const lidPrefix = "100"

// account is a number on this WhatsApp: a phone, and the devices linked to it.
type account struct {
	number  string
	phone   *phone
	devices map[uint16]*device
	known   map[*account]bool // those who wrote to it
	privacy privacy
	last    uint16 // the device number given out last
}

// accountOf returns the account of a number, and makes it if there is none. The
// caller holds mu.
func (s *Server) accountOf(number string) (*account, error) {
	if a := s.accounts[number]; a != nil {
		return a, nil
	}
	digits := strings.Trim(number, "0123456789") == ""
	if !digits || len(number) < 7 || len(number) > 15 || number[0] == '0' {
		return nil, fmt.Errorf("%w: want 7 to 15 digits that begin with a country code", ErrNumber)
	}
	a := &account{
		number: number, phone: newPhone(), devices: make(map[uint16]*device),
		known: make(map[*account]bool), privacy: usualPrivacy(),
	}
	s.accounts[number] = a
	return a, nil
}

// find returns the account that a JID is about, in either of its forms, or nil.
func (s *Server) find(jid types.JID) *account {
	switch jid.Server {
	case types.DefaultUserServer:
		return s.accounts[jid.User]
	case types.HiddenUserServer:
		if number, ok := strings.CutPrefix(jid.User, lidPrefix); ok {
			return s.accounts[number]
		}
	}
	return nil
}

// same tells whether two JIDs mean the same, in whatever form, or the second one
// the account of the first.
func (s *Server) same(a, b types.JID) bool {
	if a == b {
		return true
	}
	x, y := s.find(a), s.find(b)
	return x != nil && x == y && (b.Device == 0 || a.Device == b.Device)
}

// jid is the account's address in the form of server.
func (a *account) jid(server string, device uint16) types.JID {
	user := a.number
	if server == types.HiddenUserServer {
		user = lidPrefix + a.number
	}
	return types.JID{User: user, Device: device, Server: server}
}

// newDevice reserves a number for one more device.
func (a *account) newDevice() *device {
	a.last++
	return &device{account: a, id: a.last, ruined: make(map[string]bool)}
}

// sorted are the account's devices in the order of their numbers.
func (a *account) sorted() []*device {
	list := make([]*device, 0, len(a.devices))
	for _, id := range slices.Sorted(maps.Keys(a.devices)) {
		list = append(list, a.devices[id])
	}
	return list
}

// tellDevices tells those who wrote to an account that its devices are others now: who
// knows them by heart asks anew before the next message. The caller holds mu.
func (s *Server) tellDevices(a *account) {
	for writer := range a.known {
		if writer == a {
			continue
		}
		for _, d := range writer.sorted() {
			for _, server := range []string{types.DefaultUserServer, types.HiddenUserServer} {
				d.push(node{
					Tag:     "notification",
					Attrs:   attrs{"from": a.jid(server, 0), "id": newID(), "type": "devices", "t": now()},
					Content: []node{{Tag: "update"}},
				})
			}
		}
	}
}
