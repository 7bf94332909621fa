package document

import (
	"encoding/json"
	"fmt"
)

// Decode fills v, a pointer to a struct or map, from what Encode made. After an
// error v may be filled in part.
func Decode(text string, v any) error {
	if read(text, v) {
		return nil
	}
	if err := json.Unmarshal([]byte(text), v); err != nil {
		return fmt.Errorf("decode into %T: %w", v, err)
	}
	return nil
}
