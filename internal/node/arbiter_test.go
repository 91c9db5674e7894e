// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/cmap"
	"github.com/quorate/quorate/corosync/votequorum"
	"github.com/quorate/quorate/internal/arbiter"
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/daemon"
	"github.com/quorate/quorate/internal/daemon/daemontest"
	"github.com/quorate/quorate/internal/qnetd"
	"github.com/quorate/quorate/internal/store"
	"github.com/quorate/quorate/internal/wire"
)

// arbiterUnderTest is an arbiter with TLS on a loopback address of its own.
type arbiterUnderTest struct {
	addr string
	dir  string
	cfg  arbiter.Config
	stop func() error // ends it; may be called twice
}

// startArbiter runs an arbiter on host, which keeps its files in dir. Without a port it takes any.
func startArbiter(t *testing.T, host string, port uint16, dir string) *arbiterUnderTest {
	t.Helper()
	log := &daemontest.LogBuffer{}
	a := &arbiterUnderTest{dir: dir, cfg: arbiter.Config{
		Machine: qnetd.Defaults(), Network: "tcp", Hosts: []string{host}, Port: port, SendQueue: 32,
		CertDir: filepath.Join(dir, "nssdb"), Store: store.File(filepath.Join(dir, "grants.db")),
		Control: daemon.ControlConfig{Path: filepath.Join(t.TempDir(), "s"), Options: control.ListenOptions{GID: -1}, Limits: control.DefaultLimits()},
		Log:     slog.New(daemon.NewLogHandler(log, nil, slog.LevelDebug)),
	}}
	a.cfg.Machine.TLS, a.cfg.Machine.ClientCertRequired = wire.TLSRequired, true
	a.addr, a.stop = daemontest.Start(t, log, func(ctx context.Context, ready func(string)) error {
		a.cfg.OnListen = func(addrs []net.Addr) { ready(addrs[0].String()) }
		return arbiter.Run(ctx, a.cfg)
	})
	return a
}

// port is the one that the arbiter listens on.
func (a *arbiterUnderTest) port(t *testing.T) uint16 {
	t.Helper()
	addr, err := netip.ParseAddrPort(a.addr)
	if err != nil {
		t.Fatal(err)
	}
	return addr.Port()
}

