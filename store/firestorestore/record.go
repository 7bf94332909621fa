package firestorestore

import (
	"encoding/json"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/seed-13dc028d/longwatch/internal/document"
	"github.com/seed-13dc028d/longwatch/store"
)

// record is a document as the server showed it: both of its times are the
// server's.
func record(key store.Key, snap *firestore.DocumentSnapshot) store.Record {
	return store.NewRecord(key, timeOf(snap), version(snap.UpdateTime), snap.UpdateTime.UTC(), snap.ReadTime.UTC(), func(v any) error {
		return decode(snap, v)
	})
}

// timeOf is the document's own time, zero where its ts is missing or no time.
func timeOf(snap *firestore.DocumentSnapshot) time.Time {
	value, err := snap.DataAtPath(firestore.FieldPath{document.TimeField})
	if err != nil {
		return time.Time{}
	}
	at, _ := value.(time.Time)
	return at
}

// decode goes through JSON, as every other store does, so that a document means
// the same wherever it was kept: an empty list stays empty, and what fits a
// field fits it everywhere.
func decode(snap *firestore.DocumentSnapshot, v any) error {
	var fields map[string]any
	if err := snap.DataTo(&fields); err != nil {
		return fmt.Errorf("decode into %T: %w", v, err)
	}
	data, err := json.Marshal(fields)
	if err != nil {
		return fmt.Errorf("decode into %T: %w", v, err)
	}
	return document.Decode(string(data), v)
}

// version is the update time, which the server never gives twice to a document,
// not even after it was deleted.
func version(update time.Time) string { return update.UTC().Format(time.RFC3339Nano) }

// updateTime is the inverse of version. A text that no version ever was is no
// error of the caller's: no document is at it.
func updateTime(v string) (t time.Time, ok bool) {
	t, err := time.Parse(time.RFC3339Nano, v)
	return t, err == nil && version(t) == v
}
