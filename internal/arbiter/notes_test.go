// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package arbiter

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/daemon"
	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/qnetd"
)

// decided is an event whose sentence is its reason.
func decided(l event.Level, text, cluster string) qnetd.Notice {
	return qnetd.Notice{Event: event.Event{Kind: event.Decided, Level: l, Reason: text, Cluster: cluster}}
}

// TestLogWaits: lines of the machine wait while the loop is busy, but not for
// long and not without end; then they come in their order, with the instants of
// what they tell, and what a peer has chosen is quoted.
func TestLogWaits(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(daemon.NewLogHandler(&out, nil, slog.LevelInfo))
	n, now := newNotes(log), time.Now()
	n.write(now, decided(event.Info, "one", "a\nb"))
	n.write(now, decided(event.Debug, "never", ""))
	n.flush(true)
	if out.Len() > 0 {
		t.Errorf("written in the middle of a burst: %q", out.String())
	}
	log.Warn("two") // somebody else's
	n.write(now, decided(event.Info, "three", ""))
	n.flush(false)
	n.flush(false)
	var words []string
	for line := range strings.SplitSeq(strings.TrimSpace(out.String()), "\n") {
		words = append(words, strings.Fields(line)[4])
	}
	if got := fmt.Sprint(words); got != "[two one three]" || !strings.Contains(out.String(), `cluster="a\nb"`) {
		t.Errorf("%s: %q", got, out.String())
	}
	n.write(now.Add(-noteTime), decided(event.Info, "late", ""))
	if n.flush(true); !strings.Contains(out.String(), "late") {
		t.Error("a line waits for longer than it may")
	}
	for range noteKeep {
		n.write(time.Now(), decided(event.Info, "many", ""))
	}
	n.flush(true)
	if got := strings.Count(out.String(), "many"); got != noteKeep || cap(n.kept) > noteRoom {
		t.Errorf("%d lines of %d, room for %d", got, noteKeep, cap(n.kept))
	}
}
