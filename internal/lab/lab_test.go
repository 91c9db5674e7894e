// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package lab

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/engine/core"
	"github.com/quorate/quorate/internal/golden"
	"github.com/quorate/quorate/internal/leak"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/scenario"
)

// TestTranscripts plays testdata/*.txt, and the demo, on real daemons over real
// sockets, and compares the outcome of each command with *.out. -rewrite writes
// them; docs/lab.md has what is in demo.out.
func TestTranscripts(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"two":     func(*Config) {},
		"four":    func(c *Config) { c.Nodes = 4 },
		"highest": func(c *Config) { c.Nodes = 2; c.TieBreaker.Mode = qnet.TieBreakerHighest },
		"lms":     func(c *Config) { c.Nodes, c.Algorithm = 3, qnet.LMS },
		"plain":   func(c *Config) { c.Nodes, c.Device = 3, false },
		"wait":    func(c *Config) { c.Nodes, c.WaitForAll = 2, true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := Defaults()
			change(&cfg)
			s, err := ParseScript(name+".txt", golden.Read(t, "testdata/"+name+".txt"), &cfg)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, name, cfg, s)
		})
	}
	t.Run("demo", func(t *testing.T) {
		t.Parallel()
		cfg, s, err := Demo()
		if err != nil {
			t.Fatal(err)
		}
		compare(t, "demo", cfg, s)
	})
}

// compare plays a script and compares its transcript. A machine that is too busy
// for the laboratory's timers says so in the transcript: then it is played again.
func compare(t *testing.T, name string, cfg Config, s *scenario.File) {
	file, want := "testdata/"+name+".out", ""
	if !golden.Rewrite() {
		want = golden.Read(t, file)
	}
	for try := 1; ; try++ {
		got := play(t, cfg, s)
		busy := strings.Contains(got, "it stood still")
		switch {
		case !busy && golden.Rewrite():
			golden.Write(t, file, got)
			return
		case outcome(got) == outcome(want):
			return
		case busy && try < 10:
			t.Logf("try %d: the machine was too busy", try)
			continue
		}
		t.Fatalf("%s differs (go test -rewrite shows where), first in\n%s\nof\n%s", file, firstDifference(outcome(got), outcome(want)), got)
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return " got " + g[i] + "\nwant " + w[i]
		}
	}
	return "the number of lines"
}

// event is a line of what has happened: its time, of whom it tells, and what.
var event = regexp.MustCompile(`^ +\d+\.\ds  (arbiter|cluster|nodes? [0-9, -]*[0-9]|machine) +(.*)$`)

// outcome is a transcript without what may differ from run to run: the times, and
// what was in between. Of what happens after a command the last line counts that
// tells of the arbiter, or of a node.
func outcome(transcript string) string {
	var b strings.Builder
	last := map[string]string{}
	flush := func() {
		for _, who := range slices.Sorted(maps.Keys(last)) {
			b.WriteString(who + ": " + last[who] + "\n")
		}
		clear(last)
	}
	for line := range strings.Lines(transcript) {
		line = strings.TrimSuffix(line, "\n")
		if m := event.FindStringSubmatch(line); m != nil {
			for _, who := range each(m[1]) {
				last[who] = m[2]
			}
			continue
		}
		if strings.HasPrefix(line, "> ") || line == "" {
			flush()
		}
		b.WriteString(line + "\n")
	}
	flush()
	return b.String()
}

// each takes "nodes 1-3, 5" apart.
func each(who string) []string {
	list, ok := strings.CutPrefix(who, "nodes ")
	if !ok {
		return []string{who}
	}
	var names []string
	for part := range strings.SplitSeq(list, ", ") {
		var from, to int
		if _, err := fmt.Sscanf(part, "%d-%d", &from, &to); err != nil {
			to = from
		}
		for id := from; id <= to; id++ {
			names = append(names, fmt.Sprintf("node %d", id))
		}
	}
	return names
}

// play plays a script in a laboratory of its own.
func play(t *testing.T, cfg Config, s *scenario.File) string {
	t.Helper()
	return inLab(t, cfg, func(_ *Lab, p *Player) error { return p.Play(t.Context(), s) })
}

