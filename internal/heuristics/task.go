// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package heuristics

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/quorate/quorate/internal/qnet"
)

// taskState is how far a command is.
type taskState uint8

const (
	queued  taskState = iota // for the starter
	running                  // until its end has been seen
	ended
)

// task is one command of one run.
type task struct {
	name    string
	argv    []string
	mark    string // its entry in the environment
	state   taskState
	given   atomic.Bool // given up; the starter looks at it, too
	began   time.Time
	proc    *os.Process
	outcome Outcome
	family  *family // once it is to be ended
	start   uint64  // when the kernel says that it started
}

// launch hands a command to the starter.
func (r *Runner) launch(c parsed) *task {
	r.serial++
	t := &task{name: c.name, argv: c.argv, began: time.Now(), mark: r.mark + strconv.FormatUint(r.serial, 10)}
	t.outcome.Name = c.name
	r.tasks++
	r.onStarter(func() {
		if t.given.Load() {
			r.loop.post(func() { r.started(t, nil, 0, errors.New("given up before its start")) })
			return
		}
		p, err := r.spawn(t)
		var start uint64
		if err == nil { // it is not reaped yet, so the number is its own
			if st, err := readStat(p.Pid); err == nil {
				start = st.start
			}
		}
		r.loop.post(func() { r.started(t, p, start, err) })
	})
	return t
}

// spawn starts a process, in a session and so in a process group of its own.
func (r *Runner) spawn(t *task) (*os.Process, error) {
	program, err := r.program(t.argv[0])
	if err != nil {
		return nil, err
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	attr := &os.ProcAttr{
		Dir: "/", Env: append([]string{t.mark}, r.env...), Files: []*os.File{null, null, null},
		Sys: &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL},
	}
	p, err := os.StartProcess(program, t.argv, attr)
	if r.cfg.UseExecvp && errors.Is(err, syscall.ENOEXEC) {
		p, err = os.StartProcess("/bin/sh", append([]string{"/bin/sh", program}, t.argv[1:]...), attr)
	}
	return p, err
}

// program finds the file to execute.
func (r *Runner) program(name string) (string, error) {
	switch {
	case filepath.IsAbs(name):
		return name, nil
	case !r.cfg.UseExecvp:
		return "", fmt.Errorf("%q is not an absolute path, and heuristics_use_execvp is off", name)
	case strings.Contains(name, "/"):
		return "", fmt.Errorf("%q is a relative path", name)
	}
	for _, dir := range filepath.SplitList(r.path) {
		file := filepath.Join(dir, name)
		info, err := os.Stat(file)
		if err == nil && filepath.IsAbs(file) && info.Mode().IsRegular() && unix.Access(file, unix.X_OK) == nil {
			return file, nil
		}
	}
	return "", fmt.Errorf("%q is not found in PATH %s", name, r.path)
}

// started takes what the starter says.
func (r *Runner) started(t *task, p *os.Process, start uint64, err error) {
	if err != nil {
		r.tasks--
		r.end(t, qnet.HeuristicsFail, "not started: "+err.Error())
		r.settle()
		r.sweep()
		return
	}
	t.proc, t.start, t.state = p, start, running
	if r.first == 0 {
		r.first = start
	}
	go func() {
		awaitExit(p.Pid)
		r.loop.post(func() { r.exited(t) })
	}()
	if t.given.Load() {
		r.giveUp(t)
		r.sweep()
	}
}

// awaitExit waits until a child has exited and leaves it unreaped, so that its
// number stays its own.
func awaitExit(pid int) {
	for {
		if err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil); !errors.Is(err, unix.EINTR) {
			return
		}
	}
}

// exited reaps a command and looks at what it left in its process group.
func (r *Runner) exited(t *task) {
	pid := t.proc.Pid
	state, err := t.proc.Wait()
	result, detail := qnet.HeuristicsFail, ""
	if err != nil {
		detail = err.Error()
	} else if ws := state.Sys().(syscall.WaitStatus); ws.Signaled() {
		detail = fmt.Sprintf("killed by signal %d (%s)", ws.Signal(), ws.Signal())
	} else if code := ws.ExitStatus(); code != 0 {
		detail = fmt.Sprintf("exit code %d", code)
	} else {
		result = qnet.HeuristicsPass
	}
	switch {
	case t.family != nil:
		t.family.reaped, t.family.next = true, max(t.family.next, noSignal)
	case errors.Is(unix.Kill(-pid, 0), unix.ESRCH):
		r.tasks--
	default:
		r.condemn(t, family{reaped: true, exited: true})
	}
	r.end(t, result, detail)
	r.settle()
	r.sweep()
}

// end notes what became of a command, unless it was given up before.
func (r *Runner) end(t *task, result qnet.Heuristics, detail string) {
	t.state = ended
	if t.given.Load() {
		return
	}
	t.outcome.Result, t.outcome.Detail, t.outcome.Duration = result, detail, time.Since(t.began)
	if result == qnet.HeuristicsPass {
		r.cfg.Log.Debug("heuristics command passed", "command", t.name, "duration", t.outcome.Duration)
		return
	}
	r.cfg.Log.Debug("heuristics command failed", "command", t.name, "reason", detail)
}

// giveUp ends a command that nobody waits for. One that is only just being started
// is ended when it has been.
func (r *Runner) giveUp(t *task) {
	if !t.given.Swap(true) {
		t.outcome.Duration = time.Since(t.began)
	}
	if t.state == running && t.family == nil {
		r.condemn(t, family{})
	}
}

// condemn puts a command on the kill list, with what f says of it.
func (r *Runner) condemn(t *task, f family) {
	f.pid, f.start, f.mark, f.next = t.proc.Pid, t.start, t.mark, termSignal
	t.family = &f
	r.kill.families = append(r.kill.families, t.family)
}

// keepFiles keeps descriptors that the daemon was started with, as a lock of whoever
// started it, from commands: Go closes only its own in them. Where the kernel is too old
// for the call, commands inherit them, as in C.
func keepFiles() { _ = unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC) }
