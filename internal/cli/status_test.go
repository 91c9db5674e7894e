// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/cmap"
	"github.com/quorate/quorate/corosync/votequorum"
	"github.com/quorate/quorate/internal/advice"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/status"
)

// withDevice is a fake Corosync on one of two nodes, whose device casts its vote.
func withDevice(t *testing.T) (*cluster, *votequorum.Client) {
	t.Helper()
	c := newCluster(t)
	for k, v := range map[string]string{"quorum.provider": "corosync_votequorum", "quorum.device.model": "net", "quorum.device.net.host": "192.0.2.9"} {
		c.keys.Set(k, cmap.StringValue(v))
	}
	c.keys.Set("runtime.votequorum.this_node_id", cmap.Uint32Value(1))
	v, err := votequorum.Dial(t.Context(), c.Options())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	if err := errors.Join(v.Register(t.Context(), "Qdevice"), v.Poll(t.Context(), "Qdevice", true, corosync.RingID{Node: 1, Seq: 4})); err != nil {
		t.Fatal(err)
	}
	return c, v
}

// nodeDaemon is a snapshot of our node daemon while all is well.
func nodeDaemon() status.QDevice {
	return status.QDevice{
		Model: "Net", NodeID: 1, ConfigVersion: new(uint64(4)), Cluster: "pve", Host: "192.0.2.9", Port: 5403,
		HeuristicsMode: status.HeuristicsDisabled, Algorithm: qnet.FFSplit, TieBreaker: qnet.TieBreaker{Mode: qnet.TieBreakerLowest}, KAP: true,
		State: status.StateConnected, TLSActive: true, Connected: time.Now().Add(-time.Hour), Polling: true, PollingCast: true,
		Started: time.Now().Add(-time.Hour), Vote: qnet.VoteACK, Reason: "the arbiter gave its vote to this side", Grace: 16000,
		Ring:          qnet.RingID{Node: 1, Seq: 4},
		ArbiterReason: status.ArbiterReason{Text: "the vote goes to nodes 1, 2: more than half of 2 nodes", Ring: qnet.RingID{Node: 1, Seq: 4}, At: time.Now()},
	}
}

func TestStatus(t *testing.T) {
	c, v := withDevice(t)
	socket := serveNode(t, &nodeSnapshot{st: nodeDaemon()})
	code, out, errs := call("quorate", "status", "--sockets", c.dir, "--socket", socket)
	for _, want := range []string{
		"Cluster information\n-------------------\nName:             pve\nConfig Version:   4\nTransport:        knet\nSecure auth:      off\n\nQuorum information\n",
		"\nFlags:            Quorate Qdevice \n\nMembership information\n----------------------\n    Nodeid      Votes    Qdevice Name\n0x00000001          1    A,V,NMW 192.0.2.1 (local)\n0x00000002          1         NR",
		"\nUsed by:          pve1, but not by pve2\nWhy:              the arbiter gave its vote to this side\nArbiter's reason: the vote goes to nodes 1, 2: more than half of 2 nodes\n",
		"\nArbiter:          192.0.2.9, port 5403: connected for 1 h 0 min, TLS\n",
		"\npve1 (local):     quorum is lost: 1 of 3 votes, 2 needed\npve2:             pve1 keeps quorum: 2 of 3 votes, 2 needed, including the arbiter's\nthe arbiter:      quorum is kept: 2 of 3 votes, 2 needed\n",
		"\npve2 has no qdevice running, so the arbiter's vote does not count there\n    On pve2, run `systemctl start corosync-qdevice`.\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("without\n%s\n", want)
		}
	}
	if code != 0 || errs != "" || t.Failed() {
		t.Errorf("exit code %d, output\n%s%s", code, out, errs)
	}
	if err := v.Poll(t.Context(), "Qdevice", false, corosync.RingID{Node: 1, Seq: 4}); err != nil {
		t.Fatal(err)
	}
	c.Stall(func() { c.quorum.Set(false, corosync.RingID{Node: 1, Seq: 4}, 1, 2) })
	code, out, _ = call("quorate", "status", "--json", "--sockets", c.dir, "--socket", socket)
	var got struct {
		Corosync struct{ Quorate bool }
		QDevice  struct {
			Reason string
			Words  struct{ Text, Ring string } `json:"arbiter_reason"`
		}
		Problems []status.Problem
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != 2 || got.Corosync.Quorate || got.QDevice.Reason == "" || got.QDevice.Words.Ring != "1.4" || !strings.HasPrefix(got.QDevice.Words.Text, "the vote goes to nodes 1, 2: ") || len(got.Problems) == 0 {
		t.Errorf("exit code %d, %v, %s", code, err, out)
	}
}

