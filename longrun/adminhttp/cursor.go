package adminhttp

import (
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/seed-13dc028d/longwatch/store"
)

// cursor is a place in a list as callers carry it; to them it is opaque.
type cursor struct {
	At int64  `json:"t"` // microseconds
	ID string `json:"i"`
}

func cursorText(c store.Cursor) string {
	data, err := json.Marshal(cursor{At: c.At.UnixMicro(), ID: c.ID})
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

// cursor reads where a list is to go on; zero when it is not given. Only a place
// that a document can have is one: another could be more than a store can bear.
func (p *params) cursor() store.Cursor {
	text := p.text("cursor")
	if text == "" {
		return store.Cursor{}
	}
	var c cursor
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(data, &c)
	}
	at := time.UnixMicro(c.At).UTC()
	if err == nil {
		err = store.Key{Collection: "any", ID: c.ID}.Validate()
	}
	if err != nil || at.Year() < 1 || at.Year() > 9999 {
		p.bad.add("cursor", "is not one that a list returned")
	}
	return store.Cursor{At: at, ID: c.ID}
}
