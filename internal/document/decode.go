package document

import (
	"encoding/json"
	"fmt"
)

// Decode fills v, a pointer to a struct or map, from what Encode made. After an
// error v may be filled in part.
func Decode(data []byte, v any) error {
	if read(data, v) {
		return nil
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("decode into %T: %w", v, err)
	}
	return nil
}
