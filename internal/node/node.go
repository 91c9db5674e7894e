// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/daemon"
	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/fault"
	"github.com/quorate/quorate/internal/heuristics"
	"github.com/quorate/quorate/internal/nodeconf"
	"github.com/quorate/quorate/internal/qnet"
)

// LogQueueSize is how many bytes of log lines a node daemon keeps for an output that does not take
// them: some 1,000 lines.
const LogQueueSize = 512 << 10

// Config is all that a node daemon is told, besides what it reads from
// its cluster engine.
type Config struct {
	Settings nodeconf.Settings

	// Engine opens the cluster engine.
	Engine func(context.Context) (Engine, error)

	// Control is the local socket; without a path there is none.
	Control daemon.ControlConfig

	Log   *slog.Logger
	Level *slog.LevelVar // of Log; nil: logging.debug is not looked at

	// Trim, if not nil, is called when it has been calm for a while after the start,
	// a reload or a new connection: see TrimMemory.
	Trim func()

	// NotifySocket is systemd's NOTIFY_SOCKET; empty if there is none.
	NotifySocket string

	// OnReady, if not nil, is called once when the device is registered.
	OnReady func()

	dialer *dialer          // for tests; nil is the network
	now    func() time.Time // for tests; nil is the system's clock
	runner newRunner        // for tests; nil runs processes
}

// heuristicsRunner runs the heuristics commands. None of its methods but Close
// waits for anything.
type heuristicsRunner interface {
	// SetCommands replaces the commands of the next run.
	SetCommands([]nodeconf.Command) error

	// Run starts a run of all commands in the place of one that is going on. Its
	// result is told with the same ID.
	Run(id uint64, timeout time.Duration)

	// Close ends what is running.
	Close() error
}

// newRunner makes a runner that tells results to done.
type newRunner func(done func(id uint64, result qnet.Heuristics, outcomes []heuristics.Outcome)) heuristicsRunner

// Times of the start and of the end.
const (
	ringTime       = 10 * time.Second // the longest wait for the first ring
	unregisterTime = 5 * time.Second
)

// Run runs a node daemon until ctx is done or the local socket asks for
// the shutdown, which is success. An error says what could not be set up, or
// which part of the daemon failed. In every case the device is unregistered, and
// with it the vote taken back, if the engine still answers (C11).
func Run(ctx context.Context, cfg Config) error {
	log, endLog := daemon.Queued(cfg.Log, LogQueueSize)
	defer endLog()
	d := newNode(cfg, log)
	defer d.close()
	if err := d.open(); err != nil {
		return err
	}
	var err error
	if d.engine, err = cfg.Engine(ctx); err != nil {
		return unlessAsked(ctx, err)
	}
	err = d.run(ctx)
	if err == nil && ctx.Err() != nil {
		daemon.LogEvent(log, event.Event{Kind: event.Ending, Level: event.Info, What: "the node daemon", Reason: daemon.EndedBySignal})
	}
	d.unregister()
	return errors.Join(err, d.engine.Close())
}

