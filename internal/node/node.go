// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/votequorum"
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
	if cfg.now == nil {
		cfg.now = systemClock()
	}
	if cfg.dialer == nil {
		cfg.dialer = newDialer()
	}
	log, endLog := daemon.Queued(cfg.Log, LogQueueSize)
	defer endLog()
	if cfg.runner == nil {
		cfg.runner = runnerOf(cfg.Settings, log)
	}
	d := &node{cfg: cfg, log: log, started: time.Now()}
	d.certs = certs{dir: cfg.Settings.CertDir, name: cfg.Settings.ServerName, nickname: cfg.Settings.Nickname, log: d.log}
	var err error
	if cfg.Settings.LockFile != "" {
		lock, err := daemon.Lock(cfg.Settings.LockFile)
		if err != nil {
			return err
		}
		defer lock.Release()
	}
	if cfg.Control.Path != "" {
		if d.control, err = control.Listen(cfg.Control.Path, cfg.Control.Options); err != nil {
			return err
		}
		defer d.control.Close() // closed before, as a rule
	}
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
	control net.Listener // nil: none
	engine  Engine
	loop    *loop
	certs   certs
	stop    context.CancelFunc
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
	ring, configured := make(chan struct{}), make(chan struct{})
	reader := &configReader{
		engine: d.engine, settings: d.cfg.Settings, log: d.log, level: d.cfg.Level, certs: &d.certs,
		updates: make(chan update), again: make(chan struct{}, 1),
	}
	s := d.cfg.Settings
	if s.SendBuffers < leastQueue {
		d.log.Warn("net_max_send_buffers is too small and is not used", "set", s.SendBuffers, "used", leastQueue)
	}
	d.loop = &loop{
		log: d.log, notes: notes{log: d.log}, now: d.cfg.now, engine: d.engine,
		voter: newVoter(d.engine, s.DeviceName, d.cfg.now), dialer: d.cfg.dialer, tls: d.certs.config,
		limits: linkLimits{message: s.MaxReplySize, queue: max(s.SendBuffers, leastQueue)}, seed: rand.Uint64(),
		updates: reader.updates, links: make(chan linkEvent), heuristic: make(chan heuristicsResult), calls: make(chan func(time.Time)), stirred: make(chan struct{}, 1),
		recheck: reader.recheck, onRing: func() { close(ring) }, onConfig: func() { close(configured) },
		registered: info.Flags.Has(votequorum.Registered) && info.DeviceName == s.DeviceName, expected: info.Expected,
	}
	d.loop.runner = d.cfg.runner(func(id uint64, result qnet.Heuristics, outcomes []heuristics.Outcome) {
		select {
		case d.loop.heuristic <- heuristicsResult{id, result, outcomes}:
		case <-ctx.Done():
		}
	})
	polls, endPolls := context.WithCancel(context.Background())
	defer endPolls()
	voted := make(chan error, 1)
	go func() { voted <- d.guard(d.loop.voter.run, polls) }()
	task := func(run func(context.Context) error) { g.Go(func() error { return d.guard(run, ctx) }) }
	task(func(ctx context.Context) error { // the voter outlives ctx, for the last poll
		select {
		case err := <-voted:
			return err
		case <-ctx.Done():
			return nil
		}
	})
	task(d.loop.run)
	task(reader.run)
	if d.cfg.Trim != nil {
		task(func(ctx context.Context) error { daemon.TrimWhenCalm(ctx, d.loop.stirred, d.cfg.Trim); return nil })
	}
	task(func(ctx context.Context) error { return d.awaitRing(ctx, configured, ring) })
	if d.control != nil {
		task(func(ctx context.Context) error {
			h := control.QDevice(d)
			h.Log = d.log
			return control.Serve(ctx, d.control, h, d.cfg.Control.Limits)
		})
	}
	err = g.Wait()
	return errors.Join(err, d.loop.runner.Close())
}

// leastQueue is the least number of messages that may wait to be sent: what is
// told to an arbiter at the start of a connection has to fit.
const leastQueue = 10

// awaitRing tells everybody that the daemon is ready when the device is registered
// and a ring is known. It does not wait for the arbiter.
func (d *node) awaitRing(ctx context.Context, configured, ring <-chan struct{}) error {
	select {
	case <-configured:
	case <-ctx.Done():
		return nil
	}
	late := time.NewTimer(ringTime)
	defer late.Stop()
	select {
	case <-ring:
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
