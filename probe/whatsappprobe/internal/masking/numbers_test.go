package masking

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNumbersAreMasked(t *testing.T) {
	t.Parallel()
	for digits, want := range map[string]string{
		"4917012345678": "49*********78", "+4917012345678": "49*********78", "1234567": "12***67", "123456": "******", "": "",
	} {
		require.Equal(t, want, Number(digits))
	}
}
