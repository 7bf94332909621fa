package tree_test

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/seed-13dc028d/longwatch/longrun/evidence/tree"
)

// A tree goes on from its right edge, without the leaves before it.
func ExampleParse() {
	var whole tree.Frontier
	for i := range 5 {
		whole = whole.Append(tlog.RecordHash([]byte{byte(i)}))
	}
	var begun tree.Frontier
	for i := range 3 {
		begun = begun.Append(tlog.RecordHash([]byte{byte(i)}))
	}
	stored := begun.Strings()
	again, err := tree.Parse(3, stored)
	fmt.Println(len(stored), err)
	again = again.Append(tlog.RecordHash([]byte{3}), tlog.RecordHash([]byte{4}))
	fmt.Println(again.Size(), again.Root() == whole.Root())
	// Output:
	// 2 <nil>
	// 5 true
}

// A root is written in base64, in one spelling.
func ExampleParseHash() {
	root, err := tree.ParseHash(tree.Frontier{}.Root().String())
	fmt.Println(root, err)
	_, err = tree.ParseHash("47DEQpj8HBSa")
	fmt.Println(err != nil)
	// Output:
	// 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU= <nil>
	// true
}
