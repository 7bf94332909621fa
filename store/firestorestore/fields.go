package firestorestore

import (
	"reflect"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/document"
)

// encode turns a value into the fields of a document, and says how large it is
// about. What is a document, and which fields it has, is what the stores that
// keep JSON say; here times stay times and bytes stay bytes, so that the console
// shows them and queries find them.
func encode(value any) (fields map[string]any, size int, err error) {
	data, _, err := document.Encode(value)
	if err != nil {
		return nil, 0, err
	}
	fields, ok := native(reflect.ValueOf(value)).(map[string]any)
	if !ok { // a nil map: the document is empty, and not null
		fields = map[string]any{}
	}
	return fields, len(data), nil
}

// native turns a value that document.Encode took into what the SDK takes.
func native(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return native(v.Elem()) // of nil: Invalid
	case reflect.Bool:
		return v.Bool()
	case reflect.String:
		return v.String()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int()
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return uint32(v.Uint()) //nolint:gosec // at most 32 bits
	case reflect.Float32, reflect.Float64:
		return v.Float()
	case reflect.Slice:
		return nativeList(v)
	case reflect.Map:
		return nativeMap(v)
	case reflect.Struct:
		if t, ok := reflect.TypeAssert[time.Time](v); ok {
			return t.UTC().Truncate(time.Microsecond)
		}
		out := make(map[string]any, v.NumField())
		nativeFields(v, out)
		return out
	}
	return nil
}

func nativeList(v reflect.Value) any {
	switch {
	case v.Type().Elem().Kind() != reflect.Uint8:
	case v.IsNil():
		return nil
	default:
		return v.Bytes()
	}
	out := make([]any, v.Len())
	for i := range out {
		out[i] = native(v.Index(i))
	}
	return out
}

func nativeMap(v reflect.Value) any {
	out := make(map[string]any, v.Len())
	for it := v.MapRange(); it.Next(); {
		out[it.Key().String()] = native(it.Value())
	}
	return out
}

// nativeFields adds the fields of v to out; those of an embedded struct count as
// v's own.
func nativeFields(v reflect.Value, out map[string]any) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		switch name := f.Tag.Get("json"); {
		case name == "-":
		case f.Anonymous:
			nativeFields(v.Field(i), out)
		case f.IsExported():
			out[name] = native(v.Field(i))
		}
	}
}
