// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package node

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/quorate/quorate/internal/daemon"
	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/status"
)

// errStarting is the answer while the configuration is being read.
var errStarting = errors.New("the daemon is starting: the configuration is not read yet")

// Status implements control.Daemon.
func (d *node) Status(ctx context.Context) (status.QDevice, error) {
	type answer struct {
		s  status.QDevice
		ok bool
	}
	got := make(chan answer, 1)
	select {
	case d.loop.calls <- func(now time.Time) {
		s, ok := d.loop.status(now)
		got <- answer{s, ok}
	}:
	case <-ctx.Done():
		return status.QDevice{}, ctx.Err()
	}
	a := <-got
	if !a.ok {
		return a.s, errStarting
	}
	a.s.Started = d.started
	return a.s, nil
}

// Shutdown implements control.Daemon.
func (d *node) Shutdown() {
	daemon.LogEvent(d.log, event.Event{Kind: event.Ending, Level: event.Info, What: "the node daemon", Reason: daemon.EndedByCommand})
	d.stop()
}

// status returns a snapshot, or false if there is nothing to tell yet.
func (l *loop) status(now time.Time) (status.QDevice, bool) {
	if l.machine == nil {
		return status.QDevice{}, false
	}
	s := l.machine.Status()
	calendar(&s, now, time.Now())
	s.Host, s.Port, s.IPVersion = strings.Join(l.cfg.Hosts, ", "), l.cfg.Port, l.cfg.IPVersion
	s.ExpectedVotes = l.expected
	s.CertSent = s.TLSActive && l.link != nil && l.link.certSent
	for _, h := range l.cfg.Hosts {
		a := status.ArbiterAddress{Address: h, Error: l.hosts.failures[h]}
		a.Active = !s.Connected.IsZero() && l.link != nil && l.link.place.hosts[l.link.host] == h
		s.Arbiters = append(s.Arbiters, a)
	}
	for _, c := range l.cfg.Commands {
		o := l.outcomes[c.Name]
		s.Commands = append(s.Commands, status.HeuristicsCommand{
			Name: c.Name, Result: o.Result, Detail: o.Detail, Duration: o.Duration, At: o.at,
		})
	}
	return s, true
}
