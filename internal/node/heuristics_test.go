// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package node

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/daemon"
	"github.com/quorate/quorate/internal/heuristics"
	"github.com/quorate/quorate/internal/nodeconf"
	"github.com/quorate/quorate/internal/qnet"
)

// TestHeuristicsLog: a command that fails in every run, for hours, is told once, and
// once more when it passes again.
func TestHeuristicsLog(t *testing.T) {
	var log bytes.Buffer
	results := make(chan qnet.Heuristics)
	r := runnerOf(nodeconf.DefaultSettings(), slog.New(daemon.NewLogHandler(&log, nil, slog.LevelInfo)))(
		func(_ uint64, result qnet.Heuristics, _ []heuristics.Outcome) { results <- result })
	id := uint64(0)
	run := func(line string, timeout time.Duration, want qnet.Heuristics) {
		t.Helper()
		if err := r.SetCommands([]nodeconf.Command{{Name: "ping", Line: line}}); err != nil {
			t.Fatal(err)
		}
		id++
		r.Run(id, timeout)
		if got := <-results; got != want {
			t.Errorf("%s: %v, want %v", line, got, want)
		}
	}
	run("/bin/true", time.Minute, qnet.HeuristicsPass)
	for range 3 {
		run("/bin/false", time.Minute, qnet.HeuristicsFail)
	}
	for range 2 {
		run("/bin/sleep 1000", 10*time.Millisecond, qnet.HeuristicsFail)
	}
	run("/bin/true", time.Minute, qnet.HeuristicsPass)
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	var got []string
	for line := range strings.Lines(log.String()) {
		got = append(got, line[len("Jan 02 15:04:05 "):])
	}
	want := []string{
		"warning the heuristics command ping fails: exit code 1 event=heuristic_failed\n",
		"warning the heuristics command ping fails: not done in time event=heuristic_failed\n",
		"info    the heuristics command ping passes again event=heuristic_passed\n",
	}
	if strings.Join(got, "") != strings.Join(want, "") {
		t.Errorf("logged\n%swant\n%s", strings.Join(got, ""), strings.Join(want, ""))
	}
}
