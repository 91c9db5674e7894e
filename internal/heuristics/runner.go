// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package heuristics

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/timing"
)

// Config is how commands are run. A zero field is the C daemon's default.
type Config struct {
	UseExecvp    bool          // look a program without a slash up in PATH, and run a script without "#!" with sh
	MaxExecs     int           // commands of a list; 32
	MaxProcesses int           // commands that run or could not be ended yet; 160
	KillInterval time.Duration // from SIGTERM to SIGKILL; 5 s
	Log          *slog.Logger  // commands at level debug, for each run; nil: nothing is logged
}

// Outcome is what became of one command of a run.
type Outcome struct {
	Name     string
	Result   qnet.Heuristics // Undefined: another one had failed, or a newer run began, before it was done
	Detail   string          // why it failed: "exit code 1", "killed by signal 9 (killed)", "not done in time"
	Duration time.Duration   // from its start until it ended or was given up
}

// Runner runs the commands. Its methods may be called from any goroutine.
type Runner struct {
	cfg  Config
	done func(id uint64, result qnet.Heuristics, outcomes []Outcome)

	loop    *queue // all below is touched by its goroutine only
	starter *queue // starts processes, on a thread of its own; nil until the first
	gone    chan struct{}
	left    int // processes that Close could not end

	path   string   // of the environment
	env    []string // of the commands, but for the mark
	mark   string   // of all processes that descend from commands of this runner
	serial uint64
	first  uint64 // when the first process of all started

	commands []parsed
	current  *run
	tasks    int // started or being started, and not seen to the end
	kill     killList
	closing  bool
}

// run is one run of all commands.
type run struct {
	id    uint64
	tasks []*task
	timer *time.Timer
}

