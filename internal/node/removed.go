// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package node

import (
	"context"
	"errors"
	"time"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/internal/daemon"
	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/fault"
	"github.com/quorate/quorate/internal/nodeconf"
	"github.com/quorate/quorate/internal/qdevice"
)

// reload reads a configuration again. A device that was removed is unregistered, and
// the daemon waits without one: it may come back.
func (r *configReader) reload(ctx context.Context, cfg *nodeconf.Config, keys map[string]string) (*nodeconf.Config, error) {
	switch gone := nodeconf.Removed(keys); {
	case gone != "" && r.removed == "":
		r.removed = gone
		return cfg, r.remove(ctx)
	case gone != "":
		r.removed = gone
		return cfg, nil
	case r.removed != "":
		return r.restore(ctx, cfg, keys)
	}
	return nodeconf.Reload(cfg, keys, r.settings, lookupNode(ctx)), nil
}

// remove takes the device out of votequorum, and its vote with it. The last poll comes
// first: one that came later would find no device.
func (r *configReader) remove(ctx context.Context) error {
	polled := make(chan struct{})
	r.send(ctx, update{removed: r.removed, polled: polled})
	late := time.NewTimer(lastPollTime)
	defer late.Stop()
	select {
	case <-polled:
	case <-late.C: // unregistering takes the vote back all the same
	case <-ctx.Done():
		return nil
	}
	r.certs.forget() // who removes a device removes its certificates, and may make others
	name := r.settings.DeviceName
	err := r.engine.Unregister(ctx, name)
	switch {
	case ctx.Err() != nil:
		return nil
	case err == nil:
		daemon.LogEvent(r.log, event.Event{Kind: event.Unregistered, Level: event.Info, What: name})
	case errors.Is(err, corosync.ErrNotExist), errors.Is(err, corosync.ErrInvalidParam): // there is none, or it is another one
	default:
		return err // the daemon ends, and tries once more
	}
	r.send(ctx, update{unregistered: true})
	return nil
}

// restore takes a device that is configured again. One that can't be used is none: the
// daemon goes on waiting.
func (r *configReader) restore(ctx context.Context, old *nodeconf.Config, keys map[string]string) (*nodeconf.Config, error) {
	cfg, err := nodeconf.Parse(keys, r.settings, lookupNode(ctx))
	if err == nil {
		err = r.register(ctx)
	}
	switch {
	case ctx.Err() != nil || r.engine.Err() != nil:
		return old, err
	case errors.Is(err, corosync.ErrTryAgain):
		r.busy(err)
		return old, nil
	case err != nil:
		if text := fault.Words(err); text != r.unused {
			daemon.LogEvent(r.log, event.Event{Kind: event.DeviceUnusable, Level: event.Error, Reason: text})
			r.unused = text
		}
		return old, nil
	}
	r.removed, r.unused = "", ""
	return cfg, nil
}

// removal is a device that is being taken out of votequorum.
type removal struct {
	asked   bool          // the machine wants that
	polled  chan struct{} // of the update that brought it, until it is closed
	excused uint64        // polls up to this ticket may have found no device
}

// proceed lets the device be unregistered when the polls before that are done with.
func (r *removal) proceed(p *polls) {
	if r.polled != nil && r.asked && p.done() {
		close(r.polled)
		r.polled = nil
	}
}

// remove takes the device's end.
func (l *loop) remove(ctx context.Context, u update) {
	l.hosts.forget()
	l.removal.polled = u.polled
	l.step(ctx, qdevice.Removed{What: u.removed})
	clear(l.hosts.failures)
	l.removal.proceed(&l.polls)
}

// unregistered takes the end of a registration. Polls that were asked for before may
// have found no device.
func (l *loop) unregistered(ctx context.Context) {
	l.registered = false
	l.removal = removal{excused: l.polls.asked}
	l.step(ctx, qdevice.Unregistered{})
}
