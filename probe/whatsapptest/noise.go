package whatsapptest

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"go.mau.fi/whatsmeow/proto/waWa6"
	"go.mau.fi/whatsmeow/socket"
	"google.golang.org/protobuf/proto"
)

// symmetric is the state of a Noise handshake: what was said so far (hash), and
// the keys that follow from it.
type symmetric struct {
	hash, chaining []byte
	seal           sealer
}

// newSymmetric begins at the name of the protocol, which is as long as a hash
// and is therefore not hashed.
func newSymmetric(prologue []byte) (*symmetric, error) {
	start := []byte(socket.NoiseStartPattern)
	seal, err := newSealer(start)
	if err != nil {
		return nil, err
	}
	s := &symmetric{hash: start, chaining: start, seal: seal}
	s.mixHash(prologue)
	return s, nil
}

func (s *symmetric) mixHash(data []byte) {
	h := sha256.New()
	h.Write(s.hash)
	h.Write(data)
	s.hash = h.Sum(nil)
}

// mixKey takes what both sides get from a pair of keys into account.
func (s *symmetric) mixKey(private *ecdh.PrivateKey, public []byte) error {
	theirs, err := ecdh.X25519().NewPublicKey(public)
	if err != nil {
		return err
	}
	secret, err := private.ECDH(theirs)
	if err != nil {
		return err
	}
	chaining, key, err := s.expand(secret)
	if err != nil {
		return err
	}
	s.chaining = chaining
	s.seal, err = newSealer(key)
	return err
}

func (s *symmetric) expand(secret []byte) (first, second []byte, err error) {
	out, err := hkdf.Key(sha256.New, secret, s.chaining, "", 64)
	if err != nil {
		return nil, nil, err
	}
	return out[:32:32], out[32:], nil
}

func (s *symmetric) encrypt(plain []byte) []byte {
	sealed := s.seal.encrypt(plain, s.hash)
	s.mixHash(sealed)
	return sealed
}

func (s *symmetric) decrypt(sealed []byte) ([]byte, error) {
	plain, err := s.seal.decrypt(sealed, s.hash)
	if err == nil {
		s.mixHash(sealed)
	}
	return plain, err
}

// sealer is one direction's cipher. Its nonce is a counter that never skips, so
// a sealer belongs to one goroutine.
type sealer struct {
	aead    cipher.AEAD
	counter uint32
}

func newSealer(key []byte) (sealer, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return sealer{}, err
	}
	aead, err := cipher.NewGCM(block)
	return sealer{aead: aead}, err
}

func (s *sealer) nonce() []byte {
	nonce := make([]byte, 12)
	binary.BigEndian.PutUint32(nonce[8:], s.counter)
	s.counter++
	return nonce
}

func (s *sealer) encrypt(plain, context []byte) []byte {
	return s.aead.Seal(nil, s.nonce(), plain, context)
}

func (s *sealer) decrypt(sealed, context []byte) ([]byte, error) {
	return s.aead.Open(nil, s.nonce(), sealed, context)
}

// A greeting is what the handshake tells the server about a client.
type greeting struct {
	key     [32]byte // the client's noise key, by which a device is known
	payload *waWa6.ClientPayload
}

// respond answers the three messages of Noise XX as the server, and returns the
// ciphers of the connection that they agreed on.
func (a *authority) respond(read func() ([]byte, error), write func([]byte) error) (*greeting, sealer, sealer, error) {
	hello, keys, err := a.welcome(read, write)
	if err != nil {
		return nil, sealer{}, sealer{}, fmt.Errorf("whatsapptest: handshake: %w", err)
	}
	fromClient, toClient, err := keys.split()
	if err != nil {
		return nil, sealer{}, sealer{}, fmt.Errorf("whatsapptest: handshake: %w", err)
	}
	return hello, fromClient, toClient, nil
}

func (a *authority) welcome(read func() ([]byte, error), write func([]byte) error) (*greeting, *symmetric, error) {
	s, err := newSymmetric(socket.WAConnHeader)
	if err != nil {
		return nil, nil, err
	}

	// → e
	message, err := readHandshake(read)
	if err != nil {
		return nil, nil, err
	}
	theirs := message.GetClientHello().GetEphemeral()
	s.mixHash(theirs)

	// ← e, ee, s, es
	ours, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	reply := &waWa6.HandshakeMessage_ServerHello{Ephemeral: ours.PublicKey().Bytes()}
	s.mixHash(reply.Ephemeral)
	if err := s.mixKey(ours, theirs); err != nil {
		return nil, nil, err
	}
	reply.Static = s.encrypt(a.static.PublicKey().Bytes())
	if err := s.mixKey(a.static, theirs); err != nil {
		return nil, nil, err
	}
	reply.Payload = s.encrypt(a.chain)
	frame, err := proto.Marshal(&waWa6.HandshakeMessage{ServerHello: reply})
	if err != nil {
		return nil, nil, err
	}
	if err := write(frame); err != nil {
		return nil, nil, err
	}

	// → s, se
	if message, err = readHandshake(read); err != nil {
		return nil, nil, err
	}
	key, err := s.decrypt(message.GetClientFinish().GetStatic())
	if err != nil {
		return nil, nil, err
	}
	if err := s.mixKey(ours, key); err != nil {
		return nil, nil, err
	}
	payload, err := s.decrypt(message.GetClientFinish().GetPayload())
	if err != nil {
		return nil, nil, err
	}
	hello := &greeting{payload: new(waWa6.ClientPayload)}
	if copy(hello.key[:], key) != len(hello.key) {
		return nil, nil, errors.New("the client's key is too short")
	}
	return hello, s, proto.Unmarshal(payload, hello.payload)
}

// split ends the handshake: one cipher for each direction.
func (s *symmetric) split() (fromClient, toClient sealer, err error) {
	first, second, err := s.expand(nil)
	if err != nil {
		return sealer{}, sealer{}, err
	}
	if fromClient, err = newSealer(first); err != nil {
		return sealer{}, sealer{}, err
	}
	toClient, err = newSealer(second)
	return fromClient, toClient, err
}

func readHandshake(read func() ([]byte, error)) (*waWa6.HandshakeMessage, error) {
	frame, err := read()
	if err != nil {
		return nil, err
	}
	message := new(waWa6.HandshakeMessage)
	return message, proto.Unmarshal(frame, message)
}
