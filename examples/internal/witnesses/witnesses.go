// Package witnesses reads how the example programs name witnesses: each by its verifier
// key and, where it is to be asked, by its address behind a space.
//
// It asks nobody.
package witnesses

import (
	"errors"
	"fmt"
	"strings"

	"github.com/seed-13dc028d/longwatch/longrun/evidence/witness"
	"github.com/seed-13dc028d/longwatch/longrun/verify"
	"github.com/seed-13dc028d/longwatch/longrun/witnesshttp"
)

// Parse reads one witness, such as "watch.example.org/witness+1a2b3c4d+BA…" or the same
// with " https://watch.example.org/witness" behind it, without which it has no Adder. The
// error has nothing of an address in it.
func Parse(text string) (w verify.Witness, err error) {
	fields := strings.Fields(text)
	if len(fields) < 1 || len(fields) > 2 {
		return w, errors.New("a witness is named by its verifier key, and by its address behind a space")
	}
	if w.Key, err = witness.ParseKey(fields[0]); err != nil {
		return w, errors.New(strings.TrimPrefix(err.Error(), "witness: "))
	}
	if len(fields) == 2 {
		client, err := witnesshttp.NewClient(fields[1], witnesshttp.ClientOptions{})
		if err != nil {
			return w, errors.New(strings.TrimPrefix(err.Error(), "witnesshttp: "))
		}
		w.Adder = client
	}
	return w, nil
}

// ParseAll reads several, split by commas or ends of lines.
func ParseAll(text string) (all []verify.Witness, err error) {
	for i, one := range Split(text) {
		w, err := Parse(one)
		if err != nil {
			return nil, fmt.Errorf("number %d: %w", i+1, err)
		}
		all = append(all, w)
	}
	return all, nil
}

// Split is a list without what is empty in it.
func Split(text string) (list []string) {
	for one := range strings.FieldsFuncSeq(text, func(c rune) bool { return c == ',' || c == '\n' }) {
		if one = strings.TrimSpace(one); one != "" {
			list = append(list, one)
		}
	}
	return list
}
