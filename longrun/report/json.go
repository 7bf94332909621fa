package report

import (
	"encoding/json"
	"fmt"
)

// JSON returns the report as indented JSON with a line feed at its end; what
// stands in it is said at Report.
func (r Report) JSON() ([]byte, error) {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	return append(text, '\n'), nil
}
