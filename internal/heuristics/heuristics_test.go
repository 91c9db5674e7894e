// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package heuristics

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/qnet"
)

// helper, in the environment, makes the test binary a daemon that runs a command
// until it is killed.
const helper = "HEURISTICS_TEST_DAEMON"

func TestMain(m *testing.M) {
	if line, ok := os.LookupEnv(helper); ok {
		r := New(Config{}, func(uint64, qnet.Heuristics, []Outcome) {})
		if err := r.SetCommands([]Command{{"x", line}}); err != nil {
			panic(err)
		}
		r.Run(1, time.Hour)
		fmt.Println(r.mark)
		select {}
	}
	os.Exit(m.Run())
}

func TestParse(t *testing.T) {
	for in, want := range map[string][]string{
		"/bin/true":                         {"/bin/true"},
		"  /bin/ping\t-c1  192.0.2.1 ":      {"/bin/ping", "-c1", "192.0.2.1"},
		`/bin/sh -c "test -e \"$X\" 'a b'"`: {"/bin/sh", "-c", `test -e "$X" 'a b'`},
		`/bin/a\ b c\\d`:                    {"/bin/a b", `c\d`},
		`/bin/x a "" b`:                     {"/bin/x", "a"},
		"/bin/x a\nb\r\nc":                  {"/bin/x", "a", "b", "c"},
		`/bin/x "open`:                      {"/bin/x", "open"},
	} {
		if got, err := Parse(in); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: got %q, %v, want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"", " \n\t", `"" /bin/true`, "/bin/true \x00"} {
		if got, err := Parse(in); err == nil {
			t.Errorf("%q: got %q, want an error", in, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`/bin/sh -c "a \"b\" c" \  ""`)
	f.Fuzz(func(t *testing.T, s string) {
		argv, err := Parse(s)
		if (err == nil) != (len(argv) > 0) || slices.Contains(argv, "") || strings.ContainsAny(strings.Join(argv, ""), "\x00\r\n") {
			t.Errorf("%q: %q, %v", s, argv, err)
		}
	})
}

// result is what a runner told.
type result struct {
	id       uint64
	result   qnet.Heuristics
	outcomes []Outcome
}

// bench is a runner under test.
type bench struct {
	*testing.T
	r       *Runner
	results chan result
}

func newBench(t *testing.T, cfg Config) *bench {
	t.Helper()
	b := &bench{T: t, results: make(chan result, 100)}
	b.r = New(cfg, func(id uint64, r qnet.Heuristics, o []Outcome) { b.results <- result{id, r, o} })
	t.Cleanup(func() {
		if err := b.r.Close(); err != nil {
			t.Error(err)
		}
		if left := b.marked(); len(left) > 0 {
			t.Errorf("left at the end: %q", left)
		}
	})
	return b
}

func (b *bench) set(lines ...string) {
	b.Helper()
	var list []Command
	for i, l := range lines {
		list = append(list, Command{fmt.Sprint("c", i), l})
	}
	if err := b.r.SetCommands(list); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) await() result {
	b.Helper()
	select {
	case res := <-b.results:
		return res
	case <-time.After(20 * time.Second):
		b.Fatal("no result")
		return result{}
	}
}

// marked returns the command lines of all living processes that carry the runner's mark.
func (b *bench) marked() []string { return withMark(b.r.mark) }

func withMark(mark string) []string {
	f := &family{mark: mark, everyRun: true}
	var lines []string
	for _, p := range processes() {
		if !p.dead && f.marks(p.pid, map[int][]byte{}) {
			line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.pid))
			lines = append(lines, strings.TrimRight(strings.ReplaceAll(string(line), "\x00", " "), " "))
		}
	}
	return lines
}

// eventually polls, as other processes come and go in their own time.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); <-tick.C {
		if f() {
			return
		}
	}
	t.Fatalf("not in time: %s", what)
}

