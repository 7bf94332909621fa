//go:build !race

package demo

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// With the race detector there is no such test: beside each byte that is held it keeps
// two of its own, and never gives them back.
func TestMemoryThatIsHeldIsToldWhenTheHourIsOver(t *testing.T) { //nolint:paralleltest // what others hold is the process's too
	onStage(t, time.Hour, time.Minute, func(s *stage) {
		time.Sleep(time.Minute)
		_, err := s.do("m")
		require.NoError(t, err)
		s.hears("[FIRING] memory_growth", 2*time.Hour)
		_, err = s.do("h")
		require.NoError(t, err)
		s.hears("[RESOLVED] memory_growth after ", 2*time.Hour)
	})
}
