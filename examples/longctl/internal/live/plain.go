package live

import (
	"bytes"
	"encoding/json"
	"time"
)

// plain is an answer with its times as RFC 3339 has them. The API writes those of
// documents as Firestore's consoles do, as seconds and nanoseconds.
func plain(data []byte) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		return nil, err
	}
	return json.Marshal(timed(v))
}

func timed(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = timed(v[i])
		}
	case map[string]any:
		if at, ok := instantOf(v); ok {
			return at
		}
		for name := range v {
			v[name] = timed(v[name])
		}
	}
	return v
}

func instantOf(v map[string]any) (at time.Time, ok bool) {
	seconds, known := v["_seconds"].(json.Number)
	nanoseconds, precise := v["_nanoseconds"].(json.Number)
	if len(v) != 2 || !known || !precise {
		return at, false
	}
	s, err := seconds.Int64()
	ns, errNs := nanoseconds.Int64()
	at = time.Unix(s, ns).UTC()
	return at, err == nil && errNs == nil && at.Year() >= 0 && at.Year() <= 9999
}
