package storetest

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/store"
)

func scanMutants() []mutant {
	return []mutant{
		{"Scan honours range, order, limit and cursor", "desc is ignored", func(b *broken) {
			b.querying(func(q store.Query) store.Query { q.Desc = false; return q })
		}},
		{"Scan honours range, order, limit and cursor", "the limit is ignored", func(b *broken) {
			b.querying(func(q store.Query) store.Query { q.Limit = 0; return q })
		}},
		{"Scan honours range, order, limit and cursor", "From is exclusive", func(b *broken) {
			b.querying(func(q store.Query) store.Query {
				if !q.From.IsZero() {
					q.From = q.From.Add(time.Microsecond)
				}
				return q
			})
		}},
		{"Scan honours range, order, limit and cursor", "To is inclusive", func(b *broken) {
			b.querying(func(q store.Query) store.Query {
				if !q.To.IsZero() {
					q.To = q.To.Add(time.Microsecond)
				}
				return q
			})
		}},
		{"Scan honours range, order, limit and cursor", "the cursor is inclusive", func(b *broken) {
			b.querying(func(q store.Query) store.Query {
				if !q.After.IsZero() && !q.Desc {
					q.After.ID = q.After.ID[:len(q.After.ID)-1]
				}
				return q
			})
		}},
		{"Equal times are ordered by ID, both ways", "by letters and not by bytes", func(b *broken) {
			b.scanning(func(_ context.Context, q store.Query, all []store.Record) []store.Record {
				slices.SortStableFunc(all, func(a, b store.Record) int {
					return cmp.Compare(strings.ToLower(a.Key.ID), strings.ToLower(b.Key.ID))
				})
				if q.Desc {
					slices.Reverse(all)
				}
				return all
			})
		}},
		{"A scan goes on behind the last record after a stop", "a cursor is only a time", func(b *broken) {
			b.scanning(func(_ context.Context, q store.Query, all []store.Record) []store.Record {
				return slices.DeleteFunc(all, func(r store.Record) bool { return !q.After.IsZero() && r.At.Equal(q.After.At) })
			})
		}},
		{"A scan goes on behind the last record after a stop", "it begins at the start again", func(b *broken) {
			b.querying(func(q store.Query) store.Query { q.After = store.Cursor{}; return q })
		}},
		{"A scan shows one collection only", "a collection is found by how it begins", func(b *broken) {
			b.scanning(func(ctx context.Context, q store.Query, all []store.Record) []store.Record {
				q.Collection += "x"
				for r, err := range b.Store.Scan(ctx, q) {
					if err == nil {
						all = append(all, r)
					}
				}
				return all
			})
		}},
		{"A document without a time is in no scan", "it stands at 1970", func(b *broken) {
			b.writing(func(op store.Op) store.Op {
				if m, ok := op.Value.(map[string]any); ok && m["ts"] == nil {
					m = maps.Clone(m)
					m["ts"] = time.Unix(0, 0)
					op.Value = m
				}
				return op
			})
		}},
		{"A document without a time is in no scan", "a text that looks like a time is one", func(b *broken) {
			b.writing(func(op store.Op) store.Op {
				if m, ok := op.Value.(map[string]any); ok {
					if text, ok := m["ts"].(string); ok {
						m = maps.Clone(m)
						m["ts"], _ = time.Parse(time.RFC3339, text)
						op.Value = m
					}
				}
				return op
			})
		}},
		{"A scan shows the newest state of each document once", "an old state too", func(b *broken) {
			b.scanning(func(_ context.Context, _ store.Query, all []store.Record) []store.Record { return append(all, all...) })
		}},
		{"A scan shows the newest state of each document once", "with another version than Get's", func(b *broken) {
			b.scanning(func(_ context.Context, _ store.Query, all []store.Record) []store.Record {
				for i := range all {
					all[i].Version += "0"
				}
				return all
			})
		}},
		{"The loop body may use the store", "a scan locks it", func(b *broken) { b.lockWhileScanning(true) }},
		{"Leaving a scan early blocks nothing", "only the end of a scan unlocks", func(b *broken) { b.lockWhileScanning(false) }},
		{"A thousand documents come in order, each once", "pages that begin behind a time lose its other documents", func(b *broken) {
			b.scan = func(ctx context.Context, q store.Query) iter.Seq2[store.Record, error] { return b.pagesByTime(ctx, q) }
		}},
		{"A thousand documents come in order, each once", "there is a limit that nobody asked for", func(b *broken) {
			b.querying(func(q store.Query) store.Query {
				if q.Limit == 0 {
					q.Limit = 500
				}
				return q
			})
		}},
	}
}
