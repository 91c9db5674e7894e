// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/cmap"
	"github.com/quorate/quorate/corosync/corotest"
	"github.com/quorate/quorate/corosync/votequorum"
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/nodeconf"
	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/wire"
)

// machine is a node with a fake Corosync and a real daemon, on loopback.
type machine struct {
	t      *testing.T
	id     uint32
	server *corotest.Server
	cmap   *corotest.Cmap
	vq     *corotest.Votequorum
	sync   *endlessSync
	cfg    QDeviceConfig
	log    *logBuffer
	ready  chan struct{}
	cancel context.CancelFunc
	done   chan error
}

// enrol makes the certificates of a node of cluster "prod" for an arbiter's CA.
func enrol(t *testing.T, certDir string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "nssdb")
	step := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	step(pki.InitNode(dir, filepath.Join(certDir, pki.CACertFile), nil))
	crq, err := pki.RequestNode(dir, "prod")
	step(err)
	signed, err := pki.Sign(certDir, crq, "prod", false)
	step(err)
	_, _, err = pki.ImportNodeCert(dir, signed.Path)
	step(err)
	return dir
}

// newMachine makes node id of a cluster with two nodes, whose arbiter is at host.
func newMachine(t *testing.T, id uint32, host, certDir string) *machine {
	t.Helper()
	hosts, port, err := net.SplitHostPort(host)
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{t: t, id: id, server: corotest.New(t, corotest.Config{}), cmap: corotest.NewCmap(), log: &logBuffer{}}
	m.vq = corotest.NewVotequorum(id, 3-id)
	for k, v := range map[string]cmap.Value{
		"totem.cluster_name": cmap.StringValue("prod"), "totem.config_version": cmap.Uint64Value(3),
		"quorum.device.model": cmap.StringValue("net"), "quorum.device.votes": cmap.Uint32Value(1),
		"quorum.device.net.host": cmap.StringValue(hosts), "quorum.device.net.port": cmap.StringValue(port),
		"quorum.device.net.tls":  cmap.StringValue("on"),
		"nodelist.node.0.nodeid": cmap.Uint32Value(1), "nodelist.node.0.name": cmap.StringValue("pve1"),
		"nodelist.node.1.nodeid": cmap.Uint32Value(2), "nodelist.node.1.name": cmap.StringValue("pve2"),
		"runtime.votequorum.this_node_id": cmap.Uint32Value(id),
	} {
		m.cmap.Set(k, v)
	}
	m.server.Handle("cmap", m.cmap)
	m.sync = &endlessSync{Votequorum: m.vq, asked: make(chan struct{}, 1)}
	m.server.Handle("votequorum", m.sync)
	dir := t.TempDir()
	m.cfg = QDeviceConfig{Settings: nodeconf.DefaultSettings(), Log: slog.New(NewLogHandler(m.log, nil, slog.LevelDebug))}
	s := &m.cfg.Settings
	s.LockFile, s.CertDir, s.MaxTryAgain = filepath.Join(dir, "pid"), certDir, 1
	m.cfg.Control = ControlConfig{Path: filepath.Join(dir, "s"), Options: control.ListenOptions{GID: -1}, Limits: control.NodeLimits()}
	m.cfg.Engine = func(ctx context.Context) (Engine, error) {
		return OpenCorosync(ctx, m.server.Options(), s.MaxTryAgain, m.cfg.Log)
	}
	return m
}

func (m *machine) start() {
	m.t.Helper()
	m.ready, m.done = make(chan struct{}), make(chan error, 1)
	m.cfg.OnReady = func() { close(m.ready) }
	ctx, cancel := context.WithCancel(context.Background())
	m.cancel = cancel
	done := m.done
	go func() { done <- RunQDevice(ctx, m.cfg) }()
	m.t.Cleanup(func() {
		cancel()
		if m.t.Failed() {
			m.t.Logf("node %d:\n%s", m.id, m.log)
		}
	})
	select {
	case <-m.ready:
	case err := <-done:
		m.t.Fatalf("node %d ended with: %v", m.id, err)
	}
}

func (m *machine) stop() {
	m.t.Helper()
	m.cancel()
	if err := <-m.done; err != nil {
		m.t.Errorf("node %d ended with: %v", m.id, err)
	}
}

