package demo

import "fmt"

// Greeting says what there is to see at base, under which the admin API is at api; and,
// with keys, which key breaks what.
func Greeting(base, api string, keys bool) string {
	text := fmt.Sprintf(`This is a demonstration: a WhatsApp server runs in this process, and real clients
talk through it: one is watched, one probes it, %d people write to it and are answered.
Nothing leaves this machine; nothing is kept.

%s

  a page        %s/demo    in a browser: break, heal, see what is told and how fast
  break it      curl -X POST %[3]s/demo/hold-messages    (GET %[3]s/demo lists more)
  probe now     curl -X POST %[3]s%[4]s/probes/inbound/run
  results       curl '%[3]s%[4]s/probes?limit=3'
  incidents     curl '%[3]s%[4]s/incidents?open=true'
  mend it       curl -X POST %[3]s/demo/heal

`, len(people), limits, base, api)
	if keys {
		text += "Type one letter and Enter:\n\n" + KeyList() + "\n"
	}
	return text
}
