// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package node

import (
	"context"
	"log/slog"
	"time"

	"github.com/quorate/quorate/corosync/votequorum"
	"github.com/quorate/quorate/internal/daemon"
	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/qdevice"
)

// notes writes a node machine's events to a log, with the name of the cluster.
type notes struct {
	log     *slog.Logger
	cluster string
}

func (n notes) write(o qdevice.Notice) {
	o.Cluster = n.cluster
	daemon.LogEvent(n.log, o.Event)
}

// votesTime is how long the line about a quorum that was lost or gained waits for
// Corosync to say how many votes there are.
const votesTime = time.Second

// notice writes an event of the machine. One about the quorum is completed first: what
// Corosync counts it says only when it is asked, and nothing waits for that but the line.
func (l *loop) notice(ctx context.Context, o qdevice.Notice) {
	if o.Kind != event.QuorumLost && o.Kind != event.QuorumGained {
		l.notes.write(o)
		return
	}
	notes := l.notes
	l.wg.Go(func() {
		var defect error
		defer caught(l.log, &defect)
		ctx, cancel := context.WithTimeout(ctx, votesTime)
		defer cancel()
		if i, err := l.engine.Info(ctx, 0); err == nil && i.Flags.Has(votequorum.Quorate) == (o.Kind == event.QuorumGained) {
			o.Votes = event.Votes{Total: i.Total, Expected: i.Expected, Needed: i.Quorum}
		}
		notes.write(o)
	})
}
