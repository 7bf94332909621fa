package whatsapptest

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

func TestAnOutboxIsFlushedWhenItsWriterIsIdle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOutbox()
		o.put(node{Tag: "first"})
		o.put(node{Tag: "second"})
		flushed := false
		go func() {
			o.flush()
			flushed = true
		}()
		for _, want := range []string{"first", "second"} {
			n, ok := o.take()
			require.True(t, ok)
			require.Equal(t, want, n.Tag)
			synctest.Wait()
			require.False(t, flushed, "what was taken last may not be written yet")
		}
		go o.take()
		synctest.Wait()
		require.True(t, flushed)
		o.close()
		o.flush()
		_, ok := o.take()
		require.False(t, ok)
	})
}
