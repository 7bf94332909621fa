package document

import (
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
)

// read fills v, a pointer, as encoding/json would, and reports whether it did. It reads
// what Encode writes of a struct, passes over fields that the type does not have, and
// leaves everything else: names that come twice, escapes by number, text that is not
// UTF-8, what does not fit, and what is no JSON. Where it reports false, encoding/json
// starts from the same v.
func read(text string, v any) bool {
	ptr := reflect.ValueOf(v)
	if ptr.Kind() != reflect.Pointer || ptr.IsNil() {
		return false
	}
	to := ptr.Elem()
	p := planFor(to.Type())
	if p == nil {
		return false
	}
	// encoding/json goes on with the lists and maps that are there; here there are none.
	for _, i := range p.refs {
		if !to.Field(i).IsZero() {
			return false
		}
	}
	r := reader{doc: text}
	if r.next() == '{' && r.value(to, p) && r.next() == 0 && r.at == len(text) {
		return true
	}
	for _, i := range p.refs { // what else was read is read again
		to.Field(i).SetZero()
	}
	return false
}

// reader reads one text. Its methods report false where they do not go on.
type reader struct {
	doc string
	at  int
}

// next passes over space and returns the byte that comes, 0 at the end.
func (r *reader) next() byte {
	for ; r.at < len(r.doc); r.at++ {
		switch c := r.doc[r.at]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// take passes over a byte, if it comes next.
func (r *reader) take(c byte) bool {
	if r.at < len(r.doc) && r.doc[r.at] == c { // which is so of what Encode wrote
		r.at++
		return true
	}
	if r.next() != c {
		return false
	}
	r.at++
	return true
}

func (r *reader) word(w string) bool {
	if !strings.HasPrefix(r.doc[r.at:], w) {
		return false
	}
	r.at += len(w)
	return true
}

// value reads the value that comes into v, which holds nothing yet.
func (r *reader) value(v reflect.Value, p *plan) bool {
	if r.next() == 'n' {
		return r.word("null")
	}
	switch p.kind {
	case aString:
		s, ok := r.text()
		v.SetString(s)
		return ok
	case aBool:
		is := r.word("true")
		v.SetBool(is)
		return is || r.word("false")
	case anInt:
		n, ok := r.whole()
		if !ok || v.OverflowInt(n) {
			return false
		}
		v.SetInt(n)
		return true
	case aFloat:
		f, ok := r.float()
		v.SetFloat(f)
		return ok
	case aTime:
		return r.instant(v)
	case aPointer:
		to := reflect.New(v.Type().Elem())
		v.Set(to)
		return r.value(to.Elem(), p.elem)
	case aList:
		return r.list(v, p)
	case aMap:
		return r.entries(v, p)
	case aStruct:
		return r.fields(v, p)
	}
	return false
}

func (r *reader) fields(v reflect.Value, p *plan) bool {
	if !r.take('{') {
		return false
	}
	if r.take('}') {
		return true
	}
	var seen uint64
	for expected := 0; ; {
		i, ok := r.field(p, expected)
		switch {
		case !ok || i != unknown && seen&(1<<i) != 0:
			return false
		case i == unknown:
			ok = r.pass(0)
		default:
			seen |= 1 << i
			expected = i + 1
			f := &p.fields[i]
			ok = r.value(v.Field(f.index), f.plan)
		}
		if !ok {
			return false
		}
		if r.take(',') {
			continue
		}
		return r.take('}')
	}
}

// unknown is the number of a field that the type does not have.
const unknown = -1

// field reads the name of a field and the colon behind it, and returns its number.
// Documents have the fields in the order of the type, so that expected comes next.
func (r *reader) field(p *plan, expected int) (int, bool) {
	if expected < len(p.fields) && r.word(p.fields[expected].opening) {
		return expected, true
	}
	name, ok := r.name()
	if !ok || !r.take(':') {
		return 0, false
	}
	if i, known := p.byName[name]; known {
		return i, true
	}
	return unknown, !p.resembles(name)
}

func (r *reader) list(v reflect.Value, p *plan) bool {
	if !r.take('[') {
		return false
	}
	if r.take(']') {
		v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		return true
	}
	for n := 0; ; n++ {
		if n == v.Cap() {
			v.Grow(max(4, n))
		}
		v.SetLen(n + 1)
		if !r.value(v.Index(n), p.elem) {
			return false
		}
		if r.take(',') {
			continue
		}
		return r.take(']')
	}
}

func (r *reader) entries(v reflect.Value, p *plan) bool {
	if !r.take('{') {
		return false
	}
	v.Set(reflect.MakeMap(v.Type()))
	if r.take('}') {
		return true
	}
	if p.elem == nil {
		return false
	}
	for {
		r.next()
		name, ok := r.text()
		if !ok || !r.take(':') {
			return false
		}
		elem := reflect.New(v.Type().Elem()).Elem()
		if !r.value(elem, p.elem) {
			return false
		}
		v.SetMapIndex(reflect.ValueOf(name).Convert(v.Type().Key()), elem)
		if r.take(',') {
			continue
		}
		return r.take('}')
	}
}

// name reads the name of a field, which has no escapes.
func (r *reader) name() (string, bool) {
	if !r.take('"') {
		return "", false
	}
	n := strings.IndexByte(r.doc[r.at:], '"')
	if n < 0 {
		return "", false
	}
	name := r.doc[r.at : r.at+n]
	r.at += n + 1
	return name, true
}

// text reads a string, as a copy that does not keep the whole document in memory.
func (r *reader) text() (string, bool) {
	if r.at >= len(r.doc) || r.doc[r.at] != '"' {
		return "", false
	}
	from := r.at + 1
	i := from
	for i < len(r.doc) && plain[r.doc[i]] {
		i++
	}
	if i < len(r.doc) && r.doc[i] == '"' { // as most are
		r.at = i + 1
		return strings.Clone(r.doc[from:i]), true
	}
	return r.oddText(from)
}

// plain are the characters that stand for themselves in a string, and are one byte.
var plain = func() (is [256]bool) { //nolint:gochecknoglobals // a table
	for c := byte(' '); c < utf8.RuneSelf; c++ {
		is[c] = c != '"' && c != '\\'
	}
	return is
}()

// oddText reads a string that begins at from and may have any characters.
func (r *reader) oddText(from int) (string, bool) {
	var text []byte // of what lies before from, where there are escapes
	for i := from; i < len(r.doc); i++ {
		switch c := r.doc[i]; {
		case c == '"':
			r.at = i + 1
			text = append(text, r.doc[from:i]...)
			return string(text), utf8.Valid(text)
		case c == '\\':
			if i++; i == len(r.doc) {
				return "", false
			}
			escaped := unescape(r.doc[i])
			if escaped == 0 {
				return "", false
			}
			if text == nil { // all that can come
				text = make([]byte, 0, max(16, strings.IndexByte(r.doc[i:], '"')+i-from))
			}
			text = append(append(text, r.doc[from:i-1]...), escaped)
			from = i + 1
		case c < ' ':
			return "", false
		}
	}
	return "", false
}

func unescape(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case '"', '\\', '/':
		return c
	case 't':
		return '\t'
	case 'r':
		return '\r'
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	}
	return 0
}

// digits reads the digits that come, at most most of them.
func (r *reader) digits(n uint64, most int) (_ uint64, count int) {
	for ; r.at < len(r.doc) && count < most; r.at++ {
		c := r.doc[r.at] - '0'
		if c > 9 {
			break
		}
		n = n*10 + uint64(c)
		count++
	}
	return n, count
}

// maxDigits is how many digits a number has that is read digit by digit.
const maxDigits = 18

// whole reads a number without a fraction.
func (r *reader) whole() (int64, bool) {
	minus := r.at < len(r.doc) && r.doc[r.at] == '-'
	if minus {
		r.at++
	}
	from := r.at
	n, count := r.digits(0, maxDigits)
	if count == 0 || count > 1 && r.doc[from] == '0' || !r.over() {
		return 0, false
	}
	if minus {
		return -int64(n), true
	}
	return int64(n), true
}

// over reports whether a number ends here.
func (r *reader) over() bool {
	if r.at == len(r.doc) {
		return true
	}
	switch c := r.doc[r.at]; c {
	case '.', 'e', 'E', '+', '-':
		return false
	default:
		return c < '0' || c > '9'
	}
}

// tens are the powers of ten that a float64 holds exactly.
var tens = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15} //nolint:gochecknoglobals // a table

// float reads a number. Of up to fifteen digits both they and the power of ten are exact,
// and so their quotient is the nearest float64; of more strconv finds it.
func (r *reader) float() (float64, bool) {
	from := r.at
	minus := from < len(r.doc) && r.doc[from] == '-'
	if minus {
		r.at++
	}
	first := r.at
	n, count := r.digits(0, maxDigits)
	if count == 0 || count > 1 && r.doc[first] == '0' {
		return 0, false
	}
	fraction := 0
	if r.at < len(r.doc) && r.doc[r.at] == '.' {
		r.at++
		if n, fraction = r.digits(n, maxDigits); fraction == 0 {
			return 0, false
		}
	}
	if !r.over() {
		return 0, false
	}
	if count+fraction > len(tens)-1 {
		f, err := strconv.ParseFloat(r.doc[from:r.at], 64)
		return f, err == nil
	}
	f := float64(n) / tens[fraction]
	if minus {
		f = -f
	}
	return f, true
}
