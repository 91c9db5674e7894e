// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package arbiter

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/wire"
)

// TestSettingsAct: settings of -S do what they say, and the same is not done without them.
// How they are read is package cli's matter.
func TestSettingsAct(t *testing.T) {
	for _, row := range []struct {
		name string
		set  func(*Config)
		acts func(*testing.T, *arbiterUnderTest) bool
	}{
		{"dpd_enabled", func(c *Config) { c.Machine.DPD = false }, keepsSilentClient},
		{"max_client_send_buffers", func(c *Config) { c.SendQueue = 1000 }, keepsForSlowReader},
		{"max_client_send_size", func(c *Config) { c.Machine.MaxReplySize = 512 }, refusesLongReply},
		{"max_client_receive_size", func(c *Config) { c.Machine.MaxRequestSize = 512 }, refusesLongRequest},
		{"keep_active_partition_tie_breaker", func(c *Config) { c.Machine.KeepActivePartition = true }, keepsActivePartition},
		{"ipc_max_receive_size", func(c *Config) { c.Control.Limits.MaxReceive = 1024 }, func(t *testing.T, a *arbiterUnderTest) bool {
			return strings.Contains(asked(t, a, "list"+strings.Repeat(" ", 1100)+"verbose"), "Command too long")
		}},
		{"ipc_max_send_size", func(c *Config) { c.Control.Limits.MaxSend = 1024 }, func(t *testing.T, a *arbiterUnderTest) bool {
			for _, cluster := range []string{"a", "b", "c", "d"} {
				a.pair(t, cluster)
			}
			return strings.Contains(asked(t, a, "list verbose"), "buffer too small")
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			minimum := func(c *Config) { c.Machine.HeartbeatMin = 1 }
			if row.acts(t, startArbiter(t, minimum)) {
				t.Error("the same is done without it")
			}
			if !row.acts(t, startArbiter(t, func(c *Config) { minimum(c); row.set(c) })) {
				t.Error("it changes nothing")
			}
		})
	}
}

// asked returns what the local socket says, be it an error.
func asked(t *testing.T, a *arbiterUnderTest, command string) string {
	t.Helper()
	c, err := control.Dial(context.Background(), filepath.Join(a.dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := control.Ask(context.Background(), c, command)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// keepsSilentClient: a node with a heartbeat of 100 ms says nothing for 500 ms.
func keepsSilentClient(t *testing.T, a *arbiterUnderTest) bool {
	p := a.dial(t)
	p.send(wire.Preinit{Seq: p.number(), ClusterName: wire.Some("prod")})
	p.next()
	init := initMessage(1, whole)
	init.Seq, init.Heartbeat = p.number(), wire.Some(uint32(100))
	p.send(init)
	p.next()
	if err := p.c.SetReadDeadline(time.Now().Add(500 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	m, err := p.recv()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return true
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %v, %v", m, err)
	}
	return false
}

// keepsForSlowReader: a node asks for 24 MiB in 1000 messages, more than the kernel's
// buffers take, before it reads.
func keepsForSlowReader(t *testing.T, a *arbiterUnderTest) bool {
	p := a.dial(t)
	p.join("slow", 1, whole)
	for range 1000 {
		b, err := wire.Append(nil, wire.EchoRequest{Body: append([]byte{0x10, 0, 0x60, 0}, make([]byte, 0x6000)...)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.c.Write(b); err != nil {
			return false
		}
	}
	for range 1000 {
		if _, err := p.recv(); err != nil {
			return false
		}
	}
	return true
}

// refusesLongReply: an echo of 600 bytes has no answer of 512.
func refusesLongReply(t *testing.T, a *arbiterUnderTest) bool {
	p := a.dial(t)
	p.join("prod", 1, whole)
	p.send(wire.EchoRequest{Body: append([]byte{0x10, 0, 2, 0}, make([]byte, 0x200)...)})
	_, err := p.recv()
	return errors.Is(err, syscall.ECONNRESET)
}

// refusesLongRequest: a list of 600 bytes is refused, and the connection goes on.
func refusesLongRequest(t *testing.T, a *arbiterUnderTest) bool {
	p := a.dial(t)
	p.join("prod", 1, whole)
	p.send(wire.EchoRequest{Body: append([]byte{0x10, 0, 2, 0}, make([]byte, 0x200)...)})
	m, refused := p.next().(wire.ServerError)
	if refused && m.Code.V != wire.ErrMessageTooLong {
		t.Errorf("refused with %v", m.Code.V)
	}
	p.echo()
	return refused
}

// keepsActivePartition: node 2 has the vote alone when node 1 comes back, for which the
// tie-breaker is. Neither says what it wants.
func keepsActivePartition(t *testing.T, a *arbiterUnderTest) bool {
	ps := a.pair(t, "prod")
	_ = ps[0].c.Close()
	ps[1].report(qnet.RingID{Node: 2, Seq: 10}, 2)
	for ps[1].vote() != qnet.VoteACK {
	}
	one := a.dial(t)
	alone := qnet.RingID{Node: 1, Seq: 10}
	one.join("prod", 1, alone)
	one.config(1, 2)
	one.report(alone, 1)
	if v := one.vote(); v != qnet.VoteNACK { // for now at least
		t.Errorf("node 1: %v", v)
	}
	st := askStatus(t, a)
	return strings.Contains(st, "had it before the split")
}
