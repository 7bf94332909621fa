package witnesshttp_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/evidence/tree"
	"github.com/seed-13dc028d/longwatch/longrun/evidence/witness"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/witnessed"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/longrun/witnesshttp"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// A host mounts a witness of its own; a log elsewhere asks it by its address.
func Example() {
	logKey := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, 32))
	public, _ := logKey.Public().(ed25519.PublicKey)
	signer, err := witness.NewSigner("watch.example.org/witness", ed25519.NewKeyFromSeed(bytes.Repeat([]byte{2}, 32)))
	if err != nil {
		panic(err)
	}
	state, err := witnessed.New(memstore.New(nil), "") // in earnest one that outlives the process
	if err != nil {
		panic(err)
	}
	w, err := witness.New(witness.Options{Signer: signer, State: state, Logs: []string{evidence.VerifierKey("ops.example.org/longrun", public)}})
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/witness"+witnesshttp.Path, witnesshttp.NewHandler(w, witnesshttp.HandlerOptions{}))
	server := httptest.NewServer(mux)
	defer server.Close()

	client, err := witnesshttp.NewClient(server.URL+"/witness", witnesshttp.ClientOptions{})
	if err != nil {
		panic(err)
	}
	// What a monitor is given; it asks by itself, after each day.
	asked := monitor.Cosigner{Key: w.Key(), Adder: client}
	checkpoint, err := evidence.Checkpoint{Origin: "ops.example.org/longrun", Root: (tree.Frontier{}).Root()}.Sign(logKey)
	if err != nil {
		panic(err)
	}
	lines, err := asked.Adder.Add(context.Background(), witness.Request{Checkpoint: checkpoint})
	fmt.Println(strings.Count(lines, "\n"), err)
	found, err := witness.Cosignatures(checkpoint, lines, asked.Key)
	fmt.Println(found[0].Key.Name(), err)
	// Output:
	// 1 <nil>
	// watch.example.org/witness <nil>
}
