// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/votequorum"
	"github.com/quorate/quorate/internal/daemon"
	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/fault"
	"github.com/quorate/quorate/internal/nodeconf"
	"github.com/quorate/quorate/internal/qdevice"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/wire"
)

// configReader reads the configuration, registers the device, and reads it again
// when it may have changed. Its calls may hang while Corosync is in sync: it has a
// goroutine of its own.
type configReader struct {
	engine   Engine
	settings nodeconf.Settings
	log      *slog.Logger
	level    *slog.LevelVar
	certs    *certs
	updates  chan update
	again    chan struct{} // capacity 1: the votes may have changed

	removed string // what is gone from corosync.conf, while there is no device
	unused  string // why the device that came back can't be used; logged once
}

func newConfigReader(d *node) *configReader {
	return &configReader{
		engine: d.engine, settings: d.cfg.Settings, log: d.log, level: d.cfg.Level, certs: &d.certs,
		updates: make(chan update), again: make(chan struct{}, 1),
	}
}

// update is a new configuration.
type update struct {
	cfg    *nodeconf.Config // nil if one of the others is set
	refuse string           // why the algorithm can't work with it

	removed      string        // what is gone from corosync.conf, and the device with it
	polled       chan struct{} // to be closed when the last poll is answered
	unregistered bool          // the device is out of votequorum
}

// recheck asks for another look.
func (r *configReader) recheck() {
	select {
	case r.again <- struct{}{}:
	default:
	}
}

// run reads until ctx is done.
func (r *configReader) run(ctx context.Context) error {
	cfg, err := r.start(ctx)
	for first := true; err == nil && ctx.Err() == nil; first = false {
		if r.removed == "" {
			failed := r.apply(ctx, cfg)
			if failed != nil && (first || !r.busy(failed)) {
				err = failed
				continue
			}
		}
		select {
		case <-r.engine.Changes():
		case <-r.again:
		case <-ctx.Done():
		}
		keys, failed := r.keys(ctx)
		switch {
		case failed == nil:
			cfg, err = r.reload(ctx, cfg, keys)
		case !r.busy(failed):
			err = failed
		}
	}
	switch {
	case ctx.Err() != nil:
		return nil
	case r.engine.Err() != nil:
		return engineLost(r.engine)
	}
	return err
}

// apply has the loop take a configuration.
func (r *configReader) apply(ctx context.Context, cfg *nodeconf.Config) error {
	for _, w := range cfg.Warnings {
		daemon.LogEvent(r.log, event.Event{Kind: event.ConfigWarning, Level: event.Warning, Reason: w})
	}
	if r.level != nil && cfg.Debug {
		r.level.Set(slog.LevelDebug)
	} else if r.level != nil {
		r.level.Set(slog.LevelInfo)
	}
	refuse, err := r.check(ctx, cfg)
	if err == nil {
		r.send(ctx, update{cfg: cfg, refuse: refuse})
	}
	return err
}

// send hands an update to the loop.
func (r *configReader) send(ctx context.Context, u update) {
	select {
	case r.updates <- u:
	case <-ctx.Done():
	}
}

// busy reports whether err only says that Corosync had no time for a question. Then
// the configuration in use stays, and there is another look: what has changed must not
// be lost.
func (r *configReader) busy(err error) bool {
	if !errors.Is(err, corosync.ErrTryAgain) {
		return false
	}
	daemon.LogEvent(r.log, event.Event{Kind: event.ConfigBusy, Level: event.Warning, Reason: fault.Words(err)})
	r.recheck()
	return true
}

// start reads the configuration for the first time and registers the device.
func (r *configReader) start(ctx context.Context) (*nodeconf.Config, error) {
	keys, err := r.keys(ctx)
	if err != nil {
		return nil, fmt.Errorf("can't read the configuration: %w", err)
	}
	cfg, err := nodeconf.Parse(keys, r.settings, lookupNode(ctx))
	if err != nil {
		return nil, err
	}
	if err := cfg.OwnVotes(); err != nil {
		return nil, err
	}
	if cfg.Machine.TLS != wire.TLSUnsupported {
		if _, err := r.certs.config(); err != nil {
			return nil, err
		}
	}
	return cfg, r.register(ctx)
}

// register registers the device.
func (r *configReader) register(ctx context.Context) error {
	name := r.settings.DeviceName
	if err := r.retry(ctx, func() error { return r.engine.Register(ctx, name) }); err != nil {
		return fmt.Errorf("Can't register votequorum device: %w", err) //nolint:staticcheck // the C daemon's words
	}
	if err := r.retry(ctx, func() error { return r.engine.MasterWins(ctx, name, r.settings.MasterWins) }); err != nil {
		return fmt.Errorf("Can't set master wins: %w", err) //nolint:staticcheck // likewise
	}
	return nil
}

