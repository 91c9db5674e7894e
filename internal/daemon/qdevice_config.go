// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"time"

	"quorate/corosync"
	"quorate/corosync/votequorum"
	"quorate/internal/nodeconf"
	"quorate/internal/qnet"
	"quorate/internal/wire"
)

// configReader reads the configuration, registers the device, and reads it again
// when it may have changed. Its calls may hang while Corosync is in sync: it has a
// goroutine of its own.
type configReader struct {
	engine   Engine
	settings nodeconf.Settings
	log      *slog.Logger
	level    *slog.LevelVar
	certs    *nodeCerts
	updates  chan update
	again    chan struct{} // capacity 1: the votes may have changed
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
		for _, w := range cfg.Warnings {
			r.log.Warn(w)
		}
		if r.level != nil && cfg.Debug {
			r.level.Set(slog.LevelDebug)
		} else if r.level != nil {
			r.level.Set(slog.LevelInfo)
		}
		refuse, failed := r.check(ctx, cfg)
		switch {
		case failed == nil:
			select {
			case r.updates <- update{cfg, refuse}:
			case <-ctx.Done():
			}
		case first || !r.busy(failed):
			err = failed
			continue
		}
		select {
		case <-r.engine.Changes():
		case <-r.again:
		case <-ctx.Done():
		}
		keys, failed := r.keys(ctx)
		switch {
		case failed == nil:
			cfg = nodeconf.Reload(cfg, keys, r.settings, lookupNode(ctx))
		case !r.busy(failed):
			err = failed
		}
	}
	switch {
	case ctx.Err() != nil:
		return nil
	case r.engine.Err() != nil:
		return gone(r.engine)
	}
	return err
}

// busy reports whether err only says that Corosync had no time for a question. Then
// the configuration in use stays, and there is another look: what has changed must not
// be lost.
func (r *configReader) busy(err error) bool {
	if !errors.Is(err, corosync.ErrTryAgain) {
		return false
	}
	r.log.Warn("the configuration can't be read: going on with the old one, and trying again", "reason", err)
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
	name := r.settings.DeviceName
	if err := r.retry(ctx, func() error { return r.engine.Register(ctx, name) }); err != nil {
		return nil, fmt.Errorf("Can't register votequorum device: %w", err) //nolint:staticcheck // the C daemon's words
	}
	if err := r.retry(ctx, func() error { return r.engine.MasterWins(ctx, name, r.settings.MasterWins) }); err != nil {
		return nil, fmt.Errorf("Can't set master wins: %w", err) //nolint:staticcheck // likewise
	}
	return cfg, nil
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
