package coverage

import (
	"cmp"

	"github.com/seed-13dc028d/longwatch/longrun"
)

func compareIncidents(a, b longrun.IncidentSummary) int {
	return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.IncidentID, b.IncidentID))
}
