package ledger_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun/ledger"
)

var errGone = errors.New("gone")

func TestEveryCollectionIsNamed(t *testing.T) {
	t.Parallel()
	require.Len(t, ledger.Collections(), 13)
	require.Subset(t, ledger.Collections(), []ledger.Collection{ledger.Evidence, ledger.Witnessed, ledger.Restores})
}
