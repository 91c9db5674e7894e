// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// runLab runs quorate lab in this process.
func runLab(t *testing.T, input string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	var out, errOut bytes.Buffer
	root := newRoot()
	root.SetIn(strings.NewReader(input))
	root.SetArgs(append([]string{"lab"}, args...))
	root.SetOut(&out)
	root.SetErr(&errOut)
	err := root.ExecuteContext(context.Background())
	var exit exitCode
	switch {
	case errors.As(err, &exit):
		code = int(exit)
	case err != nil:
		code = 1
		fmt.Fprintf(&errOut, "quorate: %v\n", err)
	}
	empty(t, os.Getenv("TMPDIR"))
	return code, out.String(), errOut.String()
}

// empty checks that nothing was left in a directory.
func empty(t *testing.T, dir string) {
	t.Helper()
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left in the temporary directory: %v, %v", left, err)
	}
}

// TestLabMisuse: one clear line with the place, and nothing starts.
func TestLabMisuse(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.txt")
	if err := os.WriteFile(bad, []byte("# fine\ndown 1\n\nup 3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ args, input, want string }{
		{"--nodes 0", "", "quorate: lab: 0 nodes: want 1 to 16\n"},
		{"--algorithm test", "", "quorate: --algorithm: \"test\" is not one of: ffsplit, lms, 2nodelms\n"},
		{"--tie-breaker 0", "", "quorate: --tie-breaker: \"0\" is not lowest, highest or a node ID\n"},
		{"--tie-breaker 3", "", "quorate: lab: tie-breaker node 3: nodes are 1 to 2\n"},
		{"--script " + bad, "", "quorate: " + bad + ":4: up: there is no node \"3\": nodes are 1 to 2\n"},
		{"--script /missing", "", "quorate: --script: open /missing: no such file or directory\n"},
		{"", "thaw 1", "quorate: input:1: thaw 1: node 1 is not frozen\n"},
		{"--no-device --script -", "arbiter stop", "quorate: input:1: arbiter stop: there is no arbiter: device on adds one\n"},
		{"--demo --nodes 3", "", "quorate: --demo brings its own laboratory and script: leave --nodes out\n"},
		{"--log /missing/x", "", "quorate: --log: open /missing/x: no such file or directory\n"},
		{"extra", "", "quorate: \"extra\": usage: quorate lab [flags]\n"},
	} {
		code, out, errOut := runLab(t, c.input, strings.Fields(c.args)...)
		if code != 1 || errOut != c.want || out != "" {
			t.Errorf("%s: exit %d, %q, %q", c.args, code, errOut, out)
		}
	}
}

// TestLabNoDirectory: a TMPDIR that is of no use is named.
func TestLabNoDirectory(t *testing.T) {
	t.Setenv("TMPDIR", "/missing")
	code, out, errs := call("quorate", "lab", "--script", "/dev/null")
	if want := "quorate: lab: TMPDIR is not a directory for files: can't look at /missing: no such file or directory\n"; code != 1 || out != "" || errs != want {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
}

// TestLabScript plays a script from the input, and one from a file.
func TestLabScript(t *testing.T) {
	const script = "leave 1\nguest create web on 2 # allowed\nquit\nnonsense after the end\n"
	file := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(t.TempDir(), "log")
	for _, args := range [][]string{nil, {"--script", file, "--log", log}} {
		input := script
		if args != nil {
			input = "this is not read"
		}
		code, out, errOut := runLab(t, input, args...)
		for _, want := range []string{"2 nodes, algorithm ffsplit", "> leave 1\n", "did not answer", "done: web is stopped, on node 2\n"} {
			if code != 0 || errOut != "" || !strings.Contains(out, want) {
				t.Errorf("%v: exit %d, %q, no %q in\n%s", args, code, errOut, want, out)
			}
		}
	}
	if b, err := os.ReadFile(log); err != nil || !strings.Contains(string(b), "event=vote_sent") {
		t.Errorf("the log: %v, %s", err, b)
	}
}

// child is quorate as a process of its own, on a terminal.
type child struct {
	t    *testing.T
	cmd  *exec.Cmd
	term *os.File
	tmp  string

	mu   sync.Mutex
	out  bytes.Buffer
	news chan struct{}
	done chan struct{} // nothing will be printed any more
}

// onTerminal runs quorate on a pseudoterminal.
func onTerminal(t *testing.T, env []string, args ...string) *child {
	t.Helper()
	term, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fd := int(term.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80})
	}
	if err != nil {
		t.Fatal(err)
	}
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer tty.Close()
	c := &child{t: t, term: term, tmp: t.TempDir(), news: make(chan struct{}, 1), done: make(chan struct{})}
	c.cmd = exec.Command("/proc/self/exe", args...)
	c.cmd.Env = append(append(os.Environ(), asQuorate+"=1", "TMPDIR="+c.tmp, "TERM=xterm-256color", "NO_COLOR="), env...)
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = tty, tty, tty
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go c.read()
	t.Cleanup(func() {
		_ = c.cmd.Process.Kill()
		<-c.done
		_ = term.Close()
	})
	return c
}

