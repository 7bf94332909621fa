package account

import "github.com/seed-13dc028d/longwatch/longrun"

// PhoneLost names the rule that an account's phone is silent for so long that the
// account will be logged out.
const PhoneLost longrun.RuleID = "phone_lost"

// LostRule is the row of PhoneLost: PhoneUnseen when it is urgent.
func LostRule() Rule {
	return phoneRule(PhoneLost, longrun.Critical, []longrun.RuleID{PhoneUnseen}, func(l *longrun.AlertThresholds) float64 { return l.PhoneLostDays })
}
