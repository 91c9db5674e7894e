// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quorate/quorate/corosync/cmap"
	"github.com/quorate/quorate/corosync/corotest"
	"github.com/quorate/quorate/corosync/votequorum"
	"github.com/quorate/quorate/internal/advice"
	"github.com/quorate/quorate/internal/daemon"
	"github.com/quorate/quorate/internal/node"
)

// backgroundNode is a machine with a fake Corosync on which corosync-qdevice runs
// without -f.
type backgroundNode struct {
	t      *testing.T
	dir    string
	server *corotest.Server
	vq     *corotest.Votequorum
}

func newBackgroundNode(t *testing.T) *backgroundNode {
	n := &backgroundNode{t: t, dir: t.TempDir(), server: corotest.New(t, corotest.Config{}), vq: corotest.NewVotequorum(1, 2)}
	keys := corotest.NewCmap()
	for k, v := range map[string]cmap.Value{
		"totem.cluster_name": cmap.StringValue("prod"), "quorum.device.model": cmap.StringValue("net"),
		"quorum.device.votes": cmap.Uint32Value(1), "quorum.device.net.host": cmap.StringValue("127.0.0.1"),
		"quorum.device.net.port": cmap.StringValue("1"), "quorum.device.net.tls": cmap.StringValue("off"),
		"nodelist.node.0.nodeid": cmap.Uint32Value(1), "nodelist.node.1.nodeid": cmap.Uint32Value(2),
		"runtime.votequorum.this_node_id": cmap.Uint32Value(1),
	} {
		keys.Set(k, v)
	}
	n.server.Handle("cmap", keys)
	n.server.Handle("votequorum", n.vq)
	return n
}

func (n *backgroundNode) start() outcome {
	cmd := exec.Command(os.Args[0], "-S", "lock_file="+n.dir+"/pid", "-S", "local_socket_file="+n.dir+"/sock")
	cmd.Env = append(os.Environ(), asQDevice+"="+n.server.Options().Dir)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	_ = cmd.Run() // its exit code says it
	return outcome{cmd.ProcessState.ExitCode(), out.String(), errOut.String()}
}

// pid is the daemon's, from its lock file.
func (n *backgroundNode) pid() int {
	n.t.Helper()
	b, err := os.ReadFile(n.dir + "/pid")
	if err != nil {
		n.t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSuffix(string(b), "\n"))
	if err != nil || pid == os.Getpid() {
		n.t.Fatalf("pid file %q, %v", b, err)
	}
	return pid
}

func (n *backgroundNode) registered() (yes bool) {
	n.server.Stall(func() {
		i, _ := n.vq.Info(0)
		yes = i.Flags.Has(votequorum.Registered)
	})
	return yes
}

// withdraw is --withdraw on this node.
func (n *backgroundNode) withdraw() (bool, error) {
	return node.Withdraw(n.t.Context(), n.server.Options(), "Qdevice", n.dir+"/pid")
}

// TestBackgroundNode: corosync-qdevice without -f returns when the device is registered.
// Its lock file keeps a second daemon out, and --withdraw, until it was killed; then
// --withdraw takes back what it has left.
func TestBackgroundNode(t *testing.T) {
	n := newBackgroundNode(t)
	if got := n.start(); got.code != 0 || got.out != "" || !n.registered() { // what it logs until then is for the terminal
		t.Fatalf("%+v, registered %v", got, n.registered())
	}
	t.Cleanup(func() { runOurs("corosync-qdevice-tool", "-H", "-p", n.dir+"/sock") })
	pid := n.pid()
	if got := n.start(); got.code != 1 || !strings.Contains(got.err, "Another instance is running") || n.pid() != pid || !n.registered() {
		t.Errorf("a second one: %+v, registered %v", got, n.registered())
	}
	if done, err := n.withdraw(); done || !errors.Is(err, daemon.ErrRunning) || !n.registered() {
		t.Errorf("--withdraw under a running daemon: %v, %v, registered %v", done, err, n.registered())
	}
	got := runOurs("quorate", "qdevice", "--withdraw", "--lock-file", n.dir+"/pid", "--set", "votequorum_device_name=none of this test")
	if got.code != 1 || !strings.Contains(got.err, "Another instance is running") || !strings.Contains(got.err, advice.StopOther.String()) {
		t.Errorf("quorate qdevice --withdraw: %+v", got)
	}
	if got := runOurs("corosync-qdevice-tool", "-s", "-p", n.dir+"/sock"); got.code != 0 || !strings.HasPrefix(got.out, "Qdevice information\n") {
		t.Errorf("%+v", got)
	}

	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	done, err := n.withdraw()
	for end := time.Now().Add(20 * time.Second); errors.Is(err, daemon.ErrRunning) && time.Now().Before(end); done, err = n.withdraw() {
		time.Sleep(time.Millisecond) // until it has ended
	}
	if !done || err != nil || n.registered() {
		t.Errorf("--withdraw after a kill: %v, %v, registered %v", done, err, n.registered())
	}

	if got := n.start(); got.code != 0 || n.pid() == pid {
		t.Fatalf("after a kill: %+v", got)
	}
	if got := runOurs("corosync-qdevice-tool", "-H", "-p", n.dir+"/sock"); got.code != 0 {
		t.Errorf("%+v", got)
	}
	for end := time.Now().Add(20 * time.Second); n.registered() && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	if n.registered() {
		t.Error("the device is left behind")
	}
}
