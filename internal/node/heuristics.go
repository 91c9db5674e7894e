// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package node

import (
	"context"
	"log/slog"
	"time"

	"github.com/quorate/quorate/internal/daemon"
	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/heuristics"
	"github.com/quorate/quorate/internal/nodeconf"
	"github.com/quorate/quorate/internal/qdevice"
	"github.com/quorate/quorate/internal/qnet"
)

// processRunner runs heuristics commands as processes, and logs what has become of
// each when that changes.
type processRunner struct {
	*heuristics.Runner
	log    *slog.Logger
	done   func(uint64, qnet.Heuristics, []heuristics.Outcome)
	logged map[string]string // what was last logged of each command; of the runner's goroutine
}

// runnerOf returns what makes the runner of a daemon.
func runnerOf(s nodeconf.Settings, log *slog.Logger) newRunner {
	return func(done func(uint64, qnet.Heuristics, []heuristics.Outcome)) heuristicsRunner {
		r := &processRunner{log: log, done: done, logged: map[string]string{}}
		r.Runner = heuristics.New(heuristics.Config{
			UseExecvp: s.HeuristicsSearchPath, MaxExecs: s.HeuristicsMaxExecs, MaxProcesses: s.HeuristicsMaxProcesses,
			KillInterval: s.HeuristicsKillInterval, Log: log,
		}, r.finished)
		return r
	}
}

// SetCommands implements heuristicsRunner.
func (r *processRunner) SetCommands(list []nodeconf.Command) error {
	commands := make([]heuristics.Command, len(list))
	for i, c := range list {
		commands[i] = heuristics.Command(c)
	}
	return r.Runner.SetCommands(commands)
}

// Run implements heuristicsRunner.
func (r *processRunner) Run(id uint64, timeout time.Duration) { r.Runner.Run(id, timeout) }

// finished takes the end of a run.
func (r *processRunner) finished(id uint64, result qnet.Heuristics, outcomes []heuristics.Outcome) {
	for _, o := range outcomes {
		if o.Result == qnet.HeuristicsUndefined || r.logged[o.Name] == o.Detail {
			continue // not done, or logged already
		}
		r.logged[o.Name] = o.Detail
		if o.Result == qnet.HeuristicsFail {
			daemon.LogEvent(r.log, event.Event{Kind: event.HeuristicFailed, Level: event.Warning, What: o.Name, Reason: o.Detail})
		} else {
			daemon.LogEvent(r.log, event.Event{Kind: event.HeuristicPassed, Level: event.Info, What: o.Name})
		}
	}
	r.done(id, result, outcomes)
}

// outcome is what has become of a heuristics command in its last run.
type outcome struct {
	heuristics.Outcome
	at time.Time
}

// heuristicsResult is the end of a run.
type heuristicsResult struct {
	id       uint64
	result   qnet.Heuristics
	outcomes []heuristics.Outcome
}

// heuristicsDone returns what hands the end of a run to the loop until ctx is done.
func (l *loop) heuristicsDone(ctx context.Context) func(uint64, qnet.Heuristics, []heuristics.Outcome) {
	return func(id uint64, result qnet.Heuristics, outcomes []heuristics.Outcome) {
		select {
		case l.heuristic <- heuristicsResult{id, result, outcomes}:
		case <-ctx.Done():
		}
	}
}

// heuristicsEnded takes the end of a run.
func (l *loop) heuristicsEnded(ctx context.Context, h heuristicsResult) {
	for _, o := range h.outcomes {
		l.outcomes[o.Name] = outcome{o, time.Now()}
	}
	l.step(ctx, qdevice.HeuristicsDone{ID: h.id, Result: h.result})
}
