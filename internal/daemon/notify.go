// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/quorate/quorate/internal/event"
)

// stoppingTime is how long the end waits for a systemd that does not listen.
const stoppingTime = 100 * time.Millisecond

// Announce tells systemd that the daemon is ready, and once ctx is done that it stops. A
// systemd that does not listen, because its socket is full, is waited for until then. It
// is for a goroutine of its own.
func Announce(ctx context.Context, socket string, log *slog.Logger) {
	if err := notify(ctx, socket, "READY=1"); err != nil && ctx.Err() == nil {
		LogEvent(log, event.Event{Kind: event.NotNotified, Level: event.Warning, Reason: err.Error()})
	}
	<-ctx.Done()
	end, cancel := context.WithTimeout(context.Background(), stoppingTime)
	defer cancel()
	if err := notify(end, socket, "STOPPING=1"); err != nil {
		LogEvent(log, event.Event{Kind: event.NotNotified, Level: event.Warning, Reason: err.Error()})
	}
}

// notify tells systemd a state, such as "READY=1", over the socket that it
// named in NOTIFY_SOCKET. Without a name it does nothing.
func notify(ctx context.Context, socket, state string) error {
	if socket == "" {
		return nil
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("telling systemd %s: %w", state, err)
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { _ = c.SetWriteDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := c.Write([]byte(state)); err != nil {
		return fmt.Errorf("telling systemd %s: %w", state, err)
	}
	return nil
}