func TestResults(t *testing.T) {
	inherited, err := syscall.Dup(0) // as if the daemon had been started with it: a command would get it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(inherited) })
	dir := t.TempDir()
	script := filepath.Join(dir, "script")
	if err := os.WriteFile(script, []byte("exit 3\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	fifo := filepath.Join(dir, "fifo")
	t.Setenv("SECRET", "x")
	t.Setenv("LANG", "C.UTF-8")
	for _, tt := range []struct {
		name   string
		cfg    Config
		lines  []string
		want   qnet.Heuristics
		detail string // of the first command
	}{
		{"none", Config{}, nil, qnet.HeuristicsUndefined, ""},
		{"all pass", Config{}, []string{"/bin/true", "/bin/true"}, qnet.HeuristicsPass, ""},
		{"exit code", Config{}, []string{"/bin/sh -c \"exit 7\""}, qnet.HeuristicsFail, "exit code 7"},
		{"one fails", Config{}, []string{"/bin/sleep 1000", "/bin/false"}, qnet.HeuristicsFail, "another command failed first"},
		{"signal", Config{}, []string{"/bin/sh -c \"kill -9 $$\""}, qnet.HeuristicsFail, "killed by signal 9 (killed)"},
		{"parallel", Config{}, []string{"/bin/sh -c \"mkfifo " + fifo + "; echo x > " + fifo + "\"",
			"/bin/sh -c \"until test -p " + fifo + "; do sleep 0.01; done; read x < " + fifo + "\""}, qnet.HeuristicsPass, ""},
		{"not there", Config{}, []string{"/nonexistent/x"}, qnet.HeuristicsFail,
			"not started: fork/exec /nonexistent/x: no such file or directory"},
		{"no absolute path", Config{}, []string{"true"}, qnet.HeuristicsFail,
			`not started: "true" is not an absolute path, and heuristics_use_execvp is off`},
		{"path", Config{UseExecvp: true}, []string{"true"}, qnet.HeuristicsPass, ""},
		{"path, relative", Config{UseExecvp: true}, []string{"bin/true"}, qnet.HeuristicsFail, `not started: "bin/true" is a relative path`},
		{"script without #!", Config{}, []string{script}, qnet.HeuristicsFail, "not started: fork/exec " + script + ": exec format error"},
		{"script without #!, by sh", Config{UseExecvp: true}, []string{script + " a"}, qnet.HeuristicsFail, "exit code 3"},
		{"files", Config{}, []string{`/bin/sh -c "for f in 0 1 2; do test $(readlink /proc/$$/fd/$f) = /dev/null || exit 1; done; test $(pwd) = /"`,
			`/usr/bin/test ! -e /proc/self/fd/3`, fmt.Sprintf("/usr/bin/test ! -e /proc/self/fd/%d", inherited)},
			qnet.HeuristicsPass, ""},
		{"environment", Config{}, []string{`/bin/sh -c "test -z \"$SECRET\" && test $LANG = C.UTF-8 && test -n $PATH"`}, qnet.HeuristicsPass, ""},
		{"own group", Config{}, []string{`/bin/sh -c "test $(cut -d' ' -f5 /proc/$$/stat) = $$"`}, qnet.HeuristicsPass, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, tt.cfg)
			b.set(tt.lines...)
			b.r.Run(5, 20*time.Second)
			got := b.await()
			if got.id != 5 || got.result != tt.want || len(got.outcomes) != len(tt.lines) {
				t.Fatalf("got %+v, want %s", got, tt.want)
			}
			if len(got.outcomes) == 0 {
				return
			}
			o := got.outcomes[0]
			if o.Name != "c0" || o.Detail != tt.detail || (o.Detail == "") != (o.Result == qnet.HeuristicsPass) || o.Duration <= 0 {
				t.Errorf("got %+v, want detail %q", o, tt.detail)
			}
		})
	}
}

func TestSetCommandsRefuses(t *testing.T) {
	b := newBench(t, Config{MaxExecs: 2})
	b.set("/bin/true")
	for _, tt := range []struct {
		list []Command
		want string
	}{
		{[]Command{{"a", "/bin/true"}, {"b", "/bin/true"}, {"c", "/bin/true"}},
			"quorum.device.heuristics: 3 commands, more than the 2 that heuristics_max_execs allows"},
		{[]Command{{"a", "/bin/false"}, {"b", " "}}, `quorum.device.heuristics.exec_b: " " names no program`},
	} {
		if err := b.r.SetCommands(tt.list); err == nil || err.Error() != tt.want {
			t.Errorf("got %v, want %s", err, tt.want)
		}
	}
	b.r.Run(1, 20*time.Second)
	if got := b.await(); got.result != qnet.HeuristicsPass {
		t.Errorf("the list was not kept: %+v", got)
	}
}

