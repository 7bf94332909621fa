package copying

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/witnessed"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store"
)

// text is a document as the JSON that its store gives.
type text struct{ raw []byte }

// UnmarshalJSON implements json.Unmarshaler.
func (t *text) UnmarshalJSON(raw []byte) error {
	t.raw = bytes.Clone(raw)
	return nil
}

// textOf reads the text of a record.
func textOf(rec store.Record) ([]byte, error) {
	var t text
	if err := rec.Decode(&t); err != nil {
		return nil, err
	}
	return t.raw, nil
}

// same reports whether two texts say the same: fields may stand in another order, as
// some database returns them.
func same(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	plainA, errA := plain(a)
	plainB, errB := plain(b)
	return errA == nil && errB == nil && bytes.Equal(plainA, plainB)
}

// plain is a text with its fields in the order of their names.
func plain(raw []byte) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

// shapeOf is the type of a collection's documents: a text alone does not tell a time
// from what looks like one.
func shapeOf(c ledger.Collection) reflect.Type {
	switch c {
	case ledger.Config:
		return reflect.TypeFor[longrun.Settings]()
	case ledger.Locks:
		return reflect.TypeFor[lock.Row]()
	case ledger.Runs:
		return reflect.TypeFor[longrun.Run]()
	case ledger.Heartbeats:
		return reflect.TypeFor[longrun.Heartbeat]()
	case ledger.Probes:
		return reflect.TypeFor[longrun.Probe]()
	case ledger.Incidents:
		return reflect.TypeFor[longrun.Incident]()
	case ledger.Rules:
		return reflect.TypeFor[rules.State]()
	case ledger.Silences:
		return reflect.TypeFor[longrun.Silence]()
	case ledger.Outbox:
		return reflect.TypeFor[longrun.Notice]()
	case ledger.Rollups:
		return reflect.TypeFor[longrun.Rollup]()
	case ledger.Witnessed:
		return reflect.TypeFor[witnessed.Document]()
	case ledger.Evidence:
		return reflect.TypeFor[evidence.Batch]()
	case ledger.Restores:
		return reflect.TypeFor[evidence.Restore]()
	}
	return nil
}

// valueOf makes of a text what a store takes, which has it as the same text again.
// timed says whether the document is in its store's lists.
func valueOf(raw []byte, shape reflect.Type, timed bool) (any, error) {
	doc, err := object(raw, shape, timed)
	if err != nil {
		return nil, err
	}
	return doc, nil
}

var timeType = reflect.TypeFor[time.Time]()

// read makes a value of a text. shape may be nil: nobody knows.
func read(raw []byte, shape reflect.Type) (any, error) {
	for shape != nil && shape.Kind() == reflect.Pointer {
		shape = shape.Elem()
	}
	switch raw[0] {
	case '{':
		return object(raw, shape, false)
	case '[':
		var items []json.RawMessage
		if err := json.Unmarshal(raw, &items); err != nil {
			return nil, err
		}
		var of reflect.Type
		if shape != nil && shape.Kind() == reflect.Slice {
			of = shape.Elem()
		}
		list := make([]any, len(items))
		for i, item := range items {
			var err error
			if list[i], err = read(item, of); err != nil {
				return nil, err
			}
		}
		return list, nil
	case '"':
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return nil, err
		}
		if shape == timeType {
			if at, err := time.Parse(time.RFC3339Nano, s); err == nil && at.UTC().Format(time.RFC3339Nano) == s {
				return at, nil
			}
		}
		return s, nil
	case 't', 'f', 'n':
		var v any
		err := json.Unmarshal(raw, &v)
		return v, err
	}
	return number(raw, shape)
}

func number(raw []byte, shape reflect.Type) (any, error) {
	fractional := shape != nil && (shape.Kind() == reflect.Float64 || shape.Kind() == reflect.Float32)
	if n, err := strconv.ParseInt(string(raw), 10, 64); err == nil && !fractional {
		return n, nil
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err == nil && math.IsInf(f, 0) {
		err = errors.New("a number beyond all bounds")
	}
	return f, err
}

// plainName is a name that can stand in the tag of a field.
var plainName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

// object makes a document, or a part of one, whose fields keep their order.
func object(raw []byte, shape reflect.Type, timed bool) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return nil, errors.Join(err, errors.New("no JSON object"))
	}
	var names []string
	values := map[string]any{}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		name, _ := token.(string) // as every name is
		var part json.RawMessage
		if err := decoder.Decode(&part); err != nil {
			return nil, err
		}
		if _, twice := values[name]; twice {
			return nil, fmt.Errorf("the field %.40q is there twice", name)
		}
		of := fieldOf(shape, name)
		if timed && name == "ts" {
			of = timeType
		}
		if values[name], err = read(part, of); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	ordered := slices.IsSorted(names) || slices.ContainsFunc(names, func(name string) bool { return !plainName.MatchString(name) })
	if ordered {
		return values, nil
	}
	return inOrder(names, values), nil
}

// inOrder makes a struct whose fields are in an order of their own; a map's are not.
func inOrder(names []string, values map[string]any) any {
	fields := make([]reflect.StructField, len(names))
	for i, name := range names {
		fields[i] = reflect.StructField{
			Name: "F" + strconv.Itoa(i), Type: reflect.TypeFor[any](), Tag: reflect.StructTag(fmt.Sprintf(`json:%q firestore:%q`, name, name)),
		}
	}
	doc := reflect.New(reflect.StructOf(fields)).Elem()
	for i, name := range names {
		if v := values[name]; v != nil {
			doc.Field(i).Set(reflect.ValueOf(v))
		}
	}
	return doc.Interface()
}

// fieldOf is the type of a part of a shape, nil where it is not known.
func fieldOf(shape reflect.Type, name string) reflect.Type {
	switch {
	case shape == nil:
		return nil
	case shape.Kind() == reflect.Map:
		return shape.Elem()
	case shape.Kind() != reflect.Struct || shape == timeType:
		return nil
	}
	for _, f := range reflect.VisibleFields(shape) {
		if f.Tag.Get("json") == name {
			return f.Type
		}
	}
	return nil
}
