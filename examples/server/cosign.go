package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/seed-13dc028d/longwatch/examples/internal/stores"
	"github.com/seed-13dc028d/longwatch/examples/internal/witnesses"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/evidence/witness"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/witnessed"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/longrun/witnesshttp"
	"github.com/seed-13dc028d/longwatch/store"
)

// cosignConfig is the part of the environment that is about witnesses: those that are
// asked, and the one that this server is for others.
type cosignConfig struct {
	Cosigners string `env:"LONGRUN_COSIGNERS"`
	Key       string `env:"LONGRUN_COSIGN_KEY"`
	Name      string `env:"LONGRUN_COSIGN_NAME"`
	Logs      string `env:"LONGRUN_COSIGN_LOGS"`
}

// witnessPrefix is where the server is a witness.
const witnessPrefix = "/witness"

// checkCosign checks what can be told without asking anybody.
func (c *config) checkCosign() error {
	_, err := c.cosigners()
	if _, own := c.ownWitness(&witness.Memory{}); own != nil {
		err = errors.Join(err, own)
	}
	if len(c.Cosign.Cosigners) > 0 && c.Evidence == "" {
		err = errors.Join(err, errors.New("LONGRUN_COSIGNERS: witnesses cosign what LONGRUN_EVIDENCE_KEY has signed, and it is not set"))
	}
	if scheme, _, unread := stores.Split(c.Store); c.Cosign.Key != "" && unread == nil && scheme == "memory" {
		err = errors.Join(err, errors.New("LONGRUN_COSIGN_KEY: a witness with a store of memory: forgets what it has seen"))
	}
	return err
}

// cosigners are the witnesses that are asked.
func (c *config) cosigners() (list []monitor.Cosigner, err error) {
	all, err := witnesses.ParseAll(c.Cosign.Cosigners)
	if err != nil {
		return nil, fmt.Errorf("LONGRUN_COSIGNERS: %w", err)
	}
	seen := map[witness.Key]bool{}
	for i, w := range all {
		if seen[w.Key] {
			return nil, fmt.Errorf("LONGRUN_COSIGNERS: number %d: this witness is there already", i+1)
		}
		seen[w.Key] = true
		if w.Adder == nil {
			return nil, fmt.Errorf("LONGRUN_COSIGNERS: number %d: there is no address behind the key, such as https://watch.example.org/witness", i+1)
		}
		list = append(list, monitor.Cosigner(w))
	}
	return list, nil
}

// ownWitness is the witness that this server is; nil where it is none.
func (c *config) ownWitness(state witness.State) (*witness.Witness, error) {
	o := c.Cosign
	if o.Key == "" {
		if o.Name != "" || o.Logs != "" {
			return nil, errors.New("LONGRUN_COSIGN_NAME or LONGRUN_COSIGN_LOGS is set and LONGRUN_COSIGN_KEY is not")
		}
		return nil, nil
	}
	private, err := evidence.ParsePrivateKey(o.Key)
	if err != nil {
		return nil, fmt.Errorf("LONGRUN_COSIGN_KEY: %w", err)
	}
	if own, err := evidence.ParsePrivateKey(c.Evidence); err == nil && own.Equal(private) {
		return nil, errors.New("LONGRUN_COSIGN_KEY is that of LONGRUN_EVIDENCE_KEY: a witness has a key of its own")
	}
	signer, err := witness.NewSigner(o.Name, private)
	if err != nil {
		return nil, fmt.Errorf("LONGRUN_COSIGN_NAME: %s", strings.TrimPrefix(err.Error(), "witness: "))
	}
	w, err := witness.New(witness.Options{Signer: signer, Logs: witnesses.Split(o.Logs), State: state, Clock: c.clock})
	if err != nil {
		return nil, fmt.Errorf("LONGRUN_COSIGN_LOGS: %s", strings.TrimPrefix(strings.ReplaceAll(err.Error(), "\n", "; "), "witness: Logs: "))
	}
	return w, nil
}

// serveWitness has the server cosign the logs of others, where it is to. What it has seen
// is kept in its own store.
func (c *config) serveWitness(ctx context.Context, mux *http.ServeMux, st store.Store, logger *slog.Logger) error {
	state, err := witnessed.New(st, c.Root)
	if err != nil {
		return err
	}
	w, err := c.ownWitness(state)
	if err != nil || w == nil {
		return err
	}
	mux.Handle(witnessPrefix+witnesshttp.Path, witnesshttp.NewHandler(w, witnesshttp.HandlerOptions{Logger: logger, Clock: c.clock}))
	logger.InfoContext(ctx, "cosigns the logs of others", "key", w.Key().String(), "path", witnessPrefix)
	return nil
}