// Whoever a command that is not done in time has started ends with it: in its group,
// in a group or session of its own, with its parent dead, with no environment, with
// SIGTERM ignored.
func TestTimeout(t *testing.T) {
	b := newBench(t, Config{KillInterval: 50 * time.Millisecond})
	b.set(
		`/bin/sh -c "sleep 1001 & sleep 1002 & wait"`,
		`/bin/sh -c "trap '' TERM; while :; do sleep 0.1; done"`,
		`/bin/sh -c "setsid sh -c 'sleep 1003; :' & setsid setsid sleep 1004 & sleep 1005; :"`,
		`/bin/sh -c "env -i setsid sleep 1006 & sleep 1007; :"`,
		`/bin/bash -c "set -m; (trap '' TERM; sleep 1008; :) & sleep 1009; :"`,
	)
	b.r.Run(1, time.Hour)
	eventually(t, "all run", func() bool { return countSleeps(1001, 1009) == 9 })
	b.r.loop.post(b.r.timedOut)
	got := b.await()
	for _, o := range got.outcomes {
		if got.result != qnet.HeuristicsFail || o.Result != qnet.HeuristicsFail || o.Detail != "not done in time" || o.Duration <= 0 {
			t.Errorf("got %+v", got)
		}
	}
	eventually(t, "all ended", func() bool { return countSleeps(1001, 1009) == 0 && len(b.marked()) == 0 })
	b.set("/bin/true")
	b.r.Run(2, 20*time.Second)
	if got := b.await(); got.result != qnet.HeuristicsPass {
		t.Errorf("afterwards: %+v", got)
	}
	eventually(t, "none is counted", func() bool { return b.tasks() == 0 })
}

// countSleeps counts processes "sleep N", N from lo to hi.
func countSleeps(lo, hi int) int {
	n := 0
	for _, p := range processes() {
		line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.pid))
		var secs int
		if _, err := fmt.Sscanf(strings.ReplaceAll(string(line), "\x00", " "), "sleep %d ", &secs); err == nil && lo <= secs && secs <= hi && !p.dead {
			n++
		}
	}
	return n
}

// tasks asks the loop how many processes count.
func (b *bench) tasks() int {
	n := make(chan int, 1)
	b.r.loop.post(func() { n <- b.r.tasks })
	return <-n
}

// A command that has exited leaves nothing in its group. What it put in a session of
// its own stays until the end.
func TestLeftBehind(t *testing.T) {
	b := newBench(t, Config{KillInterval: 50 * time.Millisecond})
	file := filepath.Join(t.TempDir(), "up")
	b.set(`/bin/sh -c "(trap '' TERM; sleep 1011; sleep 1012; :) & setsid sh -c 'touch ` + file + `; exec sleep 1013' & ` +
		`until test -e ` + file + `; do sleep 0.01; done"`)
	b.r.Run(1, 20*time.Second)
	if got := b.await(); got.result != qnet.HeuristicsPass {
		t.Fatalf("got %+v", got)
	}
	eventually(t, "its group ended", func() bool { return countSleeps(1011, 1012) == 0 && b.tasks() == 0 })
	eventually(t, "its session goes on", func() bool { return countSleeps(1013, 1013) == 1 })
	if err := b.r.Close(); err != nil || countSleeps(1013, 1013) != 0 {
		t.Errorf("after Close: %v, %q", err, b.marked())
	}
}

func TestReplaced(t *testing.T) {
	b := newBench(t, Config{})
	b.set("/bin/sleep 1021")
	b.r.Run(1, time.Hour)
	eventually(t, "it runs", func() bool { return len(b.marked()) == 1 })
	b.set("/bin/true")
	b.r.Run(2, 20*time.Second)
	if got := b.await(); got.id != 2 || got.result != qnet.HeuristicsPass {
		t.Errorf("got %+v", got)
	}
	eventually(t, "the first ended", func() bool { return len(b.marked()) == 0 })
	for id := range uint64(100) {
		b.r.Run(10+id, time.Hour)
	}
	for got := b.await(); got.id != 109; got = b.await() {
		if got.id < 10 {
			t.Fatalf("got %+v", got)
		}
	}
}

func TestMaxProcesses(t *testing.T) {
	b := newBench(t, Config{MaxProcesses: 3, KillInterval: time.Hour})
	b.set(`/bin/sh -c "trap '' TERM; sleep 1031; sleep 1032"`, `/bin/sh -c "trap '' TERM; sleep 1033; sleep 1034"`)
	b.r.Run(1, time.Hour)
	eventually(t, "both run", func() bool { return countSleeps(1031, 1034) == 2 })
	b.r.loop.post(b.r.timedOut)
	b.await()
	b.r.Run(2, time.Hour)
	got := b.await()
	if got.id != 2 || got.result != qnet.HeuristicsFail || got.outcomes[1].Detail != "not started: too many processes are left" {
		t.Errorf("got %+v", got)
	}
}

func TestClose(t *testing.T) {
	b := newBench(t, Config{KillInterval: time.Hour})
	b.set(`/bin/sh -c "trap '' TERM; setsid sleep 1041 & sleep 1042; sleep 1043"`)
	b.r.Run(1, time.Hour)
	eventually(t, "it runs", func() bool { return countSleeps(1041, 1042) == 2 })
	for range 2 {
		if err := b.r.Close(); err != nil {
			t.Error(err)
		}
	}
	if n := countSleeps(1041, 1043); n != 0 || len(b.results) > 0 {
		t.Errorf("%d processes left, %d results", n, len(b.results))
	}
	b.r.Run(2, time.Hour) // does nothing
	if err := New(Config{}, nil).Close(); err != nil {
		t.Error(err)
	}
}

