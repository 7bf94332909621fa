package whatsapptest

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/util/keys"
)

// ErrWrongCode means that the code typed is not the one that the client shows.
var ErrWrongCode = errors.New("whatsapptest: a wrong code was typed")

// linkCode is a client's wish to be linked by a code that is typed on the phone
// of a number. The server never sees the code: it hides a public key of each
// side from it, and whoever types a wrong one ends up with a wrong key.
type linkCode struct {
	number  string
	ref     []byte
	wrapped []byte        // the client's key, hidden by the code
	client  []byte        // the same as the code that was typed unhides it
	phone   *keys.KeyPair // the phone's key, from then on
}

// Sizes of a hidden public key and of the salt and the initialisation vector
// in front of it.
const (
	wrapSalt = 32
	wrapHead = wrapSalt + aes.BlockSize
	wrapSize = wrapHead + 32
)

// wrap hides a public key by a code, and unhides it: it is its own inverse.
func wrap(code string, head, public []byte) ([]byte, error) {
	key, err := pbkdf2.Key(sha256.New, code, head[:wrapSalt], 2<<16, 32)
	if err != nil {
		return nil, fmt.Errorf("whatsapptest: hiding a key: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("whatsapptest: hiding a key: %w", err)
	}
	out := make([]byte, len(public))
	cipher.NewCTR(block, head[wrapSalt:wrapHead]).XORKeyStream(out, public)
	return out, nil
}

// TypeCode does what a user does who types the code of PairPhone on the phone
// of number, with or without its hyphen, and returns when the device is linked.
// After ErrWrongCode, the right code may still be typed. What Scan says of the
// rest holds here too.
func (s *Server) TypeCode(ctx context.Context, number, code string) error {
	link := s.linkCodeOf(number)
	if link == nil {
		return ErrCode
	}
	code = strings.ToUpper(strings.ReplaceAll(code, "-", ""))
	// Hiding is slow by design, so it is done before anything is locked.
	client, err := wrap(code, link.wrapped, link.wrapped[wrapHead:])
	if err != nil {
		return err
	}
	pair := keys.NewKeyPair()
	hidden := make([]byte, wrapHead, wrapHead+32)
	_, _ = rand.Read(hidden) // never fails
	public, err := wrap(code, hidden, pair.Pub[:])
	if err != nil {
		return err
	}
	hidden = append(hidden, public...)

	return s.pair(ctx, number, func(c *conn, a *account) error {
		if c.pairing.link != link {
			return ErrCode
		}
		link.client, link.phone = client, pair
		c.send(node{
			Tag:   "notification",
			Attrs: attrs{"from": types.ServerJID, "id": newID(), "type": "link_code_companion_reg", "t": now()},
			Content: []node{{Tag: "link_code_companion_reg", Attrs: attrs{"stage": "primary_hello"}, Content: []node{
				{Tag: "link_code_pairing_wrapped_primary_ephemeral_pub", Content: hidden},
				{Tag: "primary_identity_pub", Content: a.phone.identity.Pub[:]},
				{Tag: "link_code_pairing_ref", Content: link.ref},
			}}},
		})
		return nil
	})
}

// linkCodeOf finds the wish to be linked to a number.
func (s *Server) linkCodeOf(number string) *linkCode {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		if c.pairing != nil && c.pairing.link != nil && c.pairing.link.number == number && !c.over {
			return c.pairing.link
		}
	}
	return nil
}

// hearLinkCode answers the two requests that a client makes on this way.
func (s *Server) hearLinkCode(c *conn, n, request *node) {
	switch text(request, "stage") {
	case "companion_hello":
		wrapped := content(request, "link_code_pairing_wrapped_companion_ephemeral_pub")
		jid := address(request, "jid")
		if len(wrapped) != wrapSize || jid.Server != types.DefaultUserServer {
			c.refuse(n, "400", "bad-request")
			return
		}
		c.pairing.link = &linkCode{number: jid.User, ref: []byte(newID()), wrapped: wrapped}
		c.answer(n, node{
			Tag:     "link_code_companion_reg",
			Attrs:   attrs{"stage": "companion_hello"},
			Content: []node{{Tag: "link_code_pairing_ref", Content: c.pairing.link.ref}},
		})
		s.notify()
	case "companion_finish":
		s.finishLinkCode(c, n, request)
	default:
		c.refuse(n, "400", "bad-request")
	}
}

// finishLinkCode opens what the client has sealed for the phone. If that works,
// the code was right, and the linking goes on as after a scan.
func (s *Server) finishLinkCode(c *conn, n, request *node) {
	link := c.pairing.link
	if link == nil || link.phone == nil {
		c.refuse(n, "400", "bad-request")
		return
	}
	a, err := s.accountOf(link.number)
	if err == nil {
		var secret []byte
		sealed := content(request, "link_code_pairing_wrapped_key_bundle")
		if secret, err = link.open(a.phone, c.pairing.keys.identity, sealed); err == nil {
			c.answer(n)
			err = s.propose(c, a, secret)
		} else {
			c.refuse(n, "400", "bad-request")
		}
	}
	if err != nil {
		c.pairing.end(err)
	}
}

// open returns the secret that an offer to the client is authenticated with.
func (l *linkCode) open(phone *phone, identity, sealed []byte) ([]byte, error) {
	ephemeral, err := agree(l.phone, l.client)
	if err != nil || len(sealed) < 32+12 {
		return nil, ErrWrongCode
	}
	key, err := hkdf.Key(sha256.New, ephemeral, sealed[:32], "link_code_pairing_key_bundle_encryption_key", 32)
	if err != nil {
		return nil, err
	}
	seal, err := newSealer(key)
	if err != nil {
		return nil, err
	}
	bundle, err := seal.aead.Open(nil, sealed[32:32+12], sealed[32+12:], nil)
	if err != nil || len(bundle) != 96 || !bytes.Equal(bundle[:32], identity) {
		return nil, ErrWrongCode
	}
	long, err := agree(phone.identity, identity)
	if err != nil {
		return nil, ErrWrongCode
	}
	return hkdf.Key(sha256.New, bytes.Join([][]byte{ephemeral, long, bundle[64:]}, nil), nil, "adv_secret", 32)
}