func (c *child) read() {
	defer close(c.done)
	buf := make([]byte, 4096)
	for {
		n, err := c.term.Read(buf)
		c.mu.Lock()
		c.out.Write(buf[:n])
		c.mu.Unlock()
		select {
		case c.news <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

func (c *child) printed() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.out.String()
}

// tail is the end of what was printed, for a message.
func (c *child) tail() string {
	s := c.printed()
	return s[max(0, len(s)-1000):]
}

// expect waits until a text has been printed since the last keys were sent.
func (c *child) expect(text string) {
	c.t.Helper()
	limit := time.After(time.Minute)
	for !strings.Contains(c.printed(), text) {
		select {
		case <-c.news:
		case <-c.done:
			c.t.Fatalf("ended, and no %q in %q", text, c.tail())
		case <-limit:
			c.t.Fatalf("no %q in %q", text, c.tail())
		}
	}
}

func (c *child) send(keys string) {
	c.t.Helper()
	c.mu.Lock()
	c.out.Reset()
	c.mu.Unlock()
	if _, err := c.term.WriteString(keys); err != nil {
		c.t.Fatal(err)
	}
}

// wait waits for the end, and returns the exit code.
func (c *child) wait() int {
	c.t.Helper()
	kill := time.AfterFunc(time.Minute, func() { _ = c.cmd.Process.Kill() })
	defer kill.Stop()
	_ = c.cmd.Wait()
	empty(c.t, c.tmp)
	return c.cmd.ProcessState.ExitCode()
}

// TestLabTerminal drives the live table with keys, as a person does.
func TestLabTerminal(t *testing.T) {
	c := onTerminal(t, nil, "lab")
	c.expect("all nodes are together")
	c.send("2")
	c.expect("did not answer")
	c.send("guest create web on 1\r")
	c.expect("done:")
	c.send("fly\r")
	c.expect("help")
	if err := unix.IoctlSetWinsize(int(c.term.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 3, Col: 20}); err != nil {
		t.Fatal(err)
	}
	c.send("quit\r")
	if code := c.wait(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	_, left, _ := strings.Cut(c.printed(), "2 nodes, algorithm ffsplit") // after the screen
	for _, want := range []string{"> down 2", "done: web is stopped", "At no instant were two partitions quorate at once."} {
		if !strings.Contains(left, want) {
			t.Errorf("no %q is left on the terminal: %q", want, left)
		}
	}
}

// TestLabEnds: however it is ended, nothing is left.
func TestLabEnds(t *testing.T) {
	for name, end := range map[string]struct {
		args []string
		wait string
		do   func(*child)
		code int
	}{
		"ctrl-c at the prompt": {[]string{"lab"}, "all nodes are together", func(c *child) { c.send("\x03") }, 130},
		"ctrl-d at the prompt": {[]string{"lab"}, "all nodes are together", func(c *child) { c.send("\x04") }, 0},
		"ctrl-c in a script":   {[]string{"lab", "--demo"}, "nodes", func(c *child) { c.send("\x03") }, 130},
		"ctrl-d":               {[]string{"lab", "--plain"}, "ACK", func(c *child) { c.send("\x04") }, 0},
		"SIGTERM":              {[]string{"lab"}, "all nodes are together", func(c *child) { _ = c.cmd.Process.Signal(syscall.SIGTERM) }, 130},
		"SIGHUP":               {[]string{"lab"}, "all nodes are together", func(c *child) { _ = c.cmd.Process.Signal(syscall.SIGHUP) }, 130},
	} {
		t.Run(name, func(t *testing.T) {
			c := onTerminal(t, nil, end.args...)
			c.expect(end.wait)
			end.do(c)
			if code := c.wait(); code != end.code {
				t.Errorf("exit code %d, want %d; printed %q", code, end.code, c.tail())
			}
		})
	}
}

// TestLabPlain types on a terminal that has a transcript only.
func TestLabPlain(t *testing.T) {
	for name, env := range map[string]struct {
		env    []string
		args   []string
		colour bool
	}{
		"plain":    {nil, []string{"lab", "--plain"}, true},
		"no color": {[]string{"NO_COLOR=1"}, []string{"lab", "--plain"}, false},
		"dumb":     {[]string{"TERM=dumb"}, []string{"lab"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			c := onTerminal(t, env.env, env.args...)
			c.expect("all nodes are together")
			if got := strings.Contains(c.printed(), "\x1b["); got != env.colour {
				t.Errorf("colour: %t in %q", got, c.tail())
			}
			c.send("fly\n")
			c.expect("no command \"fly\": try help")
			c.send("split 1\n")
			c.expect("not quorate")
			c.send("quit\n")
			if code := c.wait(); code != 0 {
				t.Errorf("exit code %d", code)
			}
		})
	}
}
