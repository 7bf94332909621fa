package evidence_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun/evidence"
)

// The note of the lock's row moves with each beat. One that was made up without the key
// is told.
func ExampleParseNote() {
	key, err := evidence.ParsePrivateKey("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
	if err != nil {
		panic(err)
	}
	_, head := evidence.Head{}.Next(written(time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC), 1)[0])
	stored := evidence.Note{Head: head}.Sign("wa_metrics/longrun", key).String()

	note, err := evidence.ParseNote(stored)
	fmt.Println(note.Head.ChainSeq, note.Verify("wa_metrics/longrun", public(key)), err)
	note.Head.ChainSeq--
	fmt.Println(errors.Is(note.Verify("wa_metrics/longrun", public(key)), evidence.ErrSignature))
	// Output:
	// 1 <nil> <nil>
	// true
}
