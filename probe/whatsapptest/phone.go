package whatsapptest

import (
	"bytes"
	"crypto/ecdh"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"

	"go.mau.fi/libsignal/ecc"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waAdv"
	"go.mau.fi/whatsmeow/util/keys"
	"google.golang.org/protobuf/proto"
)

// phone is the main device of an account. The server plays it: it links other
// devices, has keys of its own, and answers messages with receipts. It reads
// none.
type phone struct {
	identity *keys.KeyPair
	keys     keyset
	letters  []letter // that it has not answered yet
}

// keyset is what others need to begin a session with a device: identity,
// registration and signed prekey last, and each one-time prekey serves once.
type keyset struct {
	registration []byte // 4 bytes
	identity     []byte
	signed       prekey
	oneTime      []prekey
}

type prekey struct {
	id        []byte // 3 bytes
	value     []byte
	signature []byte // of a signed prekey only
}

func newPhone() *phone {
	identity := keys.NewKeyPair()
	return &phone{identity: identity, keys: keyset{
		registration: binary.BigEndian.AppendUint32(nil, rand.Uint32()),
		identity:     identity.Pub[:],
		signed:       newPrekey(identity.CreateSignedPreKey(1)),
	}}
}

func newPrekey(k *keys.PreKey) prekey {
	p := prekey{id: binary.BigEndian.AppendUint32(nil, k.KeyID)[1:], value: k.Pub[:]}
	if k.Signature != nil {
		p.signature = k.Signature[:]
	}
	return p
}

// vouch states, signed by the phone, that an identity is that of the account's
// device number id. The device must sign it as well.
func (p *phone) vouch(identity []byte, id uint16) (*waAdv.ADVSignedDeviceIdentity, error) {
	details, err := proto.Marshal(&waAdv.ADVDeviceIdentity{
		RawID:     new(rand.Uint32()),
		Timestamp: new(uint64(time.Now().Unix())),
		KeyIndex:  new(uint32(id)),
	})
	if err != nil {
		return nil, fmt.Errorf("whatsapptest: encoding a device's identity: %w", err)
	}
	message := bytes.Join([][]byte{whatsmeow.AdvAccountSignaturePrefix, details, identity}, nil)
	signature := sign(p.identity, message)
	return &waAdv.ADVSignedDeviceIdentity{
		Details:             details,
		AccountSignatureKey: p.identity.Pub[:],
		AccountSignature:    signature,
	}, nil
}

// deviceMessage is what a device signs to accept what the phone said of it.
func deviceMessage(signed *waAdv.ADVSignedDeviceIdentity, identity, phone []byte) []byte {
	return bytes.Join([][]byte{whatsmeow.AdvDeviceSignaturePrefix, signed.GetDetails(), identity, phone}, nil)
}

// agree is the secret that the phone's identity shares with a public key.
func agree(pair *keys.KeyPair, public []byte) ([]byte, error) {
	private, err := ecdh.X25519().NewPrivateKey(pair.Priv[:])
	if err != nil {
		return nil, err
	}
	theirs, err := ecdh.X25519().NewPublicKey(public)
	if err != nil {
		return nil, err
	}
	return private.ECDH(theirs)
}

func sign(pair *keys.KeyPair, message []byte) []byte {
	signature := ecc.CalculateSignature(ecc.NewDjbECPrivateKey(*pair.Priv), message)
	return signature[:]
}

func verify(public, message, signature []byte) bool {
	if len(public) != 32 || len(signature) != 64 {
		return false
	}
	return ecc.VerifySignature(ecc.NewDjbECPublicKey([32]byte(public)), message, [64]byte(signature))
}