// inLab does something in a laboratory of its own, and returns what was printed.
func inLab(t *testing.T, cfg Config, do func(*Lab, *Player) error) string {
	t.Helper()
	cfg.TempDir = tempRoot(t)
	var log, out bytes.Buffer
	cfg.Log = &log
	l, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	p := &Player{Lab: l, Out: &out}
	if err = p.Begin(t.Context()); err == nil {
		err = do(l, p)
	}
	if cerr := l.Close(); err != nil || cerr != nil {
		t.Fatalf("%v, %v\n%s\n%s", err, cerr, out.String(), log.String())
	}
	if left, err := os.ReadDir(cfg.TempDir); err != nil || len(left) > 0 {
		t.Errorf("left in the temporary directory: %v, %v", left, err)
	}
	return out.String()
}

// tempRoot is a new directory for temporary ones, in memory if it may be: the
// arbiter waits for its disk, and a busy disk takes longer than the timers.
func tempRoot(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "quorate-test-")
	if err != nil {
		dir = t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// used is what a process may leak.
type used struct{ goroutines, files int }

func resources() used {
	files, _ := os.ReadDir("/proc/self/fd")
	return used{leak.Goroutines(), len(files)}
}

func nothingLeft(t *testing.T, tmp string, before used) {
	t.Helper()
	left, err := os.ReadDir(tmp)
	if err != nil || len(left) > 0 {
		t.Errorf("left in the temporary directory: %v, %v", left, err)
	}
	for end := time.Now().Add(10 * time.Second); ; runtime.Gosched() {
		now := resources()
		if now.goroutines <= before.goroutines && now.files <= before.files {
			return
		}
		if time.Now().After(end) {
			buf := make([]byte, 1<<20)
			t.Fatalf("before %+v, after %+v:\n%s", before, now, buf[:runtime.Stack(buf, true)])
		}
	}
}

// TestInterrupt ends a laboratory in the middle of a wait, of a start, and while
// nothing gets through.
func TestInterrupt(t *testing.T) {
	for name, text := range map[string]string{
		"idle": "wait 5m", "silent": "drop 1 arbiter; freeze 2; wait 5m", "off": "down 1; arbiter stop; wait 5m",
		"guest": "guest create web on 1; drop 1 2; guest start web; wait 5m",
	} {
		t.Run(name, func(t *testing.T) {
			tmp := tempRoot(t)
			before := resources()
			cfg := Defaults()
			s, err := ParseScript("x", text, &cfg)
			if err != nil {
				t.Fatal(err)
			}
			cfg.TempDir = tmp
			l, err := Start(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			var out bytes.Buffer
			p := &Player{Lab: l, Out: writer(func(b []byte) {
				if out.Write(b); strings.Contains(string(b), "> wait") {
					cancel()
				}
			})}
			if err := p.Begin(ctx); err != nil {
				t.Fatal(err)
			}
			if err := p.Play(ctx, s); err != context.Canceled {
				t.Errorf("%v\n%s", err, out.String())
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
			if err := l.Close(); err != nil {
				t.Error("closed twice:", err)
			}
			nothingLeft(t, tmp, before)
		})
	}
}

type writer func([]byte)

func (w writer) Write(b []byte) (int, error) {
	w(b)
	return len(b), nil
}

func TestConfig(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"":                       func(*Config) {},
		"0 nodes: want 1 to 16":  func(c *Config) { c.Nodes = 0 },
		"17 nodes: want 1 to 16": func(c *Config) { c.Nodes = 17 },
		"algorithm 2nodelms is for 2 nodes, not for 3":                                       func(c *Config) { c.Nodes, c.Algorithm = 3, qnet.TwoNodeLMS },
		"tie-breaker node 3: nodes are 1 to 2":                                               func(c *Config) { c.TieBreaker = qnet.TieBreaker{Mode: qnet.TieBreakerNode, ID: 3} },
		"algorithm Test is not for the laboratory":                                           func(c *Config) { c.Algorithm = qnet.Test },
		"heartbeat 1ms: want at least 100ms":                                                 func(c *Config) { c.Timers.Heartbeat = time.Millisecond },
		"algorithm lms gives the device one vote less than there are nodes: want at least 2": func(c *Config) { c.Nodes, c.Algorithm = 1, qnet.LMS },
	} {
		cfg := Defaults()
		change(&cfg)
		got := ""
		if err := cfg.Check(); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if l, err := Start(t.Context(), cfg); want != "" && err == nil {
			_ = l.Close()
			t.Errorf("%q: it starts", want)
		} else if err == nil {
			_ = l.Close()
		}
	}
}

// TestNoTemp: what can't be started leaves nothing.
func TestNoTemp(t *testing.T) {
	cfg := Defaults()
	cfg.TempDir = filepath.Join(t.TempDir(), "missing")
	before := resources()
	if _, err := Start(t.Context(), cfg); err == nil {
		t.Error("started without a temporary directory")
	}
	nothingLeft(t, filepath.Dir(cfg.TempDir), before)
}

// TestDocs: docs/lab.md has the demo's transcript and the help as they are.
func TestDocs(t *testing.T) {
	const path = "../../docs/lab.md"
	doc := golden.Read(t, path)
	for head, text := range map[string]string{
		"```\n$ quorate lab --demo\n": golden.Read(t, "testdata/demo.out"),
		"## Commands\n\n```\n":        strings.Join(scenario.HelpText(), "\n") + "\n",
	} {
		before, rest, ok := strings.Cut(doc, head)
		was, after, closed := strings.Cut(rest, "```\n")
		if !ok || !closed {
			t.Fatalf("%s: no block %q", path, head)
		}
		if was != text && !golden.Rewrite() {
			t.Errorf("%s: the block below %q is not as it is now (go test -rewrite)", path, head)
		}
		doc = before + head + text + "```\n" + after
	}
	if golden.Rewrite() {
		golden.Write(t, path, doc)
	}
}

// TestAlarm: what must never be is told, and is an error at the end.
func TestAlarm(t *testing.T) {
	cfg := Defaults()
	cfg.TempDir = tempRoot(t)
	l, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var out bytes.Buffer
	p := &Player{Lab: l, Out: &out}
	if err := p.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.engineEvent(core.Split{Parts: [][]qnet.NodeID{{1}, {2, 3}}})
	l.engineEvent(core.Conflict{Kept: 1, Lost: 2})
	s, err := ParseScript("x", "wait 100ms", &cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Play(t.Context(), s); !errors.Is(err, ErrAlarm) {
		t.Errorf("%v", err)
	}
	for _, want := range []string{"ALARM       split brain: node 1 and nodes 2, 3 are quorate at once", "ALARM       nodes 1 and 2 have each changed what the other never saw"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "At no instant") {
		t.Error("it is said that all was well")
	}
}

// TestRandom plays random faults, one close after the other, on real daemons: two
// partitions are never quorate at once, and when all is mended all is well.
func TestRandom(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	cfg := Defaults()
	cfg.Nodes = 2 + rng.IntN(3)
	var v View
	out := inLab(t, cfg, func(l *Lab, p *Player) error {
		for range *faults {
			if _, err := p.Type(t.Context(), fmt.Sprintf("%s; wait %dms", fault(rng, l.View()), 50+rng.IntN(1500))); err != nil {
				return err
			}
		}
		v = l.View()
		_, err := p.Type(t.Context(), mended(&v))
		if v = l.View(); err != nil {
			return err
		}
		return p.End()
	})
	for _, n := range v.Nodes {
		if !v.Calm || !n.Quorate || len(n.With) != cfg.Nodes-1 || n.FromDevice != 1 {
			t.Fatalf("at the end node %v is %+v\n%s", n.ID, n, out)
		}
	}
}

var faults = flag.Int("faults", 8, "how many faults TestRandom makes")

// fault is a command that can be done now.
func fault(rng *rand.Rand, v View) string {
	for {
		a, b := rng.IntN(len(v.Nodes)+1), rng.IntN(len(v.Nodes)+1)
		name := func(i int) string {
			if i == 0 {
				return "arbiter"
			}
			return fmt.Sprint(i)
		}
		switch verb := []string{"cut", "drop", "drop", "heal", "power", "freeze", "arbiter"}[rng.IntN(7)]; {
		case verb == "arbiter" && v.Arbiter.Running:
			return "arbiter stop"
		case verb == "arbiter":
			return "arbiter start"
		case a == b:
		case verb == "power" && a > 0 && v.Nodes[a-1].Up:
			return "down " + name(a)
		case verb == "power" && a > 0:
			return "up " + name(a)
		case verb == "freeze" && a > 0 && v.Nodes[a-1].Frozen:
			return "thaw " + name(a)
		case verb == "freeze" && a > 0 && v.Nodes[a-1].Up:
			return "freeze " + name(a)
		case verb == "cut" || verb == "drop" || verb == "heal":
			return verb + " " + name(a) + " " + name(b)
		}
	}
}

// mended undoes all faults at once.
func mended(v *View) string {
	commands := []string{"heal"}
	if !v.Arbiter.Running {
		commands = append(commands, "arbiter start")
	}
	for _, n := range v.Nodes {
		if n.Frozen {
			commands = append(commands, "thaw "+n.ID.String())
		}
		if !n.Up {
			commands = append(commands, "up "+n.ID.String())
		}
	}
	return strings.Join(commands, "; ")
}
