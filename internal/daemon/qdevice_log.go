// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package daemon

import (
	"context"
	"log/slog"

	"quorate/internal/qdevice"
)

// nodeNotes writes a node machine's notices to a log.
type nodeNotes struct{ log *slog.Logger }

func (n nodeNotes) write(o qdevice.Notice) {
	var attrs []slog.Attr
	if !o.Ring.IsZero() {
		attrs = append(attrs, slog.String("ring", o.Ring.String()))
	}
	if o.Vote != 0 {
		attrs = append(attrs, slog.String("vote", o.Vote.String()))
	}
	if o.Reason != "" {
		attrs = append(attrs, slog.String("reason", o.Reason))
	}
	n.log.LogAttrs(context.Background(), nodeLevel(o.Level), o.Text, attrs...)
}

func nodeLevel(l qdevice.Level) slog.Level {
	switch l {
	case qdevice.Debug:
		return slog.LevelDebug
	case qdevice.Info:
		return slog.LevelInfo
	case qdevice.Warning:
		return slog.LevelWarn
	}
	return slog.LevelError
}
