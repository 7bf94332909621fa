package whatsapptest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.mau.fi/whatsmeow/proto/waAdv"
	"go.mau.fi/whatsmeow/proto/waWa6"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
	"google.golang.org/protobuf/proto"
)

// Errors of Scan and TypeCode.
var (
	// ErrCode means that no client that waits to be linked shows this code.
	ErrCode = errors.New("whatsapptest: nobody shows this code")
	// ErrRefused means that the client did not accept what it was offered.
	ErrRefused = errors.New("whatsapptest: the client refused to be linked")
	// ErrGone means that the client's connection ended before it was linked.
	ErrGone = errors.New("whatsapptest: the client has gone")
)

const (
	platform = "android" // what phones are here
	refs     = 6         // QR codes that a client gets to show, one after the other
)

// pairing is a new device on its way to an account.
type pairing struct {
	noise [32]byte
	keys  keyset
	refs  []string  // what its QR codes begin with
	link  *linkCode // if it wants to be linked by a code that is typed

	offered *device                        // what it becomes when it accepts
	signed  *waAdv.ADVSignedDeviceIdentity // what the phone said of it
	query   string                         // the offer's ID, which its answer repeats
	result  chan error                     // hears how that went, once
}

// end tells whoever waits how the pairing went.
func (p *pairing) end(err error) {
	if p.result != nil {
		p.result <- err
		p.result = nil
	}
}

// offer gives a client that is no device yet the codes that it may show.
func (s *Server) offer(c *conn, noise [32]byte, r *waWa6.ClientPayload_DevicePairingRegistrationData) {
	k := keyset{
		registration: r.GetERegid(),
		identity:     r.GetEIdent(),
		signed:       prekey{id: r.GetESkeyID(), value: r.GetESkeyVal(), signature: r.GetESkeySig()},
	}
	if len(k.registration) != 4 || len(k.identity) != 32 ||
		len(k.signed.id) != 3 || len(k.signed.value) != 32 || len(k.signed.signature) != 64 {
		s.turnAway(c, events.ConnectFailureGeneric)
		return
	}
	if reason := s.fault("").loginFailure; reason != 0 {
		s.turnAway(c, reason)
		return
	}
	c.pairing = &pairing{noise: noise, keys: k}
	codes := make([]node, refs)
	for i := range codes {
		ref := "2@" + rand.Text()
		c.pairing.refs = append(c.pairing.refs, ref)
		codes[i] = node{Tag: "ref", Content: []byte(ref)}
	}
	c.send(node{
		Tag:     "iq",
		Attrs:   attrs{"from": types.ServerJID, "id": newID(), "type": "set", "xmlns": "md"},
		Content: []node{{Tag: "pair-device", Content: codes}},
	})
	s.notify()
}

// Scan does what a user does who points the phone of number at a QR code, and
// returns when the device is linked. The client then is told to connect anew,
// and does so by itself: see AwaitOnline. number becomes an account if it is
// none yet. The error is ErrCode, ErrRefused, ErrGone, ErrNumber, or ctx's.
func (s *Server) Scan(ctx context.Context, code, number string) error {
	_, payload, _ := strings.Cut(code, "#")
	fields := strings.Split(payload, ",")
	if len(fields) < 4 {
		return ErrCode
	}
	var secrets [3][]byte // noise key, identity, the secret of the offer
	for i := range secrets {
		var err error
		if secrets[i], err = base64.StdEncoding.DecodeString(fields[i+1]); err != nil || len(secrets[i]) != 32 {
			return ErrCode
		}
	}
	return s.pair(ctx, number, func(c *conn, a *account) error {
		p := c.pairing
		if !slices.Contains(p.refs, fields[0]) || !bytes.Equal(p.noise[:], secrets[0]) ||
			!bytes.Equal(p.keys.identity, secrets[1]) {
			return ErrCode
		}
		return s.propose(c, a, secrets[2])
	})
}