// keys reads the keys of the configuration.
func (r *configReader) keys(ctx context.Context) (keys map[string]string, err error) {
	err = r.retry(ctx, func() error {
		keys, err = r.engine.Keys(ctx, nodeconf.Prefixes()...)
		return err
	})
	return keys, err
}

// retry makes a call, and again once a second while Corosync is busy, as often as
// the settings say.
func (r *configReader) retry(ctx context.Context, call func() error) error {
	for tries := 0; ; tries++ {
		err := call()
		if !errors.Is(err, corosync.ErrTryAgain) || tries >= r.settings.MaxTryAgain {
			return err
		}
		if !pause(ctx, time.Second) {
			return ctx.Err()
		}
	}
}

// pause waits, and reports whether ctx lasted.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// check says why the algorithm can't work with the votes of the nodes; empty if it
// can. A node that was never seen has none. With one node of other votes our
// daemons go on, and vote no (C6).
func (r *configReader) check(ctx context.Context, cfg *nodeconf.Config) (refuse string, err error) {
	if cfg.Machine.Algorithm != qnet.FFSplit {
		return "", nil
	}
	if !cfg.DeviceVotes.Set {
		return "quorum.device.votes was removed from corosync.conf, and ffsplit needs it to be 1", nil
	}
	if err := cfg.OwnVotes(); err != nil {
		return err.Error(), nil
	}
	for _, n := range cfg.Nodes {
		var info votequorum.Info
		err := r.retry(ctx, func() (err error) {
			info, err = r.engine.Info(ctx, uint32(n.ID))
			return err
		})
		switch {
		case errors.Is(err, corosync.ErrNotExist):
		case err != nil:
			return "", fmt.Errorf("Can't get votequorum information for node %d: %w", n.ID, err) //nolint:staticcheck // likewise
		case info.Votes != 1:
			return fmt.Sprintf("50:50 split algorithm works only if all nodes have exactly 1 vote. Node %d has %d votes!", n.ID, info.Votes), nil
		case info.DeviceVotes != 1:
			return fmt.Sprintf("50:50 split algorithm works only if qdevice has exactly 1 vote. Node %d has %d votes!", n.ID, info.DeviceVotes), nil
		}
	}
	return "", nil
}

// update takes a configuration: the first one makes the machine.
func (l *loop) update(ctx context.Context, u update) {
	switch {
	case u.removed != "":
		l.remove(ctx, u)
		return
	case u.unregistered:
		l.unregistered(ctx)
		return
	}
	old := l.cfg
	l.cfg = u.cfg
	if err := l.runner.SetCommands(u.cfg.Commands); err != nil {
		daemon.LogEvent(l.log, event.Event{Kind: event.HeuristicsRefused, Level: event.Error, Reason: fault.Words(err)})
	}
	configured := qdevice.Configured{Nodes: u.cfg.Nodes, Names: u.cfg.Names, Version: u.cfg.Version, Refuse: u.refuse}
	if l.machine == nil {
		l.registered = true
		cfg := u.cfg.Machine
		cfg.Seed = l.seed
		l.machine = qdevice.New(cfg, l.now())
		l.notes.cluster = cfg.Cluster
		close(l.configured)
		l.step(ctx, configured)
		l.ring(ctx)
		l.counted(ctx)
		return
	}
	elsewhere := !u.cfg.SameArbiter(old)
	if elsewhere {
		l.hosts.order = nil
	}
	if elsewhere || u.cfg.Machine != old.Machine || !sameCommands(u.cfg, old) {
		in := qdevice.Reconfigured{Config: u.cfg.Machine, Elsewhere: elsewhere}
		if u.cfg.Port == old.Port {
			in.Hosts = u.cfg.Hosts
		}
		l.step(ctx, in)
	}
	l.step(ctx, configured)
}

// lookupNode resolves the name of a node without a node ID.
func lookupNode(ctx context.Context) nodeconf.Lookup {
	return func(host string) (netip.Addr, error) {
		if a, err := netip.ParseAddr(host); err == nil {
			return a, nil
		}
		addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip4", host)
		if err != nil {
			return netip.Addr{}, err
		}
		return addrs[0], nil // there is one, or an error
	}
}

// sameCommands reports whether two configurations run the same heuristics.
func sameCommands(a, b *nodeconf.Config) bool { return slices.Equal(a.Commands, b.Commands) }
