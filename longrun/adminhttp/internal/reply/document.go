package reply

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
)

// Document is one stored document in a reply: its ID and path, then its fields
// in the order of the struct, with times as {"_seconds","_nanoseconds"}, the
// form in which Firestore's own tools print them.
type Document struct {
	ID, Path string
	Value    any    // nil: only ID and path
	err      string // why there is no value
	unknown  string // the field that the document has not, though its type has a value there
}

// DocumentOf shows what was read. One that does not decode is shown as such: it
// is there, and hiding it would make the counts lie.
func DocumentOf[T any](e ledger.Entry[T], mangled bool) Document {
	d := Document{ID: e.Key.ID, Path: e.Path(), Value: e.Value}
	if mangled {
		d.Value, d.err = nil, "the document does not decode"
	}
	if h, ok := any(e.Value).(longrun.Heartbeat); ok && h.HealthUnknown {
		d.unknown = "healthy"
	}
	return d
}

// MarshalJSON implements json.Marshaler. A value that JSON has no word for, such
// as a number that is none, spoils its own document and not the list.
func (d Document) MarshalJSON() ([]byte, error) {
	var fields bytes.Buffer
	if d.Value != nil {
		if err := encodeFields(&fields, reflect.ValueOf(d.Value), d.unknown); err != nil {
			fields.Reset()
			d.err = "the document cannot be shown as JSON"
		}
	}
	var b bytes.Buffer
	for _, field := range []struct{ before, text string }{{`{"id":`, d.ID}, {`,"path":`, d.Path}, {`,"error":`, d.err}} {
		if field.text == "" {
			continue // only an error can be
		}
		b.WriteString(field.before)
		if err := encodePlain(&b, field.text); err != nil {
			return nil, err
		}
	}
	b.Write(fields.Bytes())
	b.WriteByte('}')
	return b.Bytes(), nil
}

// timestamp is a time as Firestore's tools print it.
type timestamp struct {
	Seconds     int64 `json:"_seconds"`
	Nanoseconds int   `json:"_nanoseconds"`
}

func encode(b *bytes.Buffer, v reflect.Value) error {
	if t, ok := reflect.TypeAssert[time.Time](v); ok {
		if t.IsZero() {
			b.WriteString("null") // never was
			return nil
		}
		return encodePlain(b, timestamp{Seconds: t.Unix(), Nanoseconds: t.Nanosecond()})
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			b.WriteString("null")
			return nil
		}
		return encode(b, v.Elem())
	case reflect.Struct:
		var inner bytes.Buffer
		if err := encodeFields(&inner, v, ""); err != nil {
			return err
		}
		b.WriteByte('{')
		b.Write(bytes.TrimPrefix(inner.Bytes(), []byte(",")))
		b.WriteByte('}')
		return nil
	case reflect.Map:
		return encodeMap(b, v) // {} where it is nil: what is read can be sent back
	case reflect.Slice:
		b.WriteByte('[')
		for i := range v.Len() {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := encode(b, v.Index(i)); err != nil {
				return err
			}
		}
		b.WriteByte(']')
		return nil
	}
	return encodePlain(b, v.Interface())
}

// encodeMap writes a map in the order of its keys, which are texts.
func encodeMap(b *bytes.Buffer, v reflect.Value) error {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(x, y reflect.Value) int { return cmp.Compare(x.String(), y.String()) })
	b.WriteByte('{')
	for i, key := range keys {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := encodePlain(b, key.String()); err != nil {
			return err
		}
		b.WriteByte(':')
		if err := encode(b, v.MapIndex(key)); err != nil {
			return err
		}
	}
	b.WriteByte('}')
	return nil
}

// encodeFields writes each field behind a comma, the unknown one as null.
func encodeFields(b *bytes.Buffer, v reflect.Value, unknown string) error {
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("json")
		if name == "" || name == "-" {
			continue
		}
		b.WriteByte(',')
		if err := encodePlain(b, name); err != nil {
			return err
		}
		b.WriteByte(':')
		if name == unknown {
			b.WriteString("null")
			continue
		}
		if err := encode(b, v.Field(i)); err != nil {
			return err
		}
	}
	return nil
}

func encodePlain(b *bytes.Buffer, v any) error {
	data, err := json.Marshal(v)
	b.Write(data)
	return err
}

// One is the reply of one document, which stands under its name.
type One struct {
	Name     string
	Document Document
}

// MarshalJSON implements json.Marshaler.
func (o One) MarshalJSON() ([]byte, error) {
	d, err := json.Marshal(o.Document)
	return fmt.Appendf(nil, "{%q:true,%q:%s}", "success", o.Name, d), err
}

// List is the reply of every list: the documents stand under the name of their
// collection, as they always have.
type List struct {
	Name       ledger.Collection
	Documents  []json.RawMessage
	NextCursor string
}

// MarshalJSON implements json.Marshaler.
func (l List) MarshalJSON() ([]byte, error) {
	documents, err := json.Marshal(l.Documents)
	if err != nil {
		return nil, err
	}
	if l.Documents == nil {
		documents = []byte("[]")
	}
	next := ""
	if l.NextCursor != "" {
		next = fmt.Sprintf(",%q:%q", "nextCursor", l.NextCursor) // base64: nothing to escape
	}
	return fmt.Appendf(nil, "{%q:true,%q:%d,%q:%s%s}", "success", "count", len(l.Documents), l.Name, documents, next), nil
}
