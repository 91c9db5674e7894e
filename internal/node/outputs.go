// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package node

import (
	"context"

	"github.com/quorate/quorate/internal/fault"
	"github.com/quorate/quorate/internal/qdevice"
	"github.com/quorate/quorate/internal/wire"
)

// step runs the machine once and does what it asks for.
func (l *loop) step(ctx context.Context, in qdevice.Input) {
	now := l.now()
	for _, o := range l.machine.Step(now, in) {
		switch o := o.(type) {
		case qdevice.Poll:
			l.polls.ask(o)
		case qdevice.Send:
			l.send(o.Msg)
		case qdevice.StartTLS:
			l.hold((*link).handshake)
			l.link.shaking = true
		case qdevice.Connect:
			l.connect(ctx)
		case qdevice.Close:
			l.hosts.failed(l.link, o.Why)
			l.hangUp()
		case qdevice.RunHeuristics:
			l.runner.Run(o.ID, o.Timeout)
		case qdevice.Unregister:
			l.removal.asked = true
		case qdevice.Notice:
			l.notice(ctx, o)
		}
	}
}

// send sends a message when the polls before it are done with. An echo request
// confirms nothing: it goes at once, so that a Corosync that stands still does
// not look like a dead node to the arbiter.
func (l *loop) send(m wire.Message) {
	if _, echo := m.(wire.EchoRequest); echo && l.link != nil {
		l.sendOn(l.link, m)
		return
	}
	l.hold(func(k *link) { l.sendOn(k, m) })
}

func (l *loop) sendOn(k *link, m wire.Message) {
	if err := k.send(m); err != nil {
		l.log.Error("message not sent", "message", m.Type().String(), "reason", fault.Words(err))
		k.fail(err)
	}
}

// connect begins to connect to the arbiter.
func (l *loop) connect(ctx context.Context) {
	l.link = &link{uplink: l.uplink, place: l.hosts.place(l.cfg), cluster: l.cfg.Machine.Cluster, patience: l.cfg.Machine.ConnectTimeout}
	l.link.start(ctx)
}

// hangUp lets go of the link.
func (l *loop) hangUp() {
	if l.link != nil {
		l.link.close()
	}
	l.link, l.polls.held = nil, nil
}
