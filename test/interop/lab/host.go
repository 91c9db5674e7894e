// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package lab

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Programs are what a lab needs on the machine.
var programs = []string{
	"ip", "nft", "nsenter", "unshare", "mount", "gcc", "cp", "corosync", "corosync-keygen", "corosync-quorumtool",
	"corosync-qdevice", "corosync-qdevice-net-certutil", "corosync-qnetd", "corosync-qnetd-certutil", "corosync-qnetd-tool", "certutil",
	"sshd", "ssh", "scp", "ssh-keygen", ARMEmulator,
}

// ARMEmulator runs a program for a 32-bit ARM.
const ARMEmulator = "qemu-arm-static"

// Missing says what a lab lacks on this machine; it is empty if all is there.
func Missing() string {
	if os.Geteuid() != 0 {
		return "root"
	}
	var missing []string
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			missing = append(missing, p)
		}
	}
	return strings.Join(missing, ", ")
}

// Host is one machine of a lab.
type Host struct {
	Name string // node1, node2, ..., arbiter
	ID   int    // node ID; 0 for the arbiter
	Addr string
	Dir  string // on the machine: etc, log and the like are below it

	t     testing.TB
	ns    string
	owner int // pid that keeps the namespaces

	mu    sync.Mutex
	procs map[string]*proc
	drops []string // addresses from which nothing is let in
}

// proc is a running program of a host.
type proc struct {
	cmd  *exec.Cmd
	done chan struct{}
}

// run runs a command on the machine itself.
func run(name string, args ...string) error {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, bytes.TrimSpace(out))
	}
	return nil
}

// mounts is run inside new namespaces for mounts and for the host's name: it gives the
// host a name and directories of its own, and then only keeps the namespaces.
const mounts = `set -e
echo "$2" >/proc/sys/kernel/hostname
mount --bind "$1/run" /run
mount --bind "$1/lib" /var/lib/corosync
mount --bind "$1/log" /var/log/corosync
mount --bind "$1/etc" /etc/corosync
mount -t tmpfs none /dev/shm
mkdir -p /run/corosync-qdevice /run/corosync-qnetd
echo ready
exec sleep infinity`

