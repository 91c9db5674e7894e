// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/cmap"
	"github.com/quorate/quorate/corosync/qb"
	"github.com/quorate/quorate/corosync/votequorum"
)

// corosyncEngine is a running Corosync as an Engine: cmap for the configuration
// and votequorum for the rest. They are connections of their own, so that a cmap
// that hangs in a sync holds up nothing else.
//
// A call whose context ends is given up, and goes on by itself until it is answered
// or the engine is closed. To cancel it would cost the connection, over which the
// vote has still to be taken back.
type corosyncEngine struct {
	*votequorum.Client
	options qb.Options
	log     *slog.Logger
	keys    *cmap.Client
	tracker *votequorum.Tracker
	changes chan struct{} // capacity 1
	watched chan struct{} // closed when the watching of keys has ended
}

// OpenCorosync connects to the Corosync that o reaches. While it does not answer
// yet, it is tried again once a second, at most so many times.
func OpenCorosync(ctx context.Context, o qb.Options, tries int, log *slog.Logger) (Engine, error) {
	e := &corosyncEngine{options: o, log: log, changes: make(chan struct{}, 1), watched: make(chan struct{})}
	var err error
	for n := 0; ; n++ {
		if e.keys, err = cmap.Dial(ctx, o); !errors.Is(err, corosync.ErrTryAgain) || n >= tries {
			break
		}
		log.Debug("Corosync does not take clients yet", "try", n+1)
		if !pause(ctx, time.Second) {
			return nil, ctx.Err()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("Failed to initialize the cmap API. Error %s: is Corosync running? (%w)", errorName(err), err) //nolint:staticcheck // the C daemon's words
	}
	if e.Client, err = votequorum.Dial(ctx, o); err != nil {
		return nil, errors.Join(fmt.Errorf("Failed to initialize the votequorum API. Error %s: is quorum.provider corosync_votequorum? (%w)", errorName(err), err), //nolint:staticcheck // likewise
			e.keys.Close())
	}
	if e.tracker, err = e.Track(ctx); err == nil {
		// All in one tracking, for the sake of their order: the keys of a reload lie
		// between its beginning and its end.
		var t *cmap.Tracker
		if t, err = e.keys.TrackPrefixes(ctx, cmap.Any, append(watchedPrefixes[:], reloadPrefix)...); err == nil {
			go e.watch(t)
			return e, nil
		}
	}
	return nil, errors.Join(fmt.Errorf("Can't start tracking changes. Error %s: %w", errorName(err), err), //nolint:staticcheck // likewise
		e.Client.Close(), e.keys.Close())
}

// errorName is the C name of an error's code, as the C programs print it.
func errorName(err error) string {
	var code corosync.Code
	if !errors.As(err, &code) {
		return "CS_ERR_LIBRARY"
	}
	return code.Name()
}

// reloadPrefix is that of the keys that tell when a reload is under way.
const reloadPrefix = "config."

// watchedPrefixes are those of the keys whose change matters to a node daemon.
var watchedPrefixes = [...]string{"totem.", "quorum.", "nodelist.", "logging."}

// watch tells of changes, except while a reload is under way.
func (e *corosyncEngine) watch(t *cmap.Tracker) {
	defer close(e.watched)
	defer e.Client.Close() // without its keys the engine is lost as a whole
	var defect error
	defer caught(e.log, &defect)
	reloading := map[string]bool{}
	pending := false
	for c := range t.Changes() {
		if c.Key == "config.totemconfig_reload_in_progress" || c.Key == "config.reload_in_progress" {
			n, _ := c.New.Uint()
			reloading[c.Key] = n == 1
			pending = true
		}
		pending = pending || !strings.HasPrefix(c.Key, reloadPrefix)
		if !pending || reloading["config.totemconfig_reload_in_progress"] || reloading["config.reload_in_progress"] {
			continue
		}
		pending = false
		select {
		case e.changes <- struct{}{}:
		default: // it is to be told already
		}
	}
}

// lasting makes a call that ctx does not cancel: when ctx ends, it is only waited for
// no longer.
func lasting[T any](ctx context.Context, log *slog.Logger, call func(context.Context) (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		var r result
		defer func() { done <- r }()
		defer caught(log, &r.err)
		r.value, r.err = call(context.WithoutCancel(ctx))
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// lastingly is lasting for a call that returns nothing else.
func lastingly(ctx context.Context, log *slog.Logger, call func(context.Context) error) error {
	_, err := lasting(ctx, log, func(ctx context.Context) (struct{}, error) { return struct{}{}, call(ctx) })
	return err
}

// Keys implements Engine.
func (e *corosyncEngine) Keys(ctx context.Context, prefixes ...string) (map[string]string, error) {
	return lasting(ctx, e.log, func(ctx context.Context) (map[string]string, error) { return e.keys.Texts(ctx, prefixes...) })
}

// Info implements Engine.
func (e *corosyncEngine) Info(ctx context.Context, node uint32) (votequorum.Info, error) {
	return lasting(ctx, e.log, func(ctx context.Context) (votequorum.Info, error) { return e.Client.Info(ctx, node) })
}

// Register implements Engine.
func (e *corosyncEngine) Register(ctx context.Context, name string) error {
	return lastingly(ctx, e.log, func(ctx context.Context) error { return e.Client.Register(ctx, name) })
}

// Poll implements Engine.
func (e *corosyncEngine) Poll(ctx context.Context, name string, cast bool, ring corosync.RingID) error {
	return lastingly(ctx, e.log, func(ctx context.Context) error { return e.Client.Poll(ctx, name, cast, ring) })
}

// MasterWins implements Engine.
func (e *corosyncEngine) MasterWins(ctx context.Context, name string, allow bool) error {
	return lastingly(ctx, e.log, func(ctx context.Context) error { return e.Client.MasterWins(ctx, name, allow) })
}

// Unregister implements Engine. Where the connection was lost it takes a new one: it
// need not be Corosync that has ended.
func (e *corosyncEngine) Unregister(ctx context.Context, name string) error {
	return whileBusy(ctx, func() error {
		if e.Client.Err() != nil {
			return unregister(ctx, e.options, name)
		}
		return e.Client.Unregister(ctx, name)
	})
}

// unregister takes a device back over a connection of its own.
func unregister(ctx context.Context, o qb.Options, name string) error {
	c, err := votequorum.Dial(ctx, o)
	if err != nil {
		return err
	}
	defer c.Close()
	return c.Unregister(ctx, name)
}

// busyPause is how long a call waits that Corosync did not take.
const busyPause = 100 * time.Millisecond

// whileBusy makes a call again and again while Corosync is too busy for it, until ctx
// ends. If that ends a call, what Corosync said before is still why there is no answer.
func whileBusy(ctx context.Context, call func() error) error {
	var busy error
	for {
		err := call()
		switch {
		case errors.Is(err, corosync.ErrTryAgain):
			busy = err
		case err != nil && busy != nil && over(ctx):
			return busy
		default:
			return err
		}
		if !pause(ctx, busyPause) {
			return busy
		}
	}
}

// over reports whether the time of ctx is over. A dialer looks at the clock, and may be
// ahead of the timer that ends ctx.
func over(ctx context.Context) bool {
	end, ok := ctx.Deadline()
	return ctx.Err() != nil || ok && !time.Now().Before(end)
}

// Changes implements Engine.
func (e *corosyncEngine) Changes() <-chan struct{} { return e.changes }

// Events implements Engine.
func (e *corosyncEngine) Events() <-chan votequorum.Event { return e.tracker.Events() }

// Err implements Engine.
func (e *corosyncEngine) Err() error {
	if err := e.keys.Err(); err != nil {
		return err
	}
	return e.Client.Err()
}

// Close implements Engine.
func (e *corosyncEngine) Close() error {
	err := errors.Join(e.keys.Close(), e.Client.Close())
	<-e.watched
	return err
}