// unlessAsked returns err unless the end was asked for: then a call that was given
// up is none.
func unlessAsked(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// node is a running node daemon.
type node struct {
	cfg     Config
	log     *slog.Logger
	started time.Time
	lock    *daemon.LockFile // nil: none
	control net.Listener     // nil: none
	engine  Engine
	certs   certs
	reader  *configReader
	loop    *loop
	stop    context.CancelFunc
}

func newNode(cfg Config, log *slog.Logger) *node {
	if cfg.now == nil {
		cfg.now = systemClock()
	}
	if cfg.dialer == nil {
		cfg.dialer = newDialer()
	}
	if cfg.runner == nil {
		cfg.runner = runnerOf(cfg.Settings, log)
	}
	s := cfg.Settings
	return &node{
		cfg: cfg, log: log, started: time.Now(),
		certs: certs{dir: s.CertDir, name: s.ServerName, nickname: s.Nickname, log: log},
	}
}

// open takes the lock file and the local socket.
func (d *node) open() (err error) {
	if file := d.cfg.Settings.LockFile; file != "" {
		if d.lock, err = daemon.Lock(file); err != nil {
			return err
		}
	}
	if c := d.cfg.Control; c.Path != "" {
		d.control, err = control.Listen(c.Path, c.Options)
	}
	return err
}

// close lets go of what open took, in reverse.
func (d *node) close() {
	if d.control != nil {
		_ = d.control.Close() // closed before, as a rule
	}
	if d.lock != nil {
		d.lock.Release()
	}
}

// run runs the tasks until the first of them fails or ctx is done.
func (d *node) run(ctx context.Context) error {
	info, err := d.engine.Info(ctx, 0)
	if err != nil {
		return unlessAsked(ctx, fmt.Errorf("Can't get votequorum information: %w", err)) //nolint:staticcheck // the C daemon's words
	}
	ctx, d.stop = context.WithCancel(ctx)
	defer d.stop()
	g, ctx := errgroup.WithContext(ctx)
	d.reader = newConfigReader(d)
	d.loop = newLoop(d, info)
	d.loop.runner = d.cfg.runner(d.loop.heuristicsDone(ctx))
	awaitVoter, endVoter := d.startVoter()
	defer endVoter()
	for _, run := range append(d.tasks(), awaitVoter) {
		g.Go(func() error { return d.guard(run, ctx) })
	}
	err = g.Wait()
	return errors.Join(err, d.loop.runner.Close())
}

// task is a part of the daemon with a goroutine of its own, which runs until ctx is done.
type task func(ctx context.Context) error

// tasks are all of them but the voter.
func (d *node) tasks() []task {
	list := []task{d.loop.run, d.reader.run, d.awaitRing}
	if d.cfg.Trim != nil {
		list = append(list, d.trim)
	}
	if d.control != nil {
		list = append(list, d.serveControl)
	}
	return list
}

// startVoter runs the voter until end is called: it outlives the other tasks, for the last
// poll. The task that it returns ends with it.
func (d *node) startVoter() (await task, end context.CancelFunc) {
	ctx, end := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.guard(d.loop.polls.voter.run, ctx) }()
	return func(ctx context.Context) error {
		select {
		case err := <-ended:
			return err
		case <-ctx.Done():
			return nil
		}
	}, end
}

func (d *node) trim(ctx context.Context) error {
	daemon.TrimWhenCalm(ctx, d.loop.activity, d.cfg.Trim)
	return nil
}

func (d *node) serveControl(ctx context.Context) error {
	h := control.QDevice(d)
	h.Log = d.log
	return control.Serve(ctx, d.control, h, d.cfg.Control.Limits)
}

// awaitRing tells everybody that the daemon is ready when the device is registered
// and a ring is known. It does not wait for the arbiter.
func (d *node) awaitRing(ctx context.Context) error {
	select {
	case <-d.loop.configured:
	case <-ctx.Done():
		return nil
	}
	late := time.NewTimer(ringTime)
	defer late.Stop()
	select {
	case <-d.loop.ringKnown:
	case <-late.C:
		return errors.New("Can't get initial votequorum membership information.") //nolint:staticcheck // the C daemon's words
	case <-ctx.Done():
		return nil
	}
	daemon.LogEvent(d.log, event.Event{Kind: event.Registered, Level: event.Info, What: d.cfg.Settings.DeviceName})
	if d.cfg.OnReady != nil {
		d.cfg.OnReady()
	}
	daemon.Announce(ctx, d.cfg.NotifySocket, d.log)
	return nil
}

// unregister takes the device back, and with it the vote.
func (d *node) unregister() {
	ctx, cancel := context.WithTimeout(context.Background(), unregisterTime)
	defer cancel()
	name := d.cfg.Settings.DeviceName
	err := d.engine.Unregister(ctx, name)
	switch {
	case err == nil:
		daemon.LogEvent(d.log, event.Event{Kind: event.Unregistered, Level: event.Info, What: name})
	case errors.Is(err, corosync.ErrNotExist), errors.Is(err, corosync.ErrInvalidParam): // there is none, or it is another one
	case errors.Is(err, corosync.ErrLibrary): // Corosync has ended, and with it all that was registered
	default:
		daemon.LogEvent(d.log, event.Event{Kind: event.NotUnregistered, Level: event.Warning, What: name, Reason: fault.Words(err)})
	}
}