// New makes a runner without commands. It calls done with the result of each run
// that no newer one has replaced: from a goroutine of its own, one at a time, and never
// after Close has returned. done must not wait for the runner.
func New(cfg Config, done func(id uint64, result qnet.Heuristics, outcomes []Outcome)) *Runner {
	if cfg.MaxExecs == 0 {
		cfg.MaxExecs = 32
	}
	if cfg.MaxProcesses == 0 {
		cfg.MaxProcesses = 160
	}
	if cfg.KillInterval == 0 {
		cfg.KillInterval = 5 * time.Second
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	keepFiles()
	r := &Runner{cfg: cfg, done: done, loop: newQueue(), gone: make(chan struct{})}
	r.path = os.Getenv("PATH")
	if r.path == "" {
		r.path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	}
	r.env = []string{"PATH=" + r.path}
	for _, name := range []string{"LANG", "TZ"} {
		if v, ok := os.LookupEnv(name); ok {
			r.env = append(r.env, name+"="+v)
		}
	}
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	r.mark = markName + hex.EncodeToString(b[:]) + "."
	go func() {
		r.loop.run()
		close(r.gone)
	}()
	return r
}

// SetCommands sets what the next run runs; one that goes on is left alone. If a
// command can't be run or there are too many, it returns an error that names the
// key, and the list stays as it was.
func (r *Runner) SetCommands(list []Command) error {
	commands, err := parseAll(list, r.cfg.MaxExecs)
	if err != nil {
		return err
	}
	r.loop.post(func() { r.commands = commands })
	return nil
}

// Run starts a run, whose commands must be done within the timeout. A run that still
// goes on is given up, and its result is never told.
func (r *Runner) Run(id uint64, timeout time.Duration) {
	r.loop.post(func() { r.start(id, timeout) })
}

// Close gives the run up, ends all processes and waits until they are gone: for 2 s, or
// a kill interval if that is longer. An error says how many could not be ended.
func (r *Runner) Close() error {
	r.loop.post(r.shut)
	<-r.gone
	if r.left > 0 {
		return fmt.Errorf("heuristics: %d processes can't be killed", r.left)
	}
	return nil
}

func (r *Runner) start(id uint64, timeout time.Duration) {
	if r.closing {
		return
	}
	if r.current != nil {
		r.cfg.Log.Debug("heuristics given up for a newer run", "run", r.current.id)
		r.over("replaced by a newer run")
	}
	if len(r.commands) == 0 {
		r.done(id, qnet.HeuristicsUndefined, nil)
		return
	}
	cur := &run{id: id}
	r.current = cur
	if n := r.tasks + len(r.commands); n > r.cfg.MaxProcesses {
		r.cfg.Log.Error("heuristics can't be run: too many of their processes are left", "left", r.tasks, "max", r.cfg.MaxProcesses)
		for _, c := range r.commands {
			cur.tasks = append(cur.tasks, &task{name: c.name, state: ended, outcome: Outcome{Name: c.name, Result: qnet.HeuristicsFail,
				Detail: "not started: too many processes are left"}})
		}
		r.finish(qnet.HeuristicsFail)
		return
	}
	for _, c := range r.commands {
		cur.tasks = append(cur.tasks, r.launch(c))
	}
	cur.timer = time.AfterFunc(timeout, func() {
		r.loop.post(func() {
			if r.current == cur {
				r.timedOut()
			}
		})
	})
}

func (r *Runner) timedOut() {
	for _, t := range r.current.tasks {
		if t.state != ended {
			t.outcome.Result, t.outcome.Detail = qnet.HeuristicsFail, "not done in time"
			r.cfg.Log.Debug("heuristics command is not done in time", "command", t.name)
		}
	}
	r.finish(qnet.HeuristicsFail)
}

// settle looks whether the current run has its result.
func (r *Runner) settle() {
	if r.current == nil {
		return
	}
	result := qnet.HeuristicsPass
	for _, t := range r.current.tasks {
		switch {
		case t.state != ended:
			result = qnet.HeuristicsUndefined
		case t.outcome.Result == qnet.HeuristicsFail:
			r.finish(qnet.HeuristicsFail)
			return
		}
	}
	if result == qnet.HeuristicsPass {
		r.finish(result)
	}
}

// finish ends the current run and tells its result.
func (r *Runner) finish(result qnet.Heuristics) {
	id, tasks := r.current.id, r.current.tasks
	r.over("another command failed first")
	outcomes := make([]Outcome, len(tasks))
	for i, t := range tasks {
		outcomes[i] = t.outcome
	}
	if !r.closing {
		r.done(id, result, outcomes)
	}
}

// over gives up what is left of the current run.
func (r *Runner) over(why string) {
	cur := r.current
	r.current = nil
	if cur.timer != nil {
		cur.timer.Stop()
	}
	for _, t := range cur.tasks {
		if t.state != ended {
			if t.outcome.Detail == "" {
				t.outcome.Detail = why
			}
			r.giveUp(t)
		}
	}
	r.sweep()
}

// shut ends everything, and then the loop.
func (r *Runner) shut() {
	if r.closing {
		return
	}
	r.closing = true
	if r.current != nil {
		r.over("shutting down")
	}
	if r.serial == 0 { // there never was a process
		r.loop.end()
		return
	}
	r.kill.families = append(r.kill.families, &family{mark: r.mark, start: r.first, everyRun: true, reaped: true, next: termSignal})
	for _, f := range r.kill.families {
		f.due = timing.Earliest(f.due, time.Now().Add(closeGrace))
	}
	time.AfterFunc(max(r.cfg.KillInterval, closeLimit), func() { r.loop.post(r.quit) })
	r.sweep()
}

// quit ends the loop, whatever is left.
func (r *Runner) quit() {
	r.left = r.tasks
	if r.starter != nil {
		r.starter.end()
	}
	r.loop.end()
}

// onStarter lets the starter's thread do f. The thread lives as long as the runner,
// because the kernel ends the commands when the thread that started them ends.
func (r *Runner) onStarter(f func()) {
	if r.starter == nil {
		r.starter = newQueue()
		go func(q *queue) {
			runtime.LockOSThread()
			q.run()
		}(r.starter)
	}
	r.starter.post(f)
}
