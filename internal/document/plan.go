package document

import (
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// plan is how a value of some type is read from text without encoding/json, which looks
// at each byte several times.
type plan struct {
	kind   kind
	elem   *plan // of a pointer, a list or a map; nil for a map that is read only where it is empty
	fields []planned
	byName map[string]int
	refs   []int // the fields that must hold nothing before they are read
}

// planned is a field of a struct.
type planned struct {
	name    string
	opening string // the name as it stands in a document, with the colon behind it
	index   int
	plan    *plan
}

type kind uint8

const (
	aString kind = iota
	aBool
	anInt
	aFloat
	aTime
	aPointer
	aList
	aMap
	aStruct
)

// maxFields is how many fields a struct has whose text is read by a plan.
const maxFields = 64

// plans remembers planOf.
var plans sync.Map //nolint:gochecknoglobals // of reflect.Type and *plan: types do not change

// planFor returns the plan of a type of documents, nil where encoding/json must read it.
func planFor(t reflect.Type) *plan {
	if known, ok := plans.Load(t); ok {
		p, _ := known.(*plan)
		return p
	}
	var p *plan
	if t.Kind() == reflect.Struct && t != timeType {
		p = planOf(t, nil)
	}
	plans.Store(t, p)
	return p
}

// planOf makes a plan. What a type says of how it is read itself, and what the rules
// for documents leave out, has none. within are the structs that it lies in.
func planOf(t reflect.Type, within []reflect.Type) *plan {
	if t == timeType {
		return &plan{kind: aTime}
	}
	if readsItself(t) {
		return nil
	}
	switch t.Kind() {
	case reflect.String:
		return &plan{kind: aString}
	case reflect.Bool:
		return &plan{kind: aBool}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return &plan{kind: anInt}
	case reflect.Float64:
		return &plan{kind: aFloat}
	case reflect.Pointer:
		return holding(aPointer, t.Elem(), within)
	case reflect.Slice:
		return holding(aList, t.Elem(), within)
	case reflect.Map:
		switch {
		case t.Key().Kind() != reflect.String || readsItself(t.Key()):
			return nil
		case t.Elem().Kind() == reflect.Interface:
			return &plan{kind: aMap}
		}
		return holding(aMap, t.Elem(), within)
	case reflect.Struct:
		return structPlan(t, within)
	}
	return nil
}

func holding(k kind, t reflect.Type, within []reflect.Type) *plan {
	elem := planOf(t, within)
	if elem == nil {
		return nil
	}
	return &plan{kind: k, elem: elem}
}

func structPlan(t reflect.Type, within []reflect.Type) *plan {
	if slices.Contains(within, t) {
		return nil
	}
	within = append(slices.Clone(within), t)
	p := &plan{kind: aStruct, byName: map[string]int{}}
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous:
			return nil
		case !f.IsExported() || name == "-" && options == "":
			continue
		case name == "":
			name = f.Name
		}
		_, twice := p.byName[name]
		of := planOf(f.Type, within)
		if of == nil || twice || !plainName(name) || options != "" && options != "omitempty" || len(p.fields) == maxFields {
			return nil
		}
		switch of.kind {
		case aPointer, aList, aMap, aStruct:
			p.refs = append(p.refs, i)
		default:
		}
		p.byName[name] = len(p.fields)
		p.fields = append(p.fields, planned{name: name, opening: `"` + name + `":`, index: i, plan: of})
	}
	return p
}

// plainName reports whether a name stands in a document as it is in the tag.
func plainName(name string) bool {
	for i := range len(name) {
		if c := name[i] | 0x20; (c < 'a' || c > 'z') && (name[i] < '0' || name[i] > '9') && name[i] != '_' {
			return false
		}
	}
	return name != ""
}

// readsItself reports whether encoding/json asks the type how it is read.
func readsItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(reflect.TypeFor[json.Unmarshaler]()) || p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}
