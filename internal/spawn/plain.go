package spawn

import (
	"errors"
	"reflect"
)

// maxChain bounds how many errors of one tree are looked at: a chain can be made
// that never ends.
const maxChain = 100

// Plain turns the error of foreign code into one of ours: its text is made now,
// as Text makes it, and of all that is behind it only those of keep are still
// found by errors.Is. Calling it where the foreign code ran, inside the guard,
// leaves nothing of that code behind. nil stays nil; a nil pointer in err is an
// error like others.
func Plain(err error, keep ...error) error {
	if err == nil {
		return nil
	}
	p := &plain{text: text(err)}
	for _, sentinel := range keep {
		if Is(err, sentinel) {
			p.kept = append(p.kept, sentinel)
		}
	}
	return p
}

type plain struct {
	text string
	kept []error
}

func (p *plain) Error() string   { return p.text }
func (p *plain) Unwrap() []error { return p.kept }

// Is is errors.Is for errors of foreign code: methods that panic say nothing,
// nor do those of a nil pointer, and a chain without end is cut.
func Is(err, target error) bool {
	return walk(err, func(e error) bool {
		if e == target { //nolint:errorlint // this walks the tree itself
			return true
		}
		if isNil(e) {
			return false // its Is may say anything: there is no error behind it
		}
		is, ok := e.(interface{ Is(target error) bool })
		return ok && is.Is(target)
	})
}

// As is errors.AsType for errors of foreign code. It asks for the type alone, and
// calls no As method; a nil pointer is not found.
func As[T error](err error) (found T, ok bool) {
	walk(err, func(e error) bool {
		if !isNil(e) {
			found, ok = e.(T) //nolint:errorlint // this walks the tree itself
		}
		return ok
	})
	return found, ok
}

// isNil reports whether e is a pointer to nothing, or its like.
func isNil(e error) bool {
	switch v := reflect.ValueOf(e); v.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Func, reflect.Chan:
		return v.IsNil()
	default:
		return false
	}
}

// Nothing reports whether what a host gave is nobody: nil, or an interface around a
// pointer or function that is nil, such as a constructor returns beside its error.
func Nothing(given any) bool {
	switch v := reflect.ValueOf(given); v.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Pointer, reflect.Func:
		return v.IsNil()
	default:
		return false
	}
}

// walk shows the tree of err to is, depth first, until that is true.
func walk(err error, is func(error) bool) bool {
	left := []error{err}
	for n := 0; len(left) > 0 && n < maxChain; n++ {
		e := left[len(left)-1]
		left = left[:len(left)-1]
		if e == nil {
			continue
		}
		if quietly(func() bool { return is(e) }) {
			return true
		}
		if isNil(e) {
			continue
		}
		quietly(func() bool {
			switch e := e.(type) { //nolint:errorlint // this walks the tree itself
			case interface{ Unwrap() error }:
				left = append(left, e.Unwrap())
			case interface{ Unwrap() []error }:
				behind := e.Unwrap()
				for i := min(len(behind), maxChain) - 1; i >= 0; i-- {
					left = append(left, behind[i])
				}
			}
			return false
		})
	}
	return false
}

// quietly is false where ask panics.
func quietly(ask func() bool) (yes bool) {
	defer func() {
		if recover() != nil {
			yes = false
		}
	}()
	return ask()
}

// Faulty returns the *Fault in err, if it has one.
func Faulty(err error) (*Fault, bool) { return errors.AsType[*Fault](err) }
