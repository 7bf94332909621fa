package longrun

import "cmp"

func compareOutages(a, b Outage) int {
	return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.IncidentID, b.IncidentID))
}
