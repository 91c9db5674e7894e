// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package arbiter

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/daemon/daemontest"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/wire"
)

// startC runs the C daemon without TLS. Where it is missing, CI fails.
func startC(t *testing.T) *arbiterUnderTest {
	t.Helper()
	path, err := exec.LookPath("corosync-qnetd")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("needs corosync-qnetd (see scripts/deps)")
		}
		t.Skip("needs corosync-qnetd (see scripts/deps)")
	}
	dir, err := os.MkdirTemp("", "qnetd") // C wants a short path for its socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	a := &arbiterUnderTest{dir: dir}
	port := strconv.Itoa(int(freePort(t)))
	a.addr = "127.0.0.1:" + port
	cmd := exec.Command(path, "-f", "-4", "-l", "127.0.0.1", "-p", port, "-s", "off", "-c", "off",
		"-S", "lock_file="+a.dir+"/pid,local_socket_file="+filepath.Join(a.dir, "s"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	daemontest.Settle(t, func() bool {
		c, err := net.Dial("tcp", a.addr)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	}, func() string { return "the C daemon does not listen" })
	return a
}

// diffClient plays one node of the comparison.
type diffClient struct {
	*peer
	lines []string
	ring  qnet.RingID // the last one that it reported
	vote  qnet.Vote   // the last ACK or NACK for that
}

// until reads until a message for which ok holds, and answers votes.
func (c *diffClient) until(ok func(wire.Message) bool) bool {
	for {
		m, err := c.recv()
		if err != nil {
			c.lines = append(c.lines, "closed")
			return false
		}
		if v, isVote := m.(wire.VoteInfo); isVote {
			if v.RingID.V == c.ring && (v.Vote.V == qnet.VoteACK || v.Vote.V == qnet.VoteNACK) {
				c.vote = v.Vote.V
			}
			c.send(wire.VoteInfoReply{Seq: v.Seq})
		} else if !ok(m) {
			c.lines = append(c.lines, reply(m))
		}
		if ok(m) {
			return true
		}
	}
}

// barrier is the number of a message that is only sent to see that all before
// it was answered.
const barrier = 0xbbbb

// meet waits until the arbiter has answered everything that was sent. It may have ended
// the connection for that, before or after the echo is sent.
func (c *diffClient) meet() bool {
	b, err := wire.Append(nil, wire.EchoRequest{Seq: wire.Some(uint32(barrier))})
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := c.c.Write(b); err != nil {
		c.lines = append(c.lines, "closed")
		return false
	}
	return c.until(func(m wire.Message) bool {
		switch m := m.(type) {
		case wire.EchoReply:
			return m.Seq.V == barrier
		case wire.ServerError:
			return m.Seq.V == barrier
		}
		return false
	})
}

// reply is a message without what docs/compat.md names as different: the grace
// in an Init reply, and what a list's reply says of a vote that follows anyway.
func reply(m wire.Message) string {
	switch m := m.(type) {
	case wire.InitReply:
		m.Grace = wire.Opt[uint32]{}
		return fmt.Sprintf("%T %+v", m, m)
	case wire.NodeListReply:
		if m.ListType.V == qnet.Membership || m.ListType.V == qnet.Quorum || m.ListType.V == qnet.ChangedConfig {
			m.Vote = wire.Opt[qnet.Vote]{}
		}
		return fmt.Sprintf("%T %+v", m, m)
	case wire.AskForVoteReply:
		m.Vote = wire.Opt[qnet.Vote]{}
		return fmt.Sprintf("%T %+v", m, m)
	}
	return fmt.Sprintf("%T %+v", m, m)
}

// play gives the steps to an arbiter, and waits until the votes are as wanted.
func play(t *testing.T, a *arbiterUnderTest, steps []diffStep, votes map[string]qnet.Vote) map[string][]string {
	t.Helper()
	clients := map[string]*diffClient{}
	var names []string
	for _, s := range steps {
		c := clients[s.who]
		if c == nil {
			c = &diffClient{peer: a.dial(t)}
			clients[s.who] = c
			names = append(names, s.who)
		}
		switch {
		case s.want != 0:
			daemontest.Settle(t, func() bool { return c.meet() && c.vote == s.want }, func() string { return fmt.Sprintf("%s has %v, want %v", s.who, c.vote, s.want) })
			continue
		case s.raw != nil:
			if _, err := c.c.Write(s.raw); err != nil {
				t.Fatal(err)
			}
		case s.msg != nil:
			if l, ok := s.msg.(wire.NodeList); ok && l.ListType.V == qnet.Membership {
				c.ring, c.vote = l.RingID.V, qnet.VoteUndefined
			}
			c.send(s.msg)
		default:
			_ = c.c.Close()
			delete(clients, s.who)
			continue
		}
		if !c.meet() {
			delete(clients, s.who)
		}
	}
	out := map[string][]string{}
	ok := func() bool {
		for who, want := range votes {
			c := clients[who]
			if c == nil || !c.meet() || c.vote != want {
				return false
			}
		}
		return true
	}
	daemontest.Settle(t, ok, func() string {
		var have []string
		for _, who := range names {
			if c := clients[who]; c != nil {
				have = append(have, fmt.Sprintf("%s has %v", who, c.vote))
			}
		}
		return fmt.Sprintf("votes: %s, want %v", strings.Join(have, ", "), votes)
	})
	for who, c := range clients {
		out[who] = c.lines
		_ = c.c.Close()
	}
	return out
}

// diffStep is one message of one client, or a vote that it waits for, or its end.
type diffStep struct {
	who  string
	msg  wire.Message
	raw  []byte
	want qnet.Vote
}

// TestAgainstC plays the same clients to the C daemon and to ours: all replies are
// the same, and the same nodes have the vote in the end.
func TestAgainstC(t *testing.T) {
	ours := startArbiter(t, func(cfg *Config) { cfg.Machine.ClientCertRequired = false })
	for i, row := range diffPlays() {
		t.Run(row.name, func(t *testing.T) {
			c := startC(t) // a new one: rows do not depend on each other
			cluster := fmt.Sprintf("cluster%d", i)
			var got [2]map[string][]string
			for j, a := range []*arbiterUnderTest{c, ours} {
				got[j] = play(t, a, row.steps(cluster), row.votes)
			}
			for who, want := range got[0] {
				have := got[1][who]
				for k := range max(len(want), len(have)) {
					if k >= len(want) || k >= len(have) || want[k] != have[k] {
						t.Errorf("%s, from message %d on:\n   C: %s\nours: %s", who, k, strings.Join(want[min(k, len(want)):], "\n      "), strings.Join(have[min(k, len(have)):], "\n      "))
						break
					}
				}
			}
		})
	}
}

// TestSocketAgainstC: with the same nodes connected the local sockets of both say
// the same, byte for byte.
func TestSocketAgainstC(t *testing.T) {
	c, ours := startC(t), startArbiter(t, func(cfg *Config) { cfg.Machine.ClientCertRequired = false })
	ask := func(a *arbiterUnderTest, command string) string {
		conn, err := control.Dial(context.Background(), filepath.Join(a.dir, "s"))
		if err != nil {
			t.Fatal(err)
		}
		b, err := control.Ask(context.Background(), conn, command)
		if err != nil {
			b = []byte("error: " + err.Error())
		}
		return strings.ReplaceAll(string(b), a.addr, "ADDRESS")
	}
	var ports [2][]string
	for i, a := range []*arbiterUnderTest{c, ours} {
		for _, cluster := range []string{"beta", "alpha \"x\"", "gamma"} {
			for node := qnet.NodeID(2); node >= 1; node-- {
				p := &diffClient{peer: a.dial(t)}
				ports[i] = append(ports[i], p.c.LocalAddr().String())
				p.send(wire.Preinit{Seq: p.number(), ClusterName: wire.Some(cluster)})
				init := initMessage(node, whole)
				if cluster == "gamma" {
					init.Algorithm, init.TieBreaker = wire.Some(qnet.LMS), wire.Some(qnet.TieBreaker{Mode: qnet.TieBreakerNode, ID: 2})
				}
				init.Seq = p.number()
				p.send(init)
				if cluster != "gamma" || node == 1 {
					p.send(wire.SetOption{Seq: p.number(), KeepActivePartition: wire.Some(uint8(1))})
					p.send(wire.NodeList{
						Seq: p.number(), ListType: wire.Some(qnet.InitialConfig), ConfigVersion: wire.Some(uint64(7)),
						Nodes: qnet.NodeList{{ID: 1}, {ID: 2, DataCenter: 5}},
					})
				}
				p.meet()
			}
		}
	}
	for _, command := range []string{
		"status", "status verbose", "list", "list verbose", "list cluster beta", "list verbose cluster \"alpha \\\"x\\\"\"", "list cluster nobody",
		"list cluster", "list verbose verbose", "status cluster beta", "nonsense", "LIST", "status  verbose", "list cluster \"\"", "",
	} {
		var said [2]string
		for i, a := range []*arbiterUnderTest{c, ours} {
			said[i] = ask(a, command)
			for j, port := range ports[i] {
				said[i] = strings.ReplaceAll(said[i], port, fmt.Sprintf("client %d", j))
			}
		}
		if said[0] != said[1] {
			t.Errorf("%q:\n   C: %s\nours: %s", command, said[0], said[1])
		}
	}
}
