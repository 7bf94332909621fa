package badge_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/report"
	"github.com/seed-13dc028d/longwatch/longrun/report/badge"
)

// of is the report of ten days, of which the slots before known are not known and so
// many behind it were missed.
func of(known, missed int) report.Report {
	w := longrun.Window{From: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)}
	w.To = w.From.AddDate(0, 0, 10)
	first := w.From.Add(time.Duration(known) * time.Minute)
	counted := longrun.Window{From: first, To: w.To}
	d := coverage.NewMerge(counted, time.Minute, w.To)
	for at := first.Add(time.Duration(missed) * time.Minute); at.Before(w.To); at = at.Add(time.Minute) {
		d.Add(longrun.Beat(at, time.Minute))
	}
	s := ledger.Survey{Asked: w, Window: counted, Earliest: &first, Interval: time.Minute, Now: w.To, Summary: d.Summary()}
	s.Filled, s.Healthy, s.Unknown = d.Bitmaps()
	return report.New(s, nil)
}

func Example() {
	fmt.Println(badge.Words(of(0, 0)))
	fmt.Println(badge.Words(of(0, 1)))
	fmt.Println(badge.Words(of(0, 2000)))
	fmt.Println(badge.Words(of(5000, 1)))
	fmt.Println(badge.Words(of(10*1440, 0)))
	// Output:
	// ✓ 100 %
	// ✓ 99.993 %
	// ✕ 86.1 %, under target
	// ? 99.989 % so far
	// ? unknown
}

func TestABadgeIsAPictureAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, r := range []report.Report{of(0, 0), of(0, 2000), of(5000, 1), of(10*1440, 0), {}} {
		svg := string(badge.SVG(r))
		require.Contains(t, svg, badge.Words(r)+"</text>")
		require.Contains(t, svg, `xmlns="http://www.w3.org/2000/svg"`)
		d := xml.NewDecoder(strings.NewReader(svg))
		for {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			if e, ok := token.(xml.StartElement); ok {
				require.Contains(t, []string{"svg", "title", "rect", "g", "text"}, e.Name.Local)
				for _, a := range e.Attr {
					require.NotContains(t, []string{"style", "href", "class"}, a.Name.Local)
					require.False(t, strings.HasPrefix(a.Name.Local, "on"), a.Name.Local)
				}
			}
		}
	}
	require.Contains(t, string(badge.SVG(of(0, 0))), ">coverage 10d</text>")
	require.NotEqual(t, string(badge.SVG(of(0, 0))), string(badge.SVG(of(0, 1))), "no 100 % beside a missed slot")
}
