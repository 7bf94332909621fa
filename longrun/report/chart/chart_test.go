package chart_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/report/chart"
)

func TestWhereThereIsNothingToDrawThereIsNoChart(t *testing.T) {
	t.Parallel()
	day := chart.Day{From: hour().From, Filled: coverage.NewBitmap(60), Unhealthy: coverage.NewBitmap(60)}
	empty := longrun.Window{From: hour().From, To: hour().From}
	require.Empty(t, chart.Heat(empty, time.Minute, []chart.Day{day}))
	require.Empty(t, chart.Heat(longrun.Window{From: hour().To, To: hour().From}, time.Minute, []chart.Day{day}))
	require.Empty(t, chart.Heat(hour(), 0, []chart.Day{day}))
	require.Empty(t, chart.Latency(hour(), nil))
	require.Empty(t, chart.Timeline(hour(), nil))
}

func TestSlotsOutsideTheWindowAreNotDrawn(t *testing.T) {
	t.Parallel()
	full := coverage.NewBitmap(60)
	for i := range full.Len() {
		full.Set(i)
	}
	inside := chart.Day{From: hour().From, Filled: full, Unhealthy: coverage.NewBitmap(60)}
	want := chart.Heat(hour(), time.Minute, []chart.Day{inside})
	for _, start := range []time.Time{hour().From.Add(-time.Hour), hour().To} {
		outside := chart.Day{From: start, Filled: coverage.NewBitmap(60), Unhealthy: coverage.NewBitmap(60)}
		require.Equal(t, want, chart.Heat(hour(), time.Minute, []chart.Day{inside, outside}))
	}
}
