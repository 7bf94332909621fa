package alert_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
)

var errGone = errors.New("chat not found")

func TestWhatIsPermanent(t *testing.T) {
	t.Parallel()
	permanent := alert.Permanent(errGone)
	wait := &alert.RetryAfterError{After: time.Minute, Err: errGone}
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"nothing":               {nil, false},
		"any error":             {errGone, false},
		"a marked one":          {permanent, true},
		"wrapped":               {fmt.Errorf("telegramalert: %w", permanent), true},
		"all of several":        {errors.Join(permanent, fmt.Errorf("x: %w", permanent)), true},
		"one of several":        {errors.Join(permanent, errGone), false},
		"deep within several":   {errors.Join(permanent, errors.Join(permanent, errGone)), false},
		"asked to wait":         {wait, false},
		"asked to wait, marked": {alert.Permanent(wait), false},
		"waits for a marked":    {&alert.RetryAfterError{Err: permanent}, false},
	} {
		require.Equal(t, c.want, alert.IsPermanent(c.err), name)
	}
	require.NoError(t, alert.Permanent(nil))
	require.ErrorIs(t, permanent, errGone)
	require.EqualError(t, permanent, "chat not found", "the mark has no words")
}

func TestARetryAfterErrorSaysForHowLong(t *testing.T) {
	t.Parallel()
	require.EqualError(t, &alert.RetryAfterError{After: time.Minute}, "alert: asked to wait 1m0s")
	err := error(&alert.RetryAfterError{After: 10072 * time.Second, Err: errGone})
	require.EqualError(t, err, "alert: asked to wait 2h47m52s: chat not found")
	require.ErrorIs(t, err, errGone)
}

func TestWhatMayHaveArrived(t *testing.T) {
	t.Parallel()
	require.NoError(t, alert.Unknown(nil))
	require.False(t, alert.IsUnknown(nil))
	require.False(t, alert.IsUnknown(errGone))
	unknown := alert.Unknown(errGone)
	require.EqualError(t, unknown, "chat not found", "the mark has no words")
	require.ErrorIs(t, unknown, errGone)
	require.True(t, alert.IsUnknown(fmt.Errorf("x: %w", unknown)))
	require.True(t, alert.IsUnknown(errors.Join(errGone, unknown)))
	require.False(t, alert.IsPermanent(unknown), "it is worth another try")
}
