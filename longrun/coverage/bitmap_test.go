package coverage_test

import (
	"encoding/base64"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/drawtest"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
)

func collect(seq iter.Seq2[int, int]) (all [][2]int) {
	for from, to := range seq {
		all = append(all, [2]int{from, to})
	}
	return all
}

// slowRuns finds the runs of slots that are filled or empty, one at a time.
func slowRuns(slots []bool, filled bool) (all [][2]int) {
	for i, on := range slots {
		switch {
		case on != filled:
		case len(all) > 0 && all[len(all)-1][1] == i:
			all[len(all)-1][1]++
		default:
			all = append(all, [2]int{i, i + 1})
		}
	}
	return all
}

func checkBitmap(t *testing.T, n int, set []int) {
	t.Helper()
	b, slots := coverage.NewBitmap(n), make([]bool, max(n, 0))
	for _, i := range set {
		b.Set(i)
		if i >= 0 && i < n {
			slots[i] = true
		}
	}
	count := 0
	for i := -70; i < n+140; i++ {
		want := i >= 0 && i < n && slots[i]
		require.Equal(t, want, b.Has(i), "slot %d of %d", i, n)
		if want {
			count++
		}
	}
	require.Equal(t, max(n, 0), b.Len())
	require.Equal(t, count, b.Count())
	require.Equal(t, slowRuns(slots, true), collect(b.Runs()))
	require.Equal(t, slowRuns(slots, false), collect(b.Gaps()))
	same, err := coverage.ParseBitmap(b.String())
	require.NoError(t, err)
	require.Equal(t, b, same)
	// Another language reads the text like this.
	_, text, _ := strings.Cut(b.String(), ":")
	data, err := base64.StdEncoding.DecodeString(text)
	require.NoError(t, err)
	for i, on := range slots {
		require.Equal(t, on, data[i/8]>>(i%8)&1 == 1)
	}
}

func TestBitmapsOfEveryLengthNearAWord(t *testing.T) {
	t.Parallel()
	for _, n := range []int{-1, 0, 1, 7, 8, 9, 63, 64, 65, 127, 128, 129, 192, 1440} {
		checkBitmap(t, n, nil)
		for _, edge := range []int{0, 62, 63, 64, 65, 127, 128, n - 1} {
			checkBitmap(t, n, []int{edge})
			var all, but []int
			for i := range max(n, 0) {
				all = append(all, i)
				if i != edge {
					but = append(but, i)
				}
			}
			checkBitmap(t, n, all)
			checkBitmap(t, n, but)
		}
	}
}

func FuzzBitmap(f *testing.F) {
	f.Add(1440, []byte{0, 0, 0, 1, 5, 160, 255, 255})
	f.Add(64, []byte{0, 63})
	for i := range 200 {
		f.Add(i*17, drawtest.Noise(i))
	}
	f.Fuzz(func(t *testing.T, n int, data []byte) {
		n %= 4096
		var set []int
		for pair := range slices.Chunk(data, 2) {
			set = append(set, (int(pair[0])<<8|int(pair[len(pair)-1]))%5000-100)
		}
		checkBitmap(t, n, set)
	})
}

func TestIterationStopsWhereItsReaderDoes(t *testing.T) {
	t.Parallel()
	b := coverage.NewBitmap(200)
	b.Set(70)
	for from := range b.Gaps() {
		require.Zero(t, from)
		break
	}
	for from, to := range b.Runs() {
		require.Equal(t, [2]int{70, 71}, [2]int{from, to})
		break
	}
}

func TestABitmapIsWrittenOneWayOnly(t *testing.T) {
	t.Parallel()
	good := "10:4wA="
	b, err := coverage.ParseBitmap(good)
	require.NoError(t, err)
	require.Equal(t, 5, b.Count())
	for _, bad := range []string{
		"", ":", "0", "-0:", "10", "10:", "4wA=", "-1:", "+10:4wA=", "010:4wA=", "10:4wA", "10:4wA==", "10:4w==", "10:4wAA",
		"10:4wQ=", "10:4wB=", "10:4wA=\n", " 10:4wA=", "10:4w\nA=", "10:*", "x:4wA=", "9:4wI=",
		fmt.Sprintf("%d:", coverage.MaxBitmapLen+1), "9223372036854775807:", "99999999999999999999:",
	} {
		_, err := coverage.ParseBitmap(bad)
		require.ErrorContains(t, err, "longrun: bitmap", "%q", bad)
	}
	require.LessOrEqual(t, len(coverage.NewBitmap(86400).String()), 15_000, "the text of a day of seconds")
}

func FuzzParseBitmap(f *testing.F) {
	f.Add("10:4wA=")
	f.Add("24:f///")
	f.Add("0:")
	f.Fuzz(func(t *testing.T, s string) {
		if b, err := coverage.ParseBitmap(s); err == nil {
			require.Equal(t, s, b.String())
		}
	})
}
