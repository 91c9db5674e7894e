// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package lab

import (
	"bufio"
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// How long things may take on a busy machine before a test gives up.
const (
	corosyncTime = 30 * time.Second
	wholeTime    = 90 * time.Second
)

// Eventually waits until ok, or ends the test after the time limit. Real
// programs run: there is nothing to wait on but what they show.
func Eventually(t testing.TB, what string, limit time.Duration, ok func() bool) time.Duration {
	t.Helper()
	start := time.Now()
	for !ok() {
		if time.Since(start) > limit {
			t.Fatalf("not within %v: %s", limit, what)
		}
		time.Sleep(50 * time.Millisecond)
	}
	return time.Since(start)
}

// Watch lets the clusters run for a time. The observers note what happens.
func Watch(d time.Duration) { time.Sleep(d) }

// Quorum is what corosync-quorumtool -s says on a node.
type Quorum struct {
	Quorate    bool
	Nodes      int
	TotalVotes string
	Flags      string
	Text       string
}

// Quorum asks a node. A node that does not answer is not quorate.
func (h *Host) Quorum() Quorum {
	out, _ := h.Run("corosync-quorumtool", "-s") // its exit code is 2 without quorum
	q := Quorum{Text: out}
	for line := range strings.SplitSeq(out, "\n") {
		key, value, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		value = strings.TrimSpace(value)
		switch strings.TrimSpace(key) {
		case "Quorate":
			q.Quorate = value == "Yes"
		case "Nodes":
			q.Nodes, _ = strconv.Atoi(value)
		case "Total votes":
			q.TotalVotes = value
		case "Flags":
			q.Flags = value
		}
	}
	return q
}

//go:embed testdata/observer.c
var observerSource []byte

// built is the compiled observer, made once.
var built struct {
	once sync.Once
	path string
	err  error
}

// BuildObserver compiles the observer into dir. It must be called before the
// first lab starts.
func BuildObserver(dir string) error {
	built.once.Do(func() {
		built.path = filepath.Join(dir, "observer")
		cmd := exec.Command("gcc", "-O2", "-x", "c", "-o", built.path, "-", "-lcpg", "-lvotequorum", "-lpthread")
		cmd.Stdin = bytes.NewReader(observerSource)
		if out, err := cmd.CombinedOutput(); err != nil {
			built.err = fmt.Errorf("observer (packages libcpg-dev, libvotequorum-dev, libc6-dev): %w: %s", err, out)
		}
	})
	return built.err
}

func (l *Lab) observer() string { return built.path }

// Event is one line of an observer.
type Event struct {
	At      int64  `json:"t"` // µs, the machine's monotonic clock
	Kind    string `json:"ev"`
	Quorate bool   `json:"quorate"`
	Nodes   []int  `json:"nodes"`
	Ring    string `json:"ring"`
	From    int    `json:"from"`
	OK      bool   `json:"ok"`
}

// Now is the instant on the observers' clock.
func Now() int64 {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts)
	return ts.Nano() / 1000
}

// Events returns what a node's observer has told since the instant from.
func (h *Host) Events(from int64) []Event {
	f, err := os.Open(filepath.Join(h.Dir, "log", "observer.out"))
	if err != nil {
		return nil
	}
	defer f.Close()
	var list []Event
	for sc := bufio.NewScanner(f); sc.Scan(); {
		var e Event
		if json.Unmarshal(sc.Bytes(), &e) == nil && e.At >= from {
			list = append(list, e)
		}
	}
	return list
}

// span is a time during which a node was active: quorate on a settled ring,
// and delivering messages.
type span struct {
	from, to int64
	nodes    []int
}

// deliverGap is the longest time between two deliveries of a node that works:
// the observers send every 100 ms.
const deliverGap = 500_000

// active returns the spans since the instant from.
func (h *Host) active(from int64) []span {
	var spans []span
	var last int64 // the last delivery while quorate and settled
	quorate, settled := false, false
	var nodes []int
	for _, e := range h.Events(0) {
		switch e.Kind {
		case "sync":
			settled, last = false, 0
		case "quorum":
			quorate, settled, nodes, last = e.Quorate, true, e.Nodes, 0
		case "down":
			quorate, settled, last = false, false, 0
		case "deliver":
			if !quorate || !settled {
				continue
			}
			if last != 0 && e.At-last <= deliverGap && e.At > from {
				spans = append(spans, span{from: max(last, from), to: e.At, nodes: nodes})
			}
			last = e.At
		}
	}
	return spans
}

// BothActive returns for how long two disjoint partitions were active since
// the instant from.
func (l *Lab) BothActive(from int64) time.Duration {
	var worst time.Duration
	for i, a := range l.Nodes {
		for _, b := range l.Nodes[i+1:] {
			worst = max(worst, overlap(a.active(from), b.active(from)))
		}
	}
	return worst
}

func overlap(as, bs []span) (sum time.Duration) {
	for _, a := range as {
		for _, b := range bs {
			from, to := max(a.from, b.from), min(a.to, b.to)
			if from < to && !slices.ContainsFunc(a.nodes, func(n int) bool { return slices.Contains(b.nodes, n) }) {
				sum += time.Duration(to-from) * time.Microsecond
			}
		}
	}
	return sum
}

// FirstActive returns when a node was first active in a ring of exactly these
// nodes since the instant from, as a time after it, or -1.
func (h *Host) FirstActive(from int64, nodes ...int) time.Duration {
	for _, s := range h.active(from) {
		got := slices.Clone(s.nodes)
		slices.Sort(got)
		if slices.Equal(got, nodes) {
			return time.Duration(s.from-from) * time.Microsecond
		}
	}
	return -1
}

// FlagDown returns when a node's Corosync first said that it is not quorate since
// the instant from, as a time after it, or -1.
func (h *Host) FlagDown(from int64) time.Duration {
	for _, e := range h.Events(from) {
		if e.Kind == "quorum" && !e.Quorate {
			return time.Duration(e.At-from) * time.Microsecond
		}
	}
	return -1
}

// FlagUp returns when a node's Corosync first said that it is quorate in a ring of
// exactly these nodes since the instant from, as a time after it, or -1.
func (h *Host) FlagUp(from int64, nodes ...int) time.Duration {
	for _, e := range h.Events(from) {
		if e.Kind != "quorum" || !e.Quorate {
			continue
		}
		if slices.Sort(e.Nodes); slices.Equal(e.Nodes, nodes) {
			return time.Duration(e.At-from) * time.Microsecond
		}
	}
	return -1
}

// AwaitDevice waits until corosync-qdevice-tool -s -v says this on every node.
func (l *Lab) AwaitDevice(text string) {
	l.T.Helper()
	for _, n := range l.Nodes {
		Eventually(l.T, n.Name+" says "+text, wholeTime, func() bool {
			l.reviveArbiter()
			out, err := n.Run("corosync-qdevice-tool", "-s", "-v")
			return err == nil && strings.Contains(out, text)
		})
	}
}

// Unquorate returns for how long a node was not quorate since the instant from.
func (h *Host) Unquorate(from int64) (sum time.Duration) {
	quorate, since := true, from
	for _, e := range h.Events(0) {
		if e.Kind != "quorum" && e.Kind != "down" {
			continue
		}
		now := e.Kind == "quorum" && e.Quorate
		if at := max(e.At, from); !quorate && e.At > from {
			sum += time.Duration(at-since) * time.Microsecond
		}
		quorate, since = now, max(e.At, from)
	}
	if !quorate {
		sum += time.Duration(Now()-since) * time.Microsecond
	}
	return sum
}