// While the starter hangs, runs fail in time, and what they asked for is never run.
func TestStarterHangs(t *testing.T) {
	b := newBench(t, Config{})
	file := filepath.Join(t.TempDir(), "ran")
	b.set("/bin/touch " + file)
	let := make(chan struct{})
	b.r.loop.post(func() { b.r.onStarter(func() { <-let }) })
	b.r.Run(1, 20*time.Millisecond)
	if got := b.await(); got.result != qnet.HeuristicsFail || got.outcomes[0].Detail != "not done in time" {
		t.Errorf("got %+v", got)
	}
	close(let)
	eventually(t, "none is counted", func() bool { return b.tasks() == 0 })
	if _, err := os.Stat(file); err == nil {
		t.Error("it ran")
	}
	b.r.Run(2, 20*time.Second)
	if got := b.await(); got.result != qnet.HeuristicsPass {
		t.Errorf("got %+v", got)
	}
}

// If the daemon is killed, its commands end.
func TestDaemonKilled(t *testing.T) {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), helper+"=/bin/sleep 1051")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	mark := strings.TrimSpace(line)
	eventually(t, "it runs", func() bool { return len(withMark(mark)) == 1 })
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	eventually(t, "it ended", func() bool { return len(withMark(mark)) == 0 })
}

func TestParseStat(t *testing.T) {
	const tail = " 7 8 9 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 4242 10000 200 184467"
	for _, tt := range []struct {
		in   string
		want process
	}{
		{"12 (sleep) S" + tail, process{pid: 12, parent: 7, session: 9, start: 4242}},
		{"12 (a) R 1 2) (b) Z" + tail, process{pid: 12, parent: 7, session: 9, start: 4242, dead: true}},
	} {
		if got, err := parseStat(12, []byte(tt.in)); err != nil || got != tt.want {
			t.Errorf("%q: got %+v, %v", tt.in, got, err)
		}
	}
	for _, in := range []string{"", "12 (x) S 1 2 3", ")", strings.Replace("12 (x) S"+tail, "4242", "y", 1)} {
		if got, err := parseStat(12, []byte(in)); err == nil {
			t.Errorf("%q: got %+v", in, got)
		}
	}
}

// FuzzParseStat: whatever the name of a process is, the fields behind it are read; and
// what is no such line is refused.
func FuzzParseStat(f *testing.F) {
	tail := " 7 8 9 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4242 0 0"
	for _, s := range []string{"sleep", "a) R 1 2) (b", "", ")", "\n", "\xff ("} {
		f.Add([]byte(s))
	}
	f.Add([]byte("12 (x) S" + tail))
	f.Fuzz(func(t *testing.T, b []byte) {
		for state, dead := range map[string]bool{"S": false, "Z": true} {
			want := process{pid: 12, parent: 7, session: 9, start: 4242, dead: dead}
			if got, err := parseStat(12, []byte("12 ("+string(b)+") "+state+tail)); err != nil || got != want {
				t.Errorf("%q: %+v, %v", b, got, err)
			}
		}
		got, err := parseStat(12, b)
		if err != nil {
			if got != (process{}) {
				t.Errorf("%q: %+v and %v", b, got, err)
			}
			return
		}
		state := map[bool]string{false: "S", true: "Z"}[got.dead]
		line := fmt.Sprintf("12 (x) %s %d 0 %d%s %d", state, got.parent, got.session, strings.Repeat(" 0", 15), got.start)
		if again, err := parseStat(12, []byte(line)); err != nil || again != got {
			t.Errorf("%q: %+v, and then %+v, %v", b, got, again, err)
		}
	})
}

// A number that another process has by now gets no signal, nor do this process, the
// first one and strangers.
func TestStrangers(t *testing.T) {
	cmd := exec.Command("/bin/sleep", "1061")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	st, err := readStat(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	other := st
	other.start++
	if other.deliver(9) || !st.deliver(0) {
		t.Error("the start makes no difference")
	}
	s := &search{family: &family{pid: st.session, start: st.start + 1, mark: markName + "none."}, reaped: true}
	if found := s.find(processes(), map[int][]byte{}); len(found) != 0 {
		t.Errorf("found %v", found)
	}
	all := &search{family: &family{mark: markName, everyRun: true}, reaped: true}
	procs := []process{{pid: 1}, {pid: os.Getpid()}, {pid: 2, parent: 1}, st}
	if found := all.find(procs, map[int][]byte{1: []byte("\x00" + markName)}); len(found) != 0 {
		t.Errorf("found %v", found)
	}
}
