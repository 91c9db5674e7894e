// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package arbiter

import (
	"context"
	"log/slog"
	"time"

	"github.com/quorate/quorate/internal/daemon"
	"github.com/quorate/quorate/internal/qnetd"
)

// While the loop is busy, so many lines wait for so long at most; room for so many
// is kept.
const (
	noteTime = 100 * time.Millisecond
	noteKeep = 10_000
	noteRoom = 256
)

// notes writes a machine's notices to a log, not in the middle of a burst: first
// come the votes, then the lines about them, which have the instant of what they
// tell.
type notes struct {
	log   *slog.Logger
	kept  []note
	attrs [8]slog.Attr // of the line being made
}

type note struct {
	at time.Time
	qnetd.Notice
}

func newNotes(log *slog.Logger) notes { return notes{log: log} }

// write takes a notice; flush writes its line.
func (n *notes) write(now time.Time, o qnetd.Notice) {
	if n.log.Enabled(context.Background(), daemon.LogLevel(o.Level)) {
		n.kept = append(n.kept, note{now, o})
	}
}

// flush writes the lines, unless the loop has more to do at once: then they may
// wait for the end of that, but not for long.
func (n *notes) flush(busy bool) {
	if len(n.kept) == 0 || busy && len(n.kept) < noteKeep && time.Since(n.kept[0].at) < noteTime {
		return
	}
	for i := range n.kept {
		n.line(&n.kept[i])
	}
	clear(n.kept)
	if n.kept = n.kept[:0]; cap(n.kept) > noteRoom {
		n.kept = nil
	}
}

func (n *notes) line(o *note) {
	// A record of our own: slog would look up who calls, for every line.
	r := slog.NewRecord(o.at, daemon.LogLevel(o.Level), cut(o.Text(), textLimit), 0)
	r.AddAttrs(daemon.AppendAttrs(n.attrs[:0], &o.Event, r.Message)...)
	_ = n.log.Handler().Handle(context.Background(), r) // as slog does: where the log fails there is nobody to tell
}