// pair begins a pairing with the one of the waiting clients that begin does not
// answer with ErrCode, and waits for its end.
func (s *Server) pair(ctx context.Context, number string, begin func(*conn, *account) error) error {
	result := make(chan error, 1)
	try := func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		a, err := s.accountOf(number)
		if err != nil {
			return err
		}
		for c := range s.conns {
			if c.pairing == nil || c.over {
				continue
			}
			if err := begin(c, a); !errors.Is(err, ErrCode) {
				c.pairing.end(ErrCode) // whoever came before is overtaken
				c.pairing.result = result
				return err
			}
		}
		return ErrCode
	}
	if err := try(); err != nil {
		return err
	}
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
		return fmt.Errorf("whatsapptest: waiting for the client to be linked: %w", context.Cause(ctx))
	}
}

// propose offers a client to become a device of a, authenticated by the secret
// that only its code had.
func (s *Server) propose(c *conn, a *account, secret []byte) error {
	p := c.pairing
	p.offered = a.newDevice()
	p.offered.noise, p.offered.keys = p.noise, p.keys
	var err error
	if p.signed, err = a.phone.vouch(p.keys.identity, p.offered.id); err != nil {
		return err
	}
	signed, err := proto.Marshal(p.signed)
	if err != nil {
		return fmt.Errorf("whatsapptest: encoding an offer: %w", err)
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write(signed)
	box, err := proto.Marshal(&waAdv.ADVSignedDeviceIdentityHMAC{Details: signed, HMAC: mac.Sum(nil)})
	if err != nil {
		return fmt.Errorf("whatsapptest: encoding an offer: %w", err)
	}
	p.query = newID()
	c.send(node{
		Tag:   "iq",
		Attrs: attrs{"from": types.ServerJID, "id": p.query, "type": "set", "xmlns": "md", "t": now()},
		Content: []node{{Tag: "pair-success", Content: []node{
			{Tag: "device-identity", Content: box},
			{Tag: "device", Attrs: attrs{"jid": p.offered.pn(), "lid": p.offered.lid()}},
			{Tag: "platform", Attrs: attrs{"name": platform}},
			{Tag: "biz", Attrs: attrs{"name": ""}},
		}}},
	})
	return nil
}

// hearUnpaired acts on a node of a client that is no device yet.
func (s *Server) hearUnpaired(c *conn, n *node) {
	if n.Tag != "iq" {
		return
	}
	switch kind := text(n, "type"); kind {
	case "get", "set":
		if request, ok := n.GetOptionalChildByTag("link_code_companion_reg"); ok {
			s.hearLinkCode(c, n, &request)
			return
		}
		c.answer(n) // a keepalive
	default:
		if p := c.pairing; p.offered != nil && text(n, "id") == p.query {
			s.conclude(c, n, kind)
		}
	}
}

// conclude takes a client's answer to an offer.
func (s *Server) conclude(c *conn, n *node, kind string) {
	p := c.pairing
	d := p.offered
	p.offered = nil
	if kind != "result" {
		p.end(ErrRefused)
		return
	}
	accepted := new(waAdv.ADVSignedDeviceIdentity)
	err := proto.Unmarshal(content(n, "pair-device-sign", "device-identity"), accepted)
	message := deviceMessage(p.signed, p.keys.identity, d.account.phone.keys.identity)
	if err != nil || !verify(p.keys.identity, message, accepted.GetDeviceSignature()) {
		p.end(fmt.Errorf("%w: its signature is wrong", ErrRefused))
		return
	}
	s.link(d)
	for _, client := range s.clients {
		if clientID(client.Client) == c.client {
			client.at = d.at()
		}
	}
	p.end(nil)
	// To the client, 515 is a success: it connects anew, as the device it is.
	c.dismiss(node{Tag: "stream:error", Attrs: attrs{"code": "515"}})
}

// newID names a stanza of the server's.
func newID() string { return rand.Text()[:16] }
