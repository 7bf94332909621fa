package document

import "strings"

// pass passes over a value that nobody asked for. It asks of it what encoding/json does:
// that it is JSON.
func (r *reader) pass(depth int) bool {
	if depth > maxDepth {
		return false
	}
	switch r.next() {
	case '"':
		return r.passText()
	case '{':
		return r.passAll('}', func() bool {
			r.next()
			return r.passText() && r.take(':') && r.pass(depth+1)
		})
	case '[':
		return r.passAll(']', func() bool { return r.pass(depth + 1) })
	case 't':
		return r.word("true")
	case 'f':
		return r.word("false")
	case 'n':
		return r.word("null")
	}
	_, ok := r.float()
	return ok
}

// passAll passes over what stands between brackets.
func (r *reader) passAll(end byte, one func() bool) bool {
	r.at++
	if r.take(end) {
		return true
	}
	for one() {
		if !r.take(',') {
			return r.take(end)
		}
	}
	return false
}

// passText passes over a string.
func (r *reader) passText() bool {
	if r.at >= len(r.doc) || r.doc[r.at] != '"' {
		return false
	}
	for i := r.at + 1; i < len(r.doc); i++ {
		switch c := r.doc[i]; {
		case c == '"':
			r.at = i + 1
			return true
		case c < ' ':
			return false
		case c == '\\':
			if i++; i == len(r.doc) || unescape(r.doc[i]) == 0 {
				return false
			}
		}
	}
	return false
}

// resembles reports whether encoding/json might take a name that is none of the plan's
// for one of them: it does not look at capitals.
func (p *plan) resembles(name string) bool {
	for i := range len(name) {
		if c := name[i]; c < ' ' || c > '~' || c == '\\' {
			return true
		}
	}
	for i := range p.fields {
		if strings.EqualFold(name, p.fields[i].name) {
			return true
		}
	}
	return false
}
