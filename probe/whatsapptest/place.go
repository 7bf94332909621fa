package whatsapptest

import (
	"slices"
	"strconv"
	"strings"
)

// A place is where something happens, in the words in which the methods of
// Server take it: "491700000001" is an account with all of its devices,
// "491700000001:2" its second linked device, "491700000001:0" its phone, and the
// empty one is a client of which nobody knows yet who it is.
type place string

func placeOf(number string, device uint16) place {
	return place(number + ":" + strconv.Itoa(int(device)))
}

// account is the place as a whole: the number of its account.
func (p place) account() place {
	number, _, _ := strings.Cut(string(p), ":")
	return place(number)
}

// wider are the places that this one is part of, from everywhere down to itself.
// What is true of one of them is true here.
func (p place) wider() []place {
	if p == "" {
		return []place{""}
	}
	if a := p.account(); a != p {
		return []place{"", a, p}
	}
	return []place{"", p}
}

// numbers is the place as Server's methods take it.
func (p place) numbers() []string {
	if p == "" {
		return nil
	}
	return []string{string(p)}
}

// within tells whether the place is one of numbers or part of one. No numbers
// are everywhere.
func (p place) within(numbers []string) bool {
	return len(numbers) == 0 || slices.Contains(numbers, string(p)) || slices.Contains(numbers, string(p.account()))
}
