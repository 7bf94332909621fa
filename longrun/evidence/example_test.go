package evidence_test

import (
	"fmt"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
)

// The hash is over what is stored, so it survives the store.
func ExampleHash() {
	h := longrun.Beat(time.Date(2025, 12, 29, 23, 7, 0, 12345678, time.UTC), time.Minute)
	edited := h
	edited.Healthy = true
	fmt.Println(evidence.Hash(h)[:16], evidence.Hash(h) == evidence.Hash(edited))
	// Output: e6f50d6511f2fa4b false
}

// The head goes where the beats are not; each beat is checked against the head
// before it.
func ExampleHead_Next() {
	var head evidence.Head
	first, head := head.Next(longrun.Beat(time.Unix(0, 0), time.Minute))
	second, head := head.Next(longrun.Beat(time.Unix(60, 0), time.Minute))
	fmt.Println(head.ChainSeq, second.PrevHash == evidence.Hash(first), head.Hash == evidence.Hash(second))

	first.ConnectedCount = 4 // someone edits the document
	check, _ := evidence.Head{}.Check(first)
	_, err := check.Check(second)
	fmt.Println(err != nil)
	// Output:
	// 2 true true
	// true
}

func ExampleHeadOf() {
	_, end := evidence.Head{}.Next(longrun.Beat(time.Date(2025, 12, 29, 23, 7, 0, 0, time.UTC), time.Minute))
	h, _ := evidence.Head{}.Next(longrun.Beat(time.Date(2025, 12, 29, 23, 7, 0, 0, time.UTC), time.Minute))
	fmt.Println(evidence.HeadOf(h) == end)
	// Output: true
}

func ExampleParseHead() {
	_, head := evidence.Head{}.Next(longrun.Beat(time.Unix(0, 0), time.Minute))
	same, err := evidence.ParseHead(head.String())
	fmt.Println(same == head, err)
	// Output: true <nil>
}
