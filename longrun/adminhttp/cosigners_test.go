package adminhttp_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun/evidence/witness"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
)

// The witnesses stand in the status, in the order of the configuration, with what is
// not known yet as null.
func TestTheStatusHasTheWitnesses(t *testing.T) {
	t.Parallel()
	signer, err := witness.NewSigner("watch.example.org/witness", ed25519.NewKeyFromSeed(make([]byte, 32)))
	require.NoError(t, err)
	away := witness.AdderFunc(func(context.Context, witness.Request) (string, error) { return "", errors.New("away") })
	s := newStandOf(t, "", func(c *monitor.Config) {
		c.EvidenceKey = ed25519.NewKeyFromSeed([]byte("0123456789abcdef0123456789abcdef"))
		c.Cosigners = []monitor.Cosigner{{Key: signer.Key(), Adder: away}}
	})
	status, ok := s.get("/status")["status"].(map[string]any)
	require.True(t, ok)
	got, err := json.Marshal(status["cosigners"])
	require.NoError(t, err)
	require.JSONEq(t, `[{"name": "watch.example.org/witness", "size": 0, "at": null, "contradiction": "", "since": null, "failed": false}]`, string(got))
}
