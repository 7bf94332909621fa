package screen

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// modules takes a drawing apart again: true is black.
func modules(t *testing.T, drawing []string) [][]bool {
	t.Helper()
	var rows [][]bool
	for _, line := range drawing {
		var upper, lower []bool
		for _, glyph := range line {
			i := strings.IndexRune("█▀▄ ", glyph)
			require.GreaterOrEqual(t, i, 0, "%q", glyph)
			switch glyph {
			case '█':
				upper, lower = append(upper, false), append(lower, false)
			case '▀':
				upper, lower = append(upper, false), append(lower, true)
			case '▄':
				upper, lower = append(upper, true), append(lower, false)
			case ' ':
				upper, lower = append(upper, true), append(lower, true)
			}
		}
		rows = append(rows, upper, lower)
	}
	return rows
}

// A scanner finds a code by the squares in three of its corners and the light
// margin around it.
func TestADrawingHasItsCornersAndItsMargin(t *testing.T) {
	t.Parallel()
	square := []string{"#######", "#.....#", "#.###.#", "#.###.#", "#.###.#", "#.....#", "#######"}
	code := "https://wa.me/settings/linked_devices#2@" + strings.Repeat("aB3/", 55) + ",0"
	drawing := drawQR(code)
	width := utf8.RuneCountInString(drawing[0])
	rows := modules(t, drawing)
	const margin = 2
	size := width - 2*margin
	require.Zero(t, (size-17)%4, "of a size that there is: %d", size)
	require.LessOrEqual(t, width, 80, "it fits into a common terminal")
	for y, row := range rows {
		require.Len(t, row, width)
		for x, black := range row {
			inside := x >= margin && x < margin+size && y >= margin && y < margin+size
			if !inside && y < 2*margin+size {
				require.False(t, black, "the margin at %d, %d", x, y)
			}
		}
	}
	for _, corner := range [][2]int{{0, 0}, {size - 7, 0}, {0, size - 7}} {
		for y, line := range square {
			for x, want := range line {
				require.Equal(t, want == '#', rows[margin+corner[1]+y][margin+corner[0]+x], "the corner at %v", corner)
			}
		}
	}
}

func TestACodeTakesThePlaceOfTheOneBefore(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s := &Screen{out: &out, colours: true, redraw: true}
	s.ShowQR("first", time.Minute)
	lines := strings.Count(out.String(), "\n")
	require.NotContains(t, out.String(), "\x1b[J")
	require.Contains(t, out.String(), "\x1b[97;40m", "black on white, whatever the terminal's colours")
	out.Reset()
	s.ShowQR("second", 20*time.Second)
	require.True(t, strings.HasPrefix(out.String(), "\x1b["+string([]byte{byte('0' + lines/10), byte('0' + lines%10)})+"A\x1b[J"), out.String()[:20])
	require.Contains(t, out.String(), "Code 2, valid for 20s")
	s.Say("something")
	out.Reset()
	s.ShowQR("third", 20*time.Second)
	require.NotContains(t, out.String(), "\x1b[J", "what was said stays")
}

func TestACodeThatCannotBeDrawnIsSaid(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	New(&out, true).ShowQR(strings.Repeat("x", 5000), time.Minute)
	require.Contains(t, out.String(), "too long")
}
