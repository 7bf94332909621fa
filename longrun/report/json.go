package report

import (
	"encoding/json"
	"fmt"

	"github.com/seed-13dc028d/longwatch/internal/document"
	"github.com/seed-13dc028d/longwatch/internal/visible"
)

// JSON returns the report as indented JSON with a line feed at its end; what
// stands in it is said at Report. What cannot be seen is escaped in it.
func (r Report) JSON() ([]byte, error) {
	text, err := json.MarshalIndent(document.Full(r), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	return append(visible.JSON(text), '\n'), nil
}
