// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package daemon

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/quorate/quorate/internal/event"
)

// TestJournal: under systemd a line has a priority and no time, and whether the stream is
// the journal is told by what it is, not by the variable alone.
func TestJournal(t *testing.T) {
	var out bytes.Buffer
	h := NewLogHandler(&out, nil, slog.LevelDebug)
	h.Journal()
	log := slog.New(h)
	for _, l := range []event.Level{event.Debug, event.Info, event.Warning, event.Error} {
		LogEvent(log, event.Event{Kind: event.CertsReloaded, Level: l})
	}
	var want string
	for _, p := range []int{7, 6, 4, 3} {
		want += fmt.Sprintf("<%d>the certificates have changed and are in use event=certs_reloaded\n", p)
	}
	if out.String() != want {
		t.Errorf("got\n%s", out.String())
	}

	f, err := os.Create(filepath.Join(t.TempDir(), "f"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var s syscall.Stat_t
	if err := syscall.Fstat(int(f.Fd()), &s); err != nil {
		t.Fatal(err)
	}
	right := fmt.Sprintf("%d:%d", s.Dev, s.Ino)
	for stream, want := range map[string]bool{right: true, "": false, "1:2": false, right + "0": false, "x": false} {
		if got := ToJournal(f, stream); got != want {
			t.Errorf("%q: %v", stream, got)
		}
	}
	if null, err := os.Open(os.DevNull); err != nil || ToJournal(null, right) {
		t.Errorf("another file is the journal (%v)", err)
	}
}