// flags are what votequorum says of the node's device.
func (m *machine) flags() (f votequorum.Flags) {
	m.server.Stall(func() {
		i, _ := m.vq.Info(0)
		f = i.Flags
	})
	return f
}

// await waits for something that real sockets will bring.
func (m *machine) await(what string, ok func() bool) {
	m.t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); runtime.Gosched() {
		if time.Now().After(end) {
			m.t.Fatalf("node %d: never %s", m.id, what)
		}
		time.Sleep(time.Millisecond)
	}
}

func (m *machine) awaitVote() {
	m.t.Helper()
	m.await("the vote", func() bool { return m.flags().Has(votequorum.CastVote) })
}

// ask asks the daemon's local socket.
func (m *machine) ask(command string) string {
	m.t.Helper()
	c, err := control.Dial(context.Background(), m.cfg.Control.Path)
	if err != nil {
		m.t.Fatal(err)
	}
	text, err := control.Ask(context.Background(), c, command+" ")
	if err != nil {
		m.t.Fatalf("%s: %v", command, err)
	}
	return string(text)
}

// startTLS runs an arbiter with certificates on a loopback address of its own.
func startTLSArbiter(t *testing.T, host string, port uint16) *arbiterUnderTest {
	t.Helper()
	return startArbiter(t, func(c *QNetdConfig) {
		c.Hosts, c.Port = []string{host}, port
		c.Machine.TLS, c.Machine.ClientCertRequired = wire.TLSRequired, true
	})
}

// TestNodesWithArbiter runs two daemons over a Corosync each, against the real
// arbiter with TLS: votes, status, a reload, a ring, a shutdown, a lost Corosync.
func TestNodesWithArbiter(t *testing.T) {
	a := startTLSArbiter(t, "127.0.0.1", 0)
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
	a := startTLSArbiter(t, "127.0.0.1", 0)
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
	ours := startTLSArbiter(t, "127.0.0.3", 0)
	_, port, _ := net.SplitHostPort(ours.addr)
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	startTLSArbiter(t, "127.0.0.2", uint16(n))
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
	one := startTLSArbiter(t, "127.0.0.4", 0)
	_, port, _ := net.SplitHostPort(one.addr)
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	nodeDir := enrol(t, filepath.Join(one.dir, "nssdb"))
	again := func(host, dir string) *arbiterUnderTest {
		return startArbiter(t, func(c *QNetdConfig) {
			c.Hosts, c.Port, c.CertDir = []string{host}, uint16(n), filepath.Join(dir, "nssdb")
			c.StorePath = filepath.Join(dir, "grants.db")
			c.Machine.TLS, c.Machine.ClientCertRequired = wire.TLSRequired, true
		})
	}
	copied := t.TempDir()
	if err := os.CopyFS(filepath.Join(copied, "nssdb"), os.DirFS(filepath.Join(one.dir, "nssdb"))); err != nil {
		t.Fatal(err)
	}
	m := newMachine(t, 1, one.addr, nodeDir)
	m.cmap.Set("quorum.device.net.host", cmap.StringValue("127.0.0.4, 127.0.0.5"))
	m.start()
	m.await("connected to the first", func() bool { return strings.Contains(m.log.String(), "event=connected ") })
	var here, there struct{ Register string }
	if err := errors.Join(json.Unmarshal([]byte(askStatus(t, one)), &here), json.Unmarshal([]byte(m.ask("json")), &there)); err != nil {
		t.Fatal(err)
	}
	if len(here.Register) != 32 || there != here {
		t.Errorf("the arbiter's register is %q, to the node %q", here.Register, there.Register)
	}
	again("127.0.0.5", copied)
	if err := one.stop(); err != nil {
		t.Fatal(err)
	}
	want := "the arbiter at 127.0.0.5:" + port + " is not the one at 127.0.0.4:" + port + " and is not used: both could give their vote at once. " +
		"Leave one of the two in quorum.device.net.host; if the one at 127.0.0.4:" + port + " is gone for good, restart corosync-qdevice"
	m.await("the refusal", func() bool { return strings.Contains(m.log.String(), want) })
	connected := func() int { return strings.Count(m.log.String(), "event=connected ") }
	before := connected()
	again("127.0.0.4", one.dir)
	m.await("connected to the first again", func() bool { return connected() > before })
	m.await("its address", func() bool { return strings.Contains(m.ask("json"), `{"address":"127.0.0.4","active":true`) })
	m.stop()
}

