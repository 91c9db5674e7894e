// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quorate/quorate/internal/daemon/daemontest"
	"github.com/quorate/quorate/internal/qnet"
)

// TestLogQueue: lines keep their order and attributes, those that do not fit are counted,
// and what takes lines again is told. After the end nothing breaks.
func TestLogQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out daemontest.LogBuffer
		gate := make(daemontest.HangingWriter)
		q := NewLogQueue(100_000, &gatedHandler{gate, NewLogHandler(&out, nil, slog.LevelInfo)})
		log := slog.New(q).With("cluster", "prod")
		const lines = 1000
		for i := range lines {
			log.Info("line", "n", i, "ring", qnet.RingID{Node: 1, Seq: 8}, "err", fmt.Errorf("no %d", i))
			if i == 0 {
				synctest.Wait() // the output hangs from here on
			}
		}
		log.Debug("never")
		synctest.Wait()
		close(gate)
		q.Flush()
		kept := strings.Count(out.String(), "line cluster=prod n=")
		want := fmt.Sprintf("log lines dropped: the log does not accept them lines=%d\n", lines-kept)
		if kept < 100 || kept > 300 || !strings.HasSuffix(out.String(), want) || strings.Contains(out.String(), "never") {
			t.Errorf("%d lines, and then not %q:\n%.300s", kept, want, out.String())
		}
		i := 0
		for line := range strings.Lines(out.String()) {
			if i < kept && !strings.HasSuffix(line, fmt.Sprintf(" n=%d ring=1.8 err=\"no %d\"\n", i, i)) {
				t.Fatalf("line %d: %s", i, line)
			}
			i++
		}
		log.Info("again")
		q.Close()
		if !strings.HasSuffix(out.String(), "again cluster=prod\n") {
			t.Errorf("nothing comes after a gap: %s", out.String()[len(out.String())-100:])
		}
		log.Info("late")
		q.Close()
		q.Flush()
		if strings.Contains(out.String(), "late") {
			t.Error("a line came after the end")
		}
	})
}

// TestLogQueueEnd: the end waits for an output that hangs, but not for long.
func TestLogQueueEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(daemontest.HangingWriter)
		q := NewLogQueue(512<<10, NewLogHandler(gate, nil, slog.LevelInfo))
		slog.New(q).Info("line")
		start := time.Now()
		q.Close()
		if d := time.Since(start); d != logFlushTime {
			t.Errorf("waited %v", d)
		}
		close(gate)
	})
}

// gatedHandler waits with every line until the gate is open.
type gatedHandler struct {
	gate daemontest.HangingWriter
	*LogHandler
}

func (h *gatedHandler) Handle(ctx context.Context, r slog.Record) error {
	<-h.gate
	return h.LogHandler.Handle(ctx, r)
}

func (h *gatedHandler) WithAttrs(a []slog.Attr) slog.Handler {
	return &gatedHandler{h.gate, h.LogHandler.WithAttrs(a).(*LogHandler)}
}

func (h *gatedHandler) keep(r slog.Record) { _ = h.Handle(context.Background(), r) }

// TestMuteWaitsForNobody: the stream is let go of while a write to it hangs.
func TestMuteWaitsForNobody(t *testing.T) {
	gate := make(daemontest.HangingWriter)
	defer close(gate)
	h := NewLogHandler(gate, nil, slog.LevelInfo)
	go slog.New(h).Info("line")
	for h.out.mu.TryLock() {
		h.out.mu.Unlock()
		runtime.Gosched()
	}
	daemontest.Within(t, daemontest.AnswerTime, "Mute", h.Mute)
}