// With a C daemon what can be said is said; without any daemon, that there is none.
func TestStatusDaemons(t *testing.T) {
	c, _ := withDevice(t)
	d := nodeDaemon()
	text := "OK\n" + string(status.AppendQDevice(nil, &d, true, time.Local))
	for _, tt := range []struct{ socket, want string }{
		{likeC(t, text), "\nWhy:              the arbiter gave its vote to this side\nArbiter:          192.0.2.9, port 5403: connected for 1 h 0 min, TLS\n"},
		{likeC(t, "OK\nnonsense\n"), "\nWhy:              not known: the node daemon (qdevice) of pve1 does not answer: not the status of a node daemon: \"nonsense\"\n"},
		{scripted(t, "Error\nCan't get QDevice status\n"), "does not answer: Can't get QDevice status\n"},
		{scripted(t, "OK\nnonsense\n"), "does not answer: its answer can't be read: "},
		{scripted(t, ""), "does not answer: the daemon closed the connection without an answer\n"},
		{"/nonexistent", "does not answer: it does not run\n"},
	} {
		code, out, errs := call("quorate", "status", "--sockets", c.dir, "--socket", tt.socket)
		if code != 0 || errs != "" || !strings.Contains(out, tt.want) {
			t.Errorf("exit code %d, %s, output without %q:\n%s", code, errs, tt.want, out)
		}
	}
}

// likeC is a node daemon that knows "status verbose" and nothing else.
func likeC(t *testing.T, text string) string {
	return scriptedBy(t, func(command string) string {
		if strings.TrimSpace(command) == "status verbose" {
			return text
		}
		return "Error\nUnknown command '" + strings.TrimSpace(command) + "'\n"
	})
}

func TestStatusWithoutCorosync(t *testing.T) {
	code, out, errs := call("quorate", "status", "--sockets", t.TempDir())
	if code != 1 || out != "" || errs != "quorate: Corosync does not answer on this machine. "+advice.RunCorosync.String()+"\n" {
		t.Errorf("%d, %q, %q", code, out, errs)
	}
}

// pipe is an output whose text can be waited for.
type pipe struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

func (p *pipe) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case p.more <- struct{}{}:
	default:
	}
	return p.text.Write(b)
}

// until waits until the text has this in it, and returns all of it.
func (p *pipe) until(t *testing.T, want string) string {
	t.Helper()
	late := time.After(20 * time.Second)
	for {
		p.mu.Lock()
		text := p.text.String()
		p.mu.Unlock()
		if strings.Contains(text, want) {
			return text
		}
		select {
		case <-p.more:
		case <-late:
			t.Fatalf("no %q in\n%s", want, text)
		}
	}
}

// TestStatusWatch: a block for each change, and the exit code of the last one.
func TestStatusWatch(t *testing.T) {
	c, _ := withDevice(t)
	node := &nodeSnapshot{st: nodeDaemon()}
	socket := serveNode(t, node)
	ctx, cancel := context.WithCancel(t.Context())
	out := &pipe{more: make(chan struct{}, 1)}
	done := make(chan int)
	go func() {
		done <- Main(ctx, []string{"quorate", "status", "--watch", "--sockets", c.dir, "--socket", socket}, out, out)
	}()
	out.until(t, "\nProblems\n--------\npve2 has no qdevice running")
	c.Stall(func() { c.quorum.Set(false, corosync.RingID{Node: 1, Seq: 4}, 1, 2) })
	text := out.until(t, "Quorate:          No\n")
	out.until(t, "there is no quorum")
	if n := strings.Count(text, "Cluster information\n"); n != 2 {
		t.Errorf("%d blocks for one change:\n%s", n, text)
	}
	cancel()
	if code := <-done; code != 2 {
		t.Errorf("exit code %d", code)
	}
}

// TestStatusWatchReturns: Corosync ends while it is watched.
func TestStatusWatchReturns(t *testing.T) {
	c, _ := withDevice(t)
	ctx, cancel := context.WithCancel(t.Context())
	out := &pipe{more: make(chan struct{}, 1)}
	done := make(chan int)
	go func() {
		done <- Main(ctx, []string{"quorate", "status", "--watch", "--json", "--sockets", c.dir}, out, out)
	}()
	out.until(t, `"problems":`)
	c.Close()
	out.until(t, `"error":"Corosync `)
	cancel()
	if code := <-done; code != 1 {
		t.Errorf("exit code %d", code)
	}
}
