package verify_test

import "crypto/ed25519"

type publicKey = ed25519.PublicKey

func testKey(n byte) ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	seed[0] = n
	return ed25519.NewKeyFromSeed(seed)
}