// TestNodesWithArbiter runs two daemons over a Corosync each, against the real
// arbiter with TLS: votes, status, a reload, a ring, a shutdown, a lost Corosync.
func TestNodesWithArbiter(t *testing.T) {
	a := startArbiter(t, "127.0.0.1", 0, t.TempDir())
	dir := enrol(t, filepath.Join(a.dir, "nssdb"))
	one, two := newMachine(t, 1, a.addr, dir), newMachine(t, 2, a.addr, dir)
	one.start()
	two.start()
	one.awaitVote()
	two.awaitVote()

	if text := one.ask("status verbose"); !strings.Contains(text, "State:\t\t\tConnected") || !strings.Contains(text, "TLS active:\t\tYes (client certificate sent)") {
		t.Errorf("status:\n%s", text)
	}
	var st struct {
		Expected uint32    `json:"expected_votes"`
		Last     time.Time `json:"last_poll"`
		Arbiters []struct {
			Address, Error string
			Active         bool
		} `json:"arbiter_addresses"`
	}
	if err := json.Unmarshal([]byte(one.ask("json")), &st); err != nil {
		t.Fatal(err)
	}
	if st.Expected != 3 || len(st.Arbiters) != 1 || !st.Arbiters[0].Active || time.Since(st.Last).Abs() > 10*time.Second {
		t.Errorf("json: %+v", st)
	}

	// A reload, as Corosync brackets it, in the middle of which nothing may be believed.
	one.server.Stall(func() {
		one.cmap.Set("config.totemconfig_reload_in_progress", cmap.Uint8Value(1))
		for _, key := range []string{"nodelist.node.0.nodeid", "nodelist.node.0.name", "nodelist.node.1.nodeid", "nodelist.node.1.name"} {
			one.cmap.Delete(key)
		}
	})
	one.ask("status") // time for a daemon that believes it
	one.server.Stall(func() {
		one.cmap.Set("nodelist.node.0.nodeid", cmap.Uint32Value(1))
		one.cmap.Set("nodelist.node.1.nodeid", cmap.Uint32Value(2))
		one.cmap.Set("nodelist.node.1.datacenterid", cmap.StringValue("4"))
		one.cmap.Set("totem.config_version", cmap.Uint64Value(4))
		one.cmap.Set("config.totemconfig_reload_in_progress", cmap.Uint8Value(0))
	})
	one.await("the reload", func() bool { return strings.Contains(one.ask("json"), `"config_version":4`) })

	if strings.Contains(one.log.String(), "No configured nodes found") {
		t.Error("what was there in the middle of the reload was believed")
	}

	// Node 2 leaves the ring: node 1 needs the arbiter's vote for its own. The sync
	// waits for it, and so do all other services.
	one.server.Stall(func() { one.vq.Ring(corosync.RingID{Node: 1, Seq: 12}, 1) })
	two.stop()
	one.await("quorate alone", func() bool {
		var i votequorum.Info
		waits := true
		one.server.Stall(func() { i, _ = one.vq.Info(0); waits = one.vq.Holds() })
		return !waits && i.Flags.Has(votequorum.Quorate) && i.Total == 2 && i.Flags.Has(votequorum.CastVote)
	})
	if f := two.flags(); f.Has(votequorum.Registered | votequorum.CastVote) {
		t.Errorf("node 2 left its device behind: %v", f)
	}

	one.ask("shutdown")
	if err := <-one.done; err != nil {
		t.Errorf("after shutdown: %v", err)
	}
	if one.flags().Has(votequorum.Registered) {
		t.Error("node 1 left its device behind")
	}
	if _, err := os.Stat(one.cfg.Control.Path); err == nil {
		t.Error("the socket is left behind")
	}

	two.start()
	two.server.Kill()
	if err := <-two.done; err == nil || !strings.Contains(err.Error(), "Corosync is gone") {
		t.Errorf("without Corosync: %v", err)
	}
}

// reasonSaid is what a node's daemon has kept of the arbiter's words.
type reasonSaid struct {
	Ring  string
	Vote  string
	Words struct {
		Text, Ring string
		At         time.Time
	} `json:"arbiter_reason"`
}

func (m *machine) reasonSaid() (s reasonSaid) {
	m.t.Helper()
	if err := json.Unmarshal([]byte(m.ask("json")), &s); err != nil {
		m.t.Fatal(err)
	}
	return s
}

// TestArbitersReason: two daemons hear from the real arbiter who has the vote and why,
// while whole and on both sides of a split; what the C tools ask for does not change.
func TestArbitersReason(t *testing.T) {
	a := startArbiter(t, "127.0.0.1", 0, t.TempDir())
	dir := enrol(t, filepath.Join(a.dir, "nssdb"))
	one, two := newMachine(t, 1, a.addr, dir), newMachine(t, 2, a.addr, dir)
	one.start()
	two.start()
	for _, m := range []*machine{one, two} {
		m.awaitVote()
		m.await("the reason", func() bool {
			return m.reasonSaid().Words.Text == "pve1 and pve2 have the arbiter's vote, because all nodes are together"
		})
		if s := m.reasonSaid(); s.Words.Ring != s.Ring || s.Vote != "ACK" || time.Since(s.Words.At).Abs() > 10*time.Second {
			t.Errorf("node %d: %+v", m.id, s)
		}
		if text := m.ask("status verbose"); strings.Contains(text, "because") {
			t.Errorf("the C daemon's text has a reason in it:\n%s", text)
		}
	}
	for _, m := range []*machine{one, two} {
		m.server.Stall(func() { m.vq.Ring(corosync.RingID{Node: m.id, Seq: 12}, m.id) })
	}
	for _, m := range []*machine{one, two} {
		m.await("the reason of the split", func() bool {
			s := m.reasonSaid()
			return s.Words.Ring == s.Ring && s.Words.Text == "pve1 has the arbiter's vote, because the tie-breaker prefers pve1"
		})
	}
	if s := one.reasonSaid(); s.Vote != "ACK" {
		t.Errorf("node 1: %+v", s)
	}
	if s := two.reasonSaid(); s.Vote != "NACK" {
		t.Errorf("node 2: %+v", s)
	}
	two.await("the reason in the log", func() bool { // the log has a queue of its own
		return strings.Contains(two.log.String(), "because the tie-breaker prefers pve1")
	})
	one.stop()
	two.stop()
}

