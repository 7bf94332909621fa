package causes

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
)

// maxExplained bounds the gaps that are explained at once: each costs two reads.
const maxExplained = 10

// Explain returns the gaps with their causes, as coverage.Of finds them: the first
// ones, the others as they came. Made is the beat that was made last and may not be
// stored yet.
func Explain(ctx context.Context, d room.Deps, gaps []longrun.Gap, made longrun.Heartbeat) ([]longrun.Gap, error) {
	if len(gaps) == 0 {
		return nil, nil
	}
	ctx, cancel := deadline.With(ctx, d.Clock, room.StoreTimeout)
	defer cancel()
	var runs []longrun.Run
	for e, err := range d.Ledger.Runs(ctx, ledger.Page{Desc: true, Limit: recentRuns}) {
		if _, mangled := errors.AsType[*ledger.DocumentError](err); mangled {
			continue
		}
		if err != nil {
			return nil, err
		}
		runs = append(runs, e.Value)
	}
	gaps = slices.Clone(gaps)
	for i := range gaps[:min(len(gaps), maxExplained)] {
		g := &gaps[i]
		w := longrun.Window{From: g.From, To: g.To}
		before, after, err := d.Ledger.Neighbours(ctx, w)
		if err != nil {
			return nil, err
		}
		var beats []longrun.Heartbeat
		for _, beat := range []*longrun.Heartbeat{before, after} {
			if beat != nil {
				beats = append(beats, *beat)
			}
		}
		if !made.TS.Before(g.To) {
			beats = append(beats, made)
		}
		found := coverage.Of(beats, w, d.Self.Interval, room.Latest(d.Clock.Now(), g.To), runs...).Gaps
		if len(found) == 1 {
			g.Cause, g.Before, g.After = found[0].Cause, hostcall.Line(found[0].Before, hostcall.MaxText), hostcall.Line(found[0].After, hostcall.MaxText)
		}
	}
	return gaps, nil
}

// Because says why there is a gap, as far as that is known: empty where it is not.
func Because(g longrun.Gap) string {
	who := g.Before
	if who == "" {
		who = "the one that led"
	} else {
		who = "instance " + who
	}
	switch g.Cause {
	case longrun.Crash:
		return who + " died, was killed, or hangs"
	case longrun.Stall:
		return who + " was frozen or starved"
	case longrun.Restart:
		return "a restart of " + who
	case longrun.Deploy:
		return "a deploy"
	case longrun.StoreDown:
		return "the store was out of reach"
	case longrun.Ongoing, longrun.Unknown:
	}
	return ""
}

// Summary is the causes of all gaps in a line, each once with the number of its gaps,
// and the instances that died, each once.
func Summary(gaps []longrun.Gap) (cause string, died []string) {
	var texts []string
	count := map[string]int{}
	for _, g := range gaps {
		text := Because(g)
		if text == "" {
			text = "not known"
		}
		if count[text]++; count[text] == 1 {
			texts = append(texts, text)
		}
		if g.Cause == longrun.Crash && g.Before != "" && !slices.Contains(died, g.Before) {
			died = append(died, g.Before)
		}
	}
	if len(texts) == 1 && texts[0] == "not known" {
		return "", died
	}
	if len(texts) > 1 {
		for i, text := range texts {
			texts[i] += " (" + strconv.Itoa(count[text]) + "×)"
		}
	}
	return strings.Join(texts, "; "), died
}

// maxLines bounds the gaps that have a line of their own.
const maxLines = 10

// Lines names each gap in a line, the first ones, with its cause; in zone too, if
// there is one. A single one has none: whoever tells of it has named it already.
func Lines(gaps []longrun.Gap, zone *time.Location) (lines []string) {
	if len(gaps) < 2 {
		return nil
	}
	for _, g := range gaps[:min(len(gaps), maxLines)] {
		text := between(g.From, g.To, time.UTC)
		if zone != nil && between(g.From, g.To, zone) != text {
			text += " (" + between(g.From, g.To, zone) + ")"
		}
		text += ": " + strconv.Itoa(g.Missed) + " missed"
		if why := Because(g); why != "" {
			text += ", " + why
		}
		lines = append(lines, text)
	}
	if more := len(gaps) - maxLines; more > 0 {
		lines = append(lines, "and "+strconv.Itoa(more)+" gaps more")
	}
	return lines
}

// between is such as "02:02–02:05 UTC".
func between(from, to time.Time, zone *time.Location) string {
	from, to = from.In(zone), to.In(zone)
	layout := "15:04"
	if from.Second() != 0 || to.Second() != 0 {
		layout = "15:04:05"
	}
	return from.Format(layout) + "–" + to.Format(layout+" MST")
}