// TestWithdraw: what a killed daemon leaves in votequorum is taken back (S6).
func TestWithdraw(t *testing.T) {
	m := newMachine(t, 1, "127.0.0.1:1", t.TempDir())
	none := filepath.Join(t.TempDir(), "pid")
	withdraw := func() string {
		done, err := Withdraw(context.Background(), m.server.Options(), "Qdevice", none)
		return fmt.Sprint(done, " ", err)
	}
	if got := withdraw(); got != "false <nil>" {
		t.Errorf("without a device: %s", got)
	}
	c, err := votequorum.Dial(context.Background(), m.server.Options())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Register(context.Background(), "Qdevice"); err != nil {
		t.Fatal(err)
	}
	if err := c.Poll(context.Background(), "Qdevice", true, corosync.RingID{Node: 1, Seq: 4}); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil || !m.flags().Has(votequorum.CastVote) {
		t.Fatal("the vote did not outlive its caster", err)
	}
	if got := withdraw(); got != "true <nil>" || m.flags().Has(votequorum.CastVote) {
		t.Errorf("with a device: %s, %v", got, m.flags())
	}
	m.server.Kill()
	if got := withdraw(); got != "false <nil>" {
		t.Errorf("without Corosync: %s", got)
	}
}

// TestOpenCorosync: a Corosync that starts is waited for; one that is not there, not.
func TestOpenCorosync(t *testing.T) {
	m := newMachine(t, 1, "127.0.0.1:1", t.TempDir())
	m.server.Refuse(11) // EAGAIN
	go func() {
		time.Sleep(100 * time.Millisecond)
		m.server.Refuse(0)
	}()
	e, err := OpenCorosync(context.Background(), m.server.Options(), 10, m.cfg.Log)
	if err != nil {
		t.Fatal(err)
	}
	m.server.Stall(func() {
		for key, want := range map[string]int{
			"quorum.device.timeout": 1, "nodelist.node.0.nodeid": 1, "config.totemconfig_reload_in_progress": 1,
			"runtime.services.cpg.1.rx": 0, // Corosync counts each message of the cluster there
		} {
			if n := m.cmap.Tracked(key); n != want {
				t.Errorf("%s is tracked %d times, want %d", key, n, want)
			}
		}
	})
	if err := e.Close(); err != nil || e.Err() == nil {
		t.Error(err, e.Err())
	}
	m.server.Refuse(11)
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(50*time.Millisecond, cancel)
	if err := RunQDevice(ctx, m.cfg); err != nil {
		t.Errorf("asked to end while Corosync starts: %v", err)
	}
	m.server.Kill()
	_, err = OpenCorosync(context.Background(), m.server.Options(), 10, m.cfg.Log)
	if err == nil || !strings.HasPrefix(err.Error(), "Failed to initialize the cmap API. Error CS_ERR_LIBRARY") {
		t.Error(err)
	}
}

// TestNickname: the certificate in an NSS database that is taken over is the one that
// net_nss_client_cert_nickname names. NSS's programs are played: pki has the real ones.
func TestNickname(t *testing.T) {
	ca := t.TempDir()
	if _, err := pki.EnsureArbiter(ca); err != nil {
		t.Fatal(err)
	}
	dir, bin := enrol(t, ca), t.TempDir()
	if err := os.Remove(filepath.Join(dir, "qdevice-net-cluster.pem")); err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{
		filepath.Join(dir, "cert9.db"): "", filepath.Join(dir, "key4.db"): "", filepath.Join(bin, "pk12util"): "#!/bin/sh\n",
		filepath.Join(bin, "certutil"): "#!/bin/sh\n[ \"$2\" != -n ] || { echo \"asked for $3\" >&2; exit 1; }\necho 'My Own  u,u,u'\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin)
	m := newMachine(t, 1, "127.0.0.1:1", dir)
	m.cfg.Settings.Nickname = "My Own"
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := RunQDevice(ctx, m.cfg); err == nil || !strings.Contains(err.Error(), "asked for My Own") {
		t.Errorf("ended with: %v", err)
	}
}
