package whatsapptest

import (
	"crypto/ecdh"
	"crypto/rand"
	"fmt"
	"sync"

	"go.mau.fi/libsignal/ecc"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waCert"
	"go.mau.fi/whatsmeow/util/keys"
	"google.golang.org/protobuf/proto"
)

// authority is what a server proves itself with in the handshake. All servers of
// a process share one: clients look up the root key in a variable of whatsmeow,
// so there can be only one.
type authority struct {
	static *ecdh.PrivateKey // the server's identity
	chain  []byte           // the certificates that vouch for it
	root   [32]byte         // the key that those end at
}

// sharedAuthority makes the process's authority on the first call, and makes
// every client of the process trust it.
//
//nolint:gochecknoglobals // it stands for a global of whatsmeow, which is written once
var sharedAuthority = sync.OnceValues(newAuthority)

// The serial numbers that whatsmeow expects: each certificate names its issuer's.
const (
	rootSerial         = whatsmeow.WACertIssuerSerial
	intermediateSerial = 1
	leafSerial         = 2
)

// forever is the last second of the year 9999. Clients check certificates
// against their clock, and the clock of a bubble starts in the year 2000.
const forever = 253402300799

func newAuthority() (*authority, error) {
	static, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("whatsapptest: making the server's key: %w", err)
	}
	root, middle := keys.NewKeyPair(), keys.NewKeyPair()
	intermediate, err := certify(root, intermediateSerial, rootSerial, middle.Pub[:])
	if err != nil {
		return nil, err
	}
	leaf, err := certify(middle, leafSerial, intermediateSerial, static.PublicKey().Bytes())
	if err != nil {
		return nil, err
	}
	chain, err := proto.Marshal(&waCert.CertChain{Intermediate: intermediate, Leaf: leaf})
	if err != nil {
		return nil, fmt.Errorf("whatsapptest: encoding the certificates: %w", err)
	}
	whatsmeow.WACertPubKey = *root.Pub
	return &authority{static: static, chain: chain, root: *root.Pub}, nil
}

func certify(issuer *keys.KeyPair, serial, issuerSerial uint32, key []byte) (*waCert.CertChain_NoiseCertificate, error) {
	details, err := proto.Marshal(&waCert.CertChain_NoiseCertificate_Details{
		Serial:       &serial,
		IssuerSerial: &issuerSerial,
		Key:          key,
		NotBefore:    proto.Uint64(0),
		NotAfter:     proto.Uint64(forever),
	})
	if err != nil {
		return nil, fmt.Errorf("whatsapptest: encoding a certificate: %w", err)
	}
	signature := ecc.CalculateSignature(ecc.NewDjbECPrivateKey(*issuer.Priv), details)
	return &waCert.CertChain_NoiseCertificate{Details: details, Signature: signature[:]}, nil
}