// newHost makes a host and joins it to the switch.
func newHost(t testing.TB, base, sw, name string, id int, addr string) *Host {
	t.Helper()
	h := &Host{Name: name, ID: id, Addr: addr, Dir: filepath.Join(base, name), t: t, ns: sw + name, procs: map[string]*proc{}}
	for _, d := range []string{"run", "lib", "log", "etc"} {
		must(t, os.MkdirAll(filepath.Join(h.Dir, d), 0o755))
	}
	for _, d := range []string{"/var/lib/corosync", "/var/log/corosync", "/etc/corosync"} {
		must(t, os.MkdirAll(d, 0o755)) // mount points
	}
	must(t, run("ip", "netns", "add", h.ns))
	t.Cleanup(func() { _ = run("ip", "netns", "del", h.ns) })
	port := "p" + name
	must(t, run("ip", "-n", sw, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", h.ns))
	must(t, run("ip", "-n", sw, "link", "set", port, "master", "br0", "up"))
	must(t, run("ip", "-n", h.ns, "addr", "add", addr+"/24", "dev", "eth0"))
	must(t, run("ip", "-n", h.ns, "link", "set", "eth0", "up"))
	must(t, run("ip", "-n", h.ns, "link", "set", "lo", "up"))
	h.keep()
	return h
}

// keep starts the process that owns the host's namespaces.
func (h *Host) keep() {
	h.t.Helper()
	cmd := exec.Command("ip", "netns", "exec", h.ns, "unshare", "-m", "-u", "--propagation", "private", "sh", "-c", mounts, "sh", h.Dir, h.Name)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(h.t, err)
	must(h.t, cmd.Start())
	h.owner = cmd.Process.Pid
	h.t.Cleanup(func() {
		h.killAll()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line := make([]byte, 6)
	if _, err := out.Read(line); err != nil || string(line) != "ready\n" {
		h.t.Fatalf("%s did not come up: %v", h.Name, err)
	}
}

// command is a command on the host.
func (h *Host) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "nsenter", append([]string{"-t", fmt.Sprint(h.owner), "-m", "-u", "-n", "--", name}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	cmd.WaitDelay = time.Second
	return cmd
}

// Run runs a command on the host and returns all that it printed.
func (h *Host) Run(name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := h.command(ctx, name, args...).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s: %s %s: %w: %s", h.Name, name, strings.Join(args, " "), err, bytes.TrimSpace(out))
	}
	return string(out), err
}

// MustRun is Run, and ends the test on an error.
func (h *Host) MustRun(name string, args ...string) string {
	h.t.Helper()
	out, err := h.Run(name, args...)
	must(h.t, err)
	return out
}

// Start starts a program under a name; what it prints goes to log/NAME.out.
func (h *Host) Start(name string, argv ...string) {
	h.t.Helper()
	f, err := os.OpenFile(filepath.Join(h.Dir, "log", name+".out"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	must(h.t, err)
	defer f.Close()
	cmd := h.command(context.Background(), argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = f, f
	must(h.t, cmd.Start())
	p := &proc{cmd: cmd, done: make(chan struct{})}
	go func() {
		_ = cmd.Wait()
		close(p.done)
	}()
	h.mu.Lock()
	h.procs[name] = p
	h.mu.Unlock()
}

// Signal sends a signal to a program that Start has started.
func (h *Host) Signal(name string, sig syscall.Signal) {
	h.mu.Lock()
	p := h.procs[name]
	h.mu.Unlock()
	if p != nil {
		_ = p.cmd.Process.Signal(sig) // it may have ended
	}
}

// Kill ends a program with SIGKILL and waits until it is gone.
func (h *Host) Kill(name string) {
	h.mu.Lock()
	p := h.procs[name]
	delete(h.procs, name)
	h.mu.Unlock()
	if p == nil {
		return
	}
	_ = p.cmd.Process.Kill()
	<-p.done
}

// Running reports whether a program that Start has started still runs.
func (h *Host) Running(name string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.procs[name]
	if p == nil {
		return false
	}
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// ended reports whether a program that Start has started, and Kill has not ended, is gone.
func (h *Host) ended(name string) bool {
	h.mu.Lock()
	started := h.procs[name] != nil
	h.mu.Unlock()
	return started && !h.Running(name)
}

func (h *Host) killAll() {
	h.mu.Lock()
	var names []string
	for n := range h.procs {
		names = append(names, n)
	}
	h.mu.Unlock()
	slices.Sort(names)
	for _, n := range names {
		h.Signal(n, syscall.SIGCONT)
		h.Kill(n)
	}
	out, _ := exec.Command("ip", "netns", "pids", h.ns).Output() // what the programs have started
	for _, pid := range strings.Fields(string(out)) {
		_ = run("kill", "-9", pid)
	}
}

// Log returns what a program has printed.
func (h *Host) Log(name string) string {
	b, err := os.ReadFile(filepath.Join(h.Dir, "log", name+".out"))
	if err != nil {
		return ""
	}
	return string(b)
}

// CorosyncLog returns the last lines of what Corosync has logged.
func (h *Host) CorosyncLog() string {
	b, err := os.ReadFile(filepath.Join(h.Dir, "log", "corosync.log"))
	if err != nil {
		return ""
	}
	lines := bytes.SplitAfter(b, []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-20):], nil))
}

// apply makes the host's packet filter drop what comes from h.drops.
func (h *Host) apply() error {
	rules := "table inet lab\ndelete table inet lab\ntable inet lab {\n chain in { type filter hook input priority 0;\n"
	for _, a := range h.drops {
		rules += "  ip saddr " + a + " drop\n"
	}
	rules += " }\n}\n"
	cmd := h.command(context.Background(), "nft", "-f", "-")
	cmd.Stdin = strings.NewReader(rules)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("nft on %s: %w: %s", h.Name, err, out)
	}
	return nil
}

// Cut drops all packets between every host of a and every host of b, silently.
func Cut(a, b []*Host) {
	change(a, b, func(drops []string, addr string) []string { return append(drops, addr) })
}

// Heal undoes Cut.
func Heal(a, b []*Host) {
	change(a, b, func(drops []string, addr string) []string {
		return slices.DeleteFunc(drops, func(d string) bool { return d == addr })
	})
}

func change(a, b []*Host, f func([]string, string) []string) {
	var wg sync.WaitGroup
	for _, pair := range [][2][]*Host{{a, b}, {b, a}} {
		for _, h := range pair[0] {
			for _, o := range pair[1] {
				h.drops = f(h.drops, o.Addr)
			}
			wg.Go(func() {
				if err := h.apply(); err != nil {
					h.t.Error(err)
				}
			})
		}
	}
	wg.Wait()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Exit waits until a program that Start has started has ended by itself, and
// returns its exit code; -1 if a signal ended it or it still runs after the limit.
func (h *Host) Exit(name string, limit time.Duration) int {
	h.mu.Lock()
	p := h.procs[name]
	h.mu.Unlock()
	if p == nil {
		return -1
	}
	select {
	case <-p.done:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(limit):
		return -1
	}
}

// Usage is what a program uses of the machine.
type Usage struct {
	Resident int // KiB
	Files    int // open descriptors
}

// Usage returns what a program that Start has started uses.
func (h *Host) Usage(name string) Usage {
	h.t.Helper()
	h.mu.Lock()
	p := h.procs[name]
	h.mu.Unlock()
	if p == nil {
		h.t.Fatalf("%s: %s does not run", h.Name, name)
	}
	dir := fmt.Sprintf("/proc/%d/", p.cmd.Process.Pid)
	text, err := os.ReadFile(dir + "status")
	must(h.t, err)
	var u Usage
	for line := range strings.SplitSeq(string(text), "\n") {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			_, err := fmt.Sscan(rest, &u.Resident)
			must(h.t, err)
		}
	}
	files, err := os.ReadDir(dir + "fd")
	must(h.t, err)
	u.Files = len(files)
	return u
}
