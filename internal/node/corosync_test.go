// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package node

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/cmap"
	"github.com/quorate/quorate/corosync/corotest"
	"github.com/quorate/quorate/corosync/votequorum"
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/daemon"
	"github.com/quorate/quorate/internal/daemon/daemontest"
	"github.com/quorate/quorate/internal/nodeconf"
	"github.com/quorate/quorate/internal/pki"
)

// machine is a node with a fake Corosync and a real daemon, on loopback.
type machine struct {
	t      *testing.T
	id     uint32
	server *corotest.Server
	cmap   *corotest.Cmap
	vq     *corotest.Votequorum
	sync   *endlessSync
	cfg    Config
	log    *daemontest.LogBuffer
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
	m := &machine{t: t, id: id, server: corotest.New(t, corotest.Config{}), cmap: corotest.NewCmap(), log: &daemontest.LogBuffer{}}
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
	m.cfg = Config{Settings: nodeconf.DefaultSettings(), Log: slog.New(daemon.NewLogHandler(m.log, nil, slog.LevelDebug))}
	s := &m.cfg.Settings
	s.LockFile, s.CertDir, s.MaxTryAgain = filepath.Join(dir, "pid"), certDir, 1
	m.cfg.Control = daemon.ControlConfig{Path: filepath.Join(dir, "s"), Options: control.ListenOptions{GID: -1}, Limits: control.NodeLimits()}
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
	go func() { done <- Run(ctx, m.cfg) }()
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
	return ask(m.t, m.cfg.Control.Path, command)
}

// ask asks a daemon at its local socket.
func ask(t *testing.T, socket, command string) string {
	t.Helper()
	c, err := control.Dial(context.Background(), socket)
	if err != nil {
		t.Fatal(err)
	}
	text, err := control.Ask(context.Background(), c, command+" ")
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	return string(text)
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
	if err := Run(ctx, m.cfg); err != nil {
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
	if err := Run(ctx, m.cfg); err == nil || !strings.Contains(err.Error(), "asked for My Own") {
		t.Errorf("ended with: %v", err)
	}
}