// TestTwoArbiters: of two addresses, the first is another arbiter, whose CA is not
// the cluster's. It is refused with a reason, and the second one is used. One CA is
// one arbiter: two that share no register would give the vote twice.
func TestTwoArbiters(t *testing.T) {
	ours := startArbiter(t, "127.0.0.3", 0, t.TempDir())
	startArbiter(t, "127.0.0.2", ours.port(t), t.TempDir())
	m := newMachine(t, 1, ours.addr, enrol(t, filepath.Join(ours.dir, "nssdb")))
	m.cmap.Set("quorum.device.net.host", cmap.StringValue("127.0.0.2, 127.0.0.3"))
	m.start()
	m.await("connected to the second", func() bool { return strings.Contains(m.log.String(), "event=connected ") })
	if !strings.Contains(m.log.String(), "127.0.0.2 is not the arbiter that this cluster is enrolled with, so it is not used") {
		t.Errorf("the log does not say why 127.0.0.2 is not used:\n%s", m.log)
	}
	m.stop()
}

// TestCopiedCA: two arbiters have the same CA and each a register of its own. Whoever is
// met first is the arbiter (N6): when it is gone the other one is refused, by name and
// with what to do, and it is taken back when it comes again.
func TestCopiedCA(t *testing.T) {
	one := startArbiter(t, "127.0.0.4", 0, t.TempDir())
	nodeDir := enrol(t, filepath.Join(one.dir, "nssdb"))
	copied := t.TempDir()
	if err := os.CopyFS(filepath.Join(copied, "nssdb"), os.DirFS(filepath.Join(one.dir, "nssdb"))); err != nil {
		t.Fatal(err)
	}
	m := newMachine(t, 1, one.addr, nodeDir)
	m.cmap.Set("quorum.device.net.host", cmap.StringValue("127.0.0.4, 127.0.0.5"))
	m.start()
	m.await("connected to the first", func() bool { return strings.Contains(m.log.String(), "event=connected ") })
	var here, there struct{ Register string }
	if err := errors.Join(json.Unmarshal([]byte(ask(t, one.cfg.Control.Path, "json")), &here), json.Unmarshal([]byte(m.ask("json")), &there)); err != nil {
		t.Fatal(err)
	}
	if len(here.Register) != 32 || there != here {
		t.Errorf("the arbiter's register is %q, to the node %q", here.Register, there.Register)
	}
	startArbiter(t, "127.0.0.5", one.port(t), copied)
	if err := one.stop(); err != nil {
		t.Fatal(err)
	}
	port := fmt.Sprint(one.port(t))
	want := "the arbiter at 127.0.0.5:" + port + " is not the one at 127.0.0.4:" + port + " and is not used: both could give their vote at once. " +
		"Leave one of the two in quorum.device.net.host; if the one at 127.0.0.4:" + port + " is gone for good, restart corosync-qdevice"
	m.await("the refusal", func() bool { return strings.Contains(m.log.String(), want) })
	connected := func() int { return strings.Count(m.log.String(), "event=connected ") }
	before := connected()
	startArbiter(t, "127.0.0.4", one.port(t), one.dir)
	m.await("connected to the first again", func() bool { return connected() > before })
	m.await("its address", func() bool { return strings.Contains(m.ask("json"), `{"address":"127.0.0.4","active":true`) })
	m.stop()
}
