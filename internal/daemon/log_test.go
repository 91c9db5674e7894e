// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package daemon

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"quorate/internal/qnetd"
)

// TestLogKeepsOrder: lines of the machine wait for the end of their turn, those
// of others go at once, and neither overtakes the other.
func TestLogKeepsOrder(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(NewLogHandler(&out, nil, slog.LevelInfo))
	n, now := newNotes(log), time.Now()
	n.write(now, qnetd.Notice{Level: qnetd.Info, Text: "one", Cluster: "a\nb"})
	n.flush(true)
	if out.Len() > 0 {
		t.Errorf("written in the middle of a burst: %q", out.String())
	}
	log.Warn("two")
	n.write(now, qnetd.Notice{Level: qnetd.Info, Text: "three"})
	n.flush(false)
	n.flush(false)
	var words []string
	for line := range strings.SplitSeq(strings.TrimSpace(out.String()), "\n") {
		words = append(words, strings.Fields(line)[4])
	}
	if got := fmt.Sprint(words); got != "[one two three]" || !strings.Contains(out.String(), `cluster="a\nb"`) {
		t.Errorf("%s: %q", got, out.String())
	}
	long := strings.Repeat("x", keepLimit)
	n.write(now, qnetd.Notice{Level: qnetd.Info, Text: long})
	if !strings.Contains(out.String(), long) {
		t.Error("more is kept than may be")
	}
}

// TestNoFlood: warnings, which a peer can cause, are counted when they are too many.
func TestNoFlood(t *testing.T) {
	var out bytes.Buffer
	n, now := newNotes(slog.New(NewLogHandler(&out, nil, slog.LevelInfo))), time.Unix(1_000_000, 0)
	for range 10 * noteLimit {
		n.write(now, qnetd.Notice{Level: qnetd.Warning, Text: "message refused"})
	}
	n.write(now.Add(time.Second), qnetd.Notice{Level: qnetd.Warning, Text: "message refused"})
	n.flush(false)
	if got := strings.Count(out.String(), "message refused"); got != noteLimit+1 || !strings.Contains(out.String(), fmt.Sprintf("dropped=%d", 9*noteLimit)) {
		t.Errorf("%d lines of %d:\n%.300s", got, 10*noteLimit, out.String())
	}
}
