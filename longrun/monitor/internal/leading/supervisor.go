package leading

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/chance"
	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
)

// TaskState is how a task is.
type TaskState string

// The states of a task.
const (
	// Idle: this instance does not lead.
	Idle TaskState = "idle"
	// Working: it runs.
	Working TaskState = "running"
	// Failed: it ended before its time, and waits to be started again.
	Failed TaskState = "failed"
)

// TaskStatus is what is known of one task.
type TaskStatus struct {
	Name  string
	State TaskState
	// Since is when that began; zero before the first lead.
	Since time.Time
	// Restarts counts how often it was started again in the lead that lasts.
	Restarts int64
	// Error is why it failed last in this lead; empty where it did not.
	Error string
}

// The pauses before a task is started again: at first the shortest, then twice as
// long each time. One that ran for the longest counts as well again.
const (
	minRestart = time.Second
	maxRestart = 10 * time.Minute
)

// supervisor runs tasks, each for itself, and starts again what ends early: an
// engine that goes on without alerts or rollups for a year because of one fault is
// worse than one that fails again.
type supervisor struct {
	room.Deps
	tasks []Task

	mu     sync.Mutex
	status []TaskStatus
}

func newSupervisor(d room.Deps, tasks []Task) *supervisor {
	s := &supervisor{Deps: d, tasks: tasks, status: make([]TaskStatus, len(tasks))}
	for i, t := range tasks {
		s.status[i] = TaskStatus{Name: t.Name, State: Idle}
	}
	return s
}

// start runs every task in the group until ctx ends.
func (s *supervisor) start(ctx context.Context, group *spawn.Group, lead Lead) {
	for i := range s.tasks {
		group.Go(s.tasks[i].Name, func() error {
			s.keep(ctx, i, lead)
			s.mu.Lock()
			defer s.mu.Unlock()
			s.status[i] = TaskStatus{Name: s.status[i].Name, State: Idle, Since: s.now()}
			return nil
		})
	}
}

func (s *supervisor) now() time.Time { return s.Clock.Now().UTC() }

// keep runs a task until ctx ends.
func (s *supervisor) keep(ctx context.Context, i int, lead Lead) {
	t := s.tasks[i]
	chance.Apart(s.Clock, "task", t.Name)
	for pause := minRestart; ctx.Err() == nil; {
		began := s.Clock.Now()
		s.note(i, Working, nil)
		err := spawn.Guard(t.Name, func() error { return t.Run(ctx, lead) })
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			err = errEarly
		}
		s.failed(ctx, i, err)
		if s.Clock.Now().Sub(began) >= maxRestart {
			pause = minRestart
		}
		if !deadline.Sleep(ctx, s.Clock, pause) {
			return
		}
		pause = min(2*pause, maxRestart)
	}
}

// errEarly is why a task is started again that ended without a word.
var errEarly = earlyError{}

type earlyError struct{}

func (earlyError) Error() string { return "it ended before its time" }

func (s *supervisor) failed(ctx context.Context, i int, err error) {
	args := []any{"task", s.tasks[i].Name, "error", spawn.Text(err)}
	if f, ok := spawn.Faulty(err); ok {
		args = append(args, "stack", f.Stack)
	}
	s.Log.Once(ctx, slog.LevelError, "task "+s.tasks[i].Name, hostcall.ClassOf(err), "a part of the monitor failed and is started again; beats go on", args...)
	s.note(i, Failed, err)
}

func (s *supervisor) note(i int, state TaskState, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := &s.status[i]
	if state == Working && st.State == Failed {
		st.Restarts++
	}
	st.State, st.Since = state, s.now()
	if err != nil {
		st.Error = hostcall.Text(err)
	}
}

// Status is how each task is, in their order.
func (s *supervisor) Status() []TaskStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.status)
}
