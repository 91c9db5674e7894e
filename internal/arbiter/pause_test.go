// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package arbiter

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/wire"
)

const arbiterProcessEnv = "QUORATE_TEST_ARBITER_PROCESS"

// TestArbiterProcess is no test: it is the arbiter that startProcess runs.
func TestArbiterProcess(t *testing.T) {
	dir := os.Getenv(arbiterProcessEnv)
	if dir == "" {
		return // not started by startProcess
	}
	cfg := arbiterConfig(dir, os.Stderr)
	cfg.OnListen = func(addrs []net.Addr) { fmt.Printf("\nlistening %s\n", addrs[0]) }
	if err := Run(context.Background(), cfg); err != nil {
		t.Error(err)
	}
}

// startProcess runs an arbiter in a process of its own.
func startProcess(t *testing.T) (p *os.Process, addr string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run", "^TestArbiterProcess$")
	cmd.Env = append(os.Environ(), arbiterProcessEnv+"="+t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
	})
	for sc := bufio.NewScanner(out); sc.Scan(); {
		if at, ok := strings.CutPrefix(sc.Text(), "listening "); ok {
			go func() {
				for sc.Scan() { // nothing may hold it up
				}
			}()
			return cmd.Process, at
		}
	}
	t.Fatal("the arbiter does not listen")
	return nil, ""
}

// TestPause: an arbiter that stood still for longer than its clients may be silent drops
// none of them: their echoes came, and lie unread. One that really was silent is dropped.
func TestPause(t *testing.T) {
	const nodes = 100 // more than are looked at at once
	process, addr := startProcess(t)
	a := &arbiterUnderTest{addr: addr}
	peers := make([]*peer, nodes)
	for i := range peers {
		peers[i] = a.dial(t)
		peers[i].send(wire.Preinit{Seq: peers[i].number(), ClusterName: wire.Some(fmt.Sprint("c", i/2))})
		peers[i].next()
		init := initMessage(qnet.NodeID(i%2+1), whole)
		init.Heartbeat = wire.Some(uint32(1000)) // silent for 1.5 s is dropped
		peers[i].send(init)
		if m, ok := peers[i].next().(wire.InitReply); !ok || m.Code.V != wire.NoError {
			t.Fatalf("%+v", m)
		}
	}
	silent := a.dial(t)
	silent.send(wire.Preinit{Seq: silent.number(), ClusterName: wire.Some("silent")})
	silent.next()
	init := initMessage(1, whole)
	init.Heartbeat = wire.Some(uint32(1000))
	silent.send(init)
	silent.next()

	if err := process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	for range 6 {
		for _, p := range peers {
			p.send(wire.EchoRequest{Seq: p.number()})
		}
		time.Sleep(500 * time.Millisecond)
	}
	if err := process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	for i, p := range peers {
		for range 6 {
			if m, err := p.recv(); err != nil {
				t.Fatalf("node %d of %d was dropped: %v", i, nodes, err)
			} else if _, ok := m.(wire.EchoReply); !ok {
				t.Fatalf("node %d: %+v", i, m)
			}
		}
	}
	if m, err := silent.recv(); err == nil {
		t.Errorf("the silent node: %+v", m)
	}
}
