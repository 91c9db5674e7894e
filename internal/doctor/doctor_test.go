// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/cmap"
	"github.com/quorate/quorate/corosync/conf"
	"github.com/quorate/quorate/corosync/corotest"
	"github.com/quorate/quorate/corosync/votequorum"
	"github.com/quorate/quorate/internal/advice"
	arbiterdaemon "github.com/quorate/quorate/internal/arbiter"
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/daemon"
	"github.com/quorate/quorate/internal/nodeconf"
	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/qnetd"
	"github.com/quorate/quorate/internal/status"
	"github.com/quorate/quorate/internal/store"
	"github.com/quorate/quorate/internal/wire"
)

// confText is a file that nothing is wrong with, but for the arbiter's host and port.
const confText = `totem {
 version: 2
 cluster_name: prod
 config_version: 5
 transport: knet
 token: 1000
}
quorum {
 provider: corosync_votequorum
 device {
  votes: 1
  model: net
  net {
   algorithm: ffsplit
   tls: on
   host: HOST
   port: PORT
  }
 }
}
nodelist {
 node {
  ring0_addr: 192.0.2.1
  name: pve1
  nodeid: 1
 }
 node {
  ring0_addr: 192.0.2.2
  name: pve2
  nodeid: 2
 }
}
`

// world is a node of two, with an arbiter, and nothing wrong.
type world struct {
	*testing.T
	cfg     Config
	conf    string
	keys    *corotest.Cmap
	votes   *corotest.Votequorum
	quorum  *corotest.Quorum
	server  *corotest.Server
	client  *votequorum.Client
	arbiter string // its certificates
	address string // of the one that runs
	node    status.QDevice
	nodeErr error
	isC     bool
	now     time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, now: time.Now(), keys: corotest.NewCmap(), votes: corotest.NewVotequorum(1, 2), quorum: corotest.NewQuorum(1, 2)}
	dir := t.TempDir()
	w.arbiter = filepath.Join(dir, "arbiter", "nssdb")
	certs := filepath.Join(dir, "nssdb")
	w.must(pki.Init(w.arbiter, pki.InitOptions{}))
	w.enrol(certs, "prod")
	w.address = w.start(w.arbiter, wire.TLSRequired)
	host, port, _ := net.SplitHostPort(w.address)
	w.conf = strings.NewReplacer("HOST", host, "PORT", port).Replace(confText)
	w.server = corotest.New(t, corotest.Config{})
	fake := corotest.NewCfg(1, netip.MustParseAddr("192.0.2.1"))
	fake.Addresses[2] = []netip.Addr{netip.MustParseAddr("192.0.2.2")}
	for name, svc := range map[string]corotest.Service{"cmap": w.keys, "votequorum": w.votes, "quorum": w.quorum, "cfg": fake} {
		w.server.Handle(name, svc)
	}
	w.node = status.QDevice{State: status.StateConnected, ConfigVersion: new(uint64(5)), Connected: w.now, RoundTrip: time.Millisecond,
		Cluster: "prod", Reason: "the arbiter gave its vote to this side"}
	w.cfg = Config{
		ConfFile: filepath.Join(dir, "corosync.conf"), Settings: newSettings(certs), Corosync: w.server.Options(), Host: &conf.Host{},
		Now: func() time.Time { return w.now }, Clock: func() (bool, bool) { return true, true }, Root: func() bool { return true },
		Lookup: func(context.Context, string) ([]netip.Addr, error) {
			return nil, &net.DNSError{Err: "no such host", IsNotFound: true}
		},
		AskNode: func(context.Context) (*status.QDevice, bool, error) { return &w.node, w.isC, w.nodeErr },
	}
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// enrol makes a node's certificates in dir.
func (w *world) enrol(dir, cluster string) {
	w.Helper()
	w.must(pki.InitNode(dir, filepath.Join(w.arbiter, pki.CACertFile), nil))
	crq, err := pki.RequestNode(dir, cluster)
	w.must(err)
	signed, err := pki.Sign(w.arbiter, crq, cluster, false)
	w.must(err)
	_, _, err = pki.ImportNodeCert(dir, signed.Path)
	w.must(err)
}

// start starts a real arbiter and returns its address.
func (w *world) start(certs string, tls wire.TLSSupport) string {
	w.Helper()
	dir := w.TempDir()
	cfg := arbiterdaemon.Config{
		Machine: qnetd.Defaults(), Network: "tcp", Hosts: []string{"127.0.0.1"}, SendQueue: 32, CertDir: certs, Store: store.File(filepath.Join(dir, "grants.db")),
		Control: daemon.ControlConfig{Path: filepath.Join(dir, "s"), Options: control.ListenOptions{GID: -1}, Limits: control.DefaultLimits()},
		Log:     slog.New(slog.DiscardHandler),
	}
	cfg.Machine.TLS = tls
	addr := make(chan string, 1)
	cfg.OnListen = func(a []net.Addr) { addr <- a[0].String() }
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- arbiterdaemon.Run(ctx, cfg) }()
	w.Cleanup(func() {
		cancel()
		w.must(<-done)
	})
	select {
	case a := <-addr:
		return a
	case err := <-done:
		w.Fatal(err)
		return ""
	}
}

// arbiterAt changes where the arbiter is looked for.
func (w *world) arbiterAt(address string) {
	host, port, _ := net.SplitHostPort(address)
	w.conf = regexp.MustCompile(`\bhost: .*\n`).ReplaceAllString(w.conf, "host: "+host+"\n")
	w.conf = regexp.MustCompile(`\bport: .*\n`).ReplaceAllString(w.conf, "port: "+port+"\n")
}

// newSettings are a node daemon's with its certificates in dir.
func newSettings(dir string) nodeconf.Settings {
	s := nodeconf.DefaultSettings()
	s.CertDir = dir
	return s
}

// load lets the fake Corosync have the keys of the file, and the device cast.
func (w *world) load() {
	f, err := conf.Parse([]byte(w.conf))
	w.must(err)
	for _, k := range f.Keys() {
		v := cmap.StringValue(k.Value)
		if n, err := strconv.ParseUint(k.Value, 10, 64); err == nil && k.Type != conf.String {
			switch k.Type {
			case conf.Uint8:
				v = cmap.Uint8Value(uint8(n))
			case conf.Uint64:
				v = cmap.Uint64Value(n)
			default:
				v = cmap.Uint32Value(uint32(n))
			}
		}
		w.keys.Set(k.Name, v)
	}
	w.keys.Set("runtime.votequorum.this_node_id", cmap.Uint32Value(1))
	w.client, err = votequorum.Dial(w.Context(), w.server.Options())
	w.must(err)
	w.Cleanup(func() { _ = w.client.Close() })
	w.must(w.client.Register(w.Context(), "Qdevice"))
	w.poll(true)
}

func (w *world) poll(cast bool) {
	w.must(w.client.Poll(w.Context(), "Qdevice", cast, corosync.RingID{Node: 1, Seq: 4}))
}

// run examines, and returns the lines, and below them what to do.
func (w *world) run() (*Report, string) {
	w.Helper()
	if _, err := os.Stat(w.cfg.ConfFile); err != nil && w.conf != "" {
		w.must(os.WriteFile(w.cfg.ConfFile, []byte(w.conf), 0o644))
	}
	r := Run(w.Context(), w.cfg)
	return r, lines(r)
}

// lines are a report's lines, and below them what to do.
func lines(r *Report) string {
	var b strings.Builder
	for _, l := range r.Results {
		fmt.Fprintf(&b, "%s %s: %s\n", l.Verdict, l.Check, l.Text)
		for _, do := range l.Do {
			fmt.Fprintf(&b, "    %s\n", do)
		}
	}
	return b.String()
}

// TestAllWell: every line of a node that nothing is wrong with, but that the other
// one has no node daemon.
func TestAllWell(t *testing.T) {
	w := newWorld(t)
	w.load()
	var began, told []string
	w.cfg.Progress = func(c string) { began = append(began, c) }
	w.cfg.Report = func(r Result) { told = append(told, r.Text) }
	r, got := w.run()
	leaf, err := pki.LoadNode(w.cfg.Settings.CertDir)
	w.must(err)
	host := regexp.MustCompile(`\bport: (\d+)`).FindStringSubmatch(w.conf)[1]
	got = strings.NewReplacer("127.0.0.1:"+host, "ARBITER", leaf.Cluster.Leaf.NotAfter.Format("2006-01-02"), "END", w.now.Format("2006-01-02 15:04:05"), "NOW").Replace(got)
	const want = `note corosync.conf: two nodes and a device: after a power cut one node with the arbiter runs alone
    nothing, if you want that; wait_for_all would not change it, because the device's vote counts for it
note corosync.conf: the cluster's traffic is not encrypted, but the version of Corosync after 3.1.10 requires encryption
    make a key with corosync-keygen, copy /etc/corosync/authkey to all nodes, and set totem.secauth to on
warn corosync.conf: line 16: 127.0.0.1 is every machine's own address: each node asks itself for the arbiter's vote
    use the address of a machine that is not one of the nodes
ok timers: token 1000 ms, device timeout 10000 ms, in sync 30000 ms
ok corosync: running, version 5 of the configuration, ring 1.4
ok quorum: quorate: 3 of 3 votes, 2 needed, 2 members
ok names: there are only addresses, so no name has to be looked up
ok arbiter port: ARBITER answers, after 0.0 ms
ok certificates: of cluster "prod", valid until END
ok TLS: ARBITER: TLS 1.3, the arbiter's certificate is right, and it accepts ours
ok clock: synchronised
ok node daemon: quorate's, connected to the arbiter since NOW, round trip 1.0 ms
ok registered: Qdevice, alive, 1 vote
ok vote: pve1 uses the arbiter's vote
warn other nodes: pve2 has no qdevice running, so the arbiter's vote does not count there
    On pve2, run ` + "`systemctl start corosync-qdevice`.\n" +
		"note losses: if pve1 is lost now, quorum is lost: 1 of 3 votes, 2 needed\n"
	if got != want || !r.OK {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if len(began) != 14 || len(told) != len(r.Results) || began[0] != "corosync.conf" {
		t.Errorf("progress %q, reports %q", began, told)
	}
}

// refusing is the address of a port that nobody listens on.
func refusing(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// answering is a server that answers everything with these bytes.
func answering(t *testing.T, bytes string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 100))
			_, _ = c.Write([]byte(bytes))
			_ = c.Close()
		}
	}()
	return l.Addr().String()
}

// needKey has the configuration name a key that can't be read.
func (w *world) needKey(err error) {
	w.conf = strings.Replace(w.conf, "token: 1000", "token: 1000\n secauth: on", 1)
	w.cfg.Host = &conf.Host{ReadFile: func(string) ([]byte, error) { return nil, err }}
}

const asRoot = string(advice.AsRoot)

// TestFindings: each thing that can be wrong is found, and the exit is as it must be.
func TestFindings(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(*world) // before Corosync has loaded the file
		after func(*world)
		want  []string // lines, or the beginnings of them
		ok    bool
	}{
		{name: "no file", spoil: func(w *world) { w.conf = ""; w.cfg.ConfFile += ".x" }, want: []string{"FAIL corosync.conf: ", "note names: no quorum device is configured"}},
		{name: "syntax", after: func(w *world) { w.conf += "what\n" }, want: []string{"FAIL corosync.conf: ", "ok vote: "}},
		{name: "refused", after: func(w *world) { w.conf = strings.Replace(w.conf, "version: 2", "version: 1", 1) },
			want: []string{"FAIL corosync.conf: Corosync would refuse the file: "}},
		{name: "no key", after: func(w *world) { w.needKey(fs.ErrNotExist) },
			want: []string{"FAIL corosync.conf: Corosync would refuse the file: totem.keyfile: the key /etc/corosync/authkey does not exist\n    copy it from another node"}},
		{name: "not root", after: func(w *world) {
			w.needKey(fs.ErrPermission)
			w.cfg.Root = func() bool { return false }
			w.nodeErr = fs.ErrPermission
			w.server.Refuse(syscall.EACCES)
		}, want: []string{"warn user: you are not root. Only root may ask the daemons and read the keys, so some lines below may be wrong\n    " + asRoot + "\nFAIL corosync.conf",
			"FAIL corosync.conf: Corosync would refuse the file: totem.keyfile: the key /etc/corosync/authkey can't be read by this user\n    run this as root",
			"FAIL corosync: Corosync allows only root to do that (cmap, connect)\n    " + asRoot + "\nok names", "FAIL node daemon: it does not answer on SOCKET: permission denied\n    " + asRoot + "\n"}},
		{name: "lint", spoil: func(w *world) { w.conf = strings.Replace(w.conf, "tls: on", "tls: off", 1) },
			want: []string{"warn corosync.conf: line ", "note certificates: quorum.device.net.tls is off", "FAIL TLS: ADDRESS: TLS does not match: the arbiter requires it, and quorum.device.net.tls is off in corosync.conf"}},
		{name: "timers", spoil: func(w *world) { w.conf = strings.Replace(w.conf, "votes: 1", "votes: 1\n  timeout: 1000", 1) },
			want: []string{"warn timers: line "}, ok: true},
		{name: "no timer", after: func(w *world) { w.conf = strings.Replace(w.conf, "tls: on", "tls: on\n   tie_breaker: 5 ms", 1) },
			want: []string{"FAIL corosync.conf: line "}},
		{name: "algorithm test", spoil: func(w *world) { w.conf = strings.Replace(w.conf, "algorithm: ffsplit", "algorithm: test", 1) },
			want: []string{"FAIL corosync.conf: line "}},
		{name: "algorithm test, which the daemon was told to take", spoil: func(w *world) {
			w.conf = strings.Replace(w.conf, "algorithm: ffsplit", "algorithm: test", 1)
			w.cfg.Settings.TestAlgorithm = true
		}, want: []string{"warn corosync.conf: line 16: 127.0.0.1 is every machine's own address"}, ok: true},
		{name: "connect timeout", spoil: func(w *world) { w.conf = strings.Replace(w.conf, "tls: on", "tls: on\n   connect_timeout: 500", 1) },
			want: []string{"FAIL corosync.conf: line "}},
		{name: "connect timeout that the daemon was told to take", spoil: func(w *world) {
			w.conf = strings.Replace(w.conf, "tls: on", "tls: on\n   connect_timeout: 500", 1)
			w.cfg.Settings.ConnectTimeoutMin = 400
		}, want: []string{"warn corosync.conf: line 17: 127.0.0.1 is every machine's own address"}, ok: true},
		{name: "newer file", after: func(w *world) { w.conf = strings.Replace(w.conf, "config_version: 5", "config_version: 6", 1) },
			want: []string{"warn corosync: the running Corosync has version 5 of the configuration, the file is version 6\n    corosync-cfgtool -R"}, ok: true},
		{name: "device removed", spoil: func(w *world) {
			w.conf = w.conf[:strings.Index(w.conf, " device {")] + w.conf[strings.Index(w.conf, "}\nnodelist"):]
			w.node.Removed, w.node.State, w.node.ConfigVersion = "quorum.device", status.StateDisconnected, nil
		}, want: []string{"note node daemon: it runs, but quorum.device was removed from corosync.conf: it waits without a vote until the device comes back\n" +
			"    " + advice.DisableNodeDaemon.String()}, ok: true},
		{name: "device removed, and C's daemon runs on", spoil: func(w *world) {
			w.conf = w.conf[:strings.Index(w.conf, " device {")] + w.conf[strings.Index(w.conf, "}\nnodelist"):]
			w.isC = true
		}, want: []string{"note node daemon: it runs, but corosync.conf has no quorum.device: nothing uses it\n" +
			"    " + advice.DisableNodeDaemon.String()}, ok: true},
		{name: "no Corosync", after: func(w *world) { w.server.Close() },
			want: []string{"FAIL corosync: Corosync does not answer, or has ended", "ok arbiter port: ", "ok TLS: ", "ok node daemon: "}},
		{name: "not quorate", after: func(w *world) {
			w.server.Stall(func() { w.quorum.Set(false, corosync.RingID{Node: 1, Seq: 4}, 1, 2) })
		}, want: []string{"FAIL quorum: not quorate: 3 of 3 votes, 2 needed, 2 members"}},
		{name: "name", spoil: func(w *world) { w.conf = strings.Replace(w.conf, "host: 127.0.0.1", "host: arbiter.example", 1) },
			want: []string{"FAIL names: the arbiter's address: the name arbiter.example is not known", "FAIL arbiter port: no address of the arbiter is known: arbiter.example"}},
		{name: "slow name", spoil: func(w *world) {
			w.conf = strings.NewReplacer("host: 127.0.0.1", "host: arbiter.example", "192.0.2.2", "pve2.example").Replace(w.conf)
			w.cfg.Lookup = func(_ context.Context, host string) ([]netip.Addr, error) {
				if host == "pve2.example" {
					return nil, &net.DNSError{Err: "no such host", IsNotFound: true}
				}
				w.now = w.now.Add(2100 * time.Millisecond)
				return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
			}
		}, want: []string{"warn names: finding arbiter.example took 2.1 s", "warn names: a node's address: the name pve2.example is not known", "ok TLS: "}, ok: true},
		{name: "port", spoil: func(w *world) { w.arbiterAt(refusing(w.T)) },
			want: []string{"FAIL arbiter port: the arbiter at 127.0.0.1 refused the connection on port PORT. Is it running there?\n    On the arbiter, run `systemctl start corosync-qnetd`."}},
		{name: "firewall", spoil: func(w *world) {
			w.cfg.Dial = func(context.Context, string) (net.Conn, error) { return nil, context.DeadlineExceeded }
		}, want: []string{"FAIL arbiter port: no answer from 127.0.0.1 port PORT: a firewall, or nothing there\n    Check that the arbiter is up, and that its address is right.\n    On the arbiter, open TCP port PORT: `ufw allow PORT/tcp`."}},
		{name: "one of two", spoil: func(w *world) {
			w.conf = strings.Replace(w.conf, "host: 127.0.0.1", "host: 127.0.0.1, 127.0.0.2", 1)
			dial := new(net.Dialer)
			w.cfg.Dial = func(ctx context.Context, a string) (net.Conn, error) {
				if strings.HasPrefix(a, "127.0.0.2") {
					return nil, syscall.EHOSTUNREACH
				}
				return dial.DialContext(ctx, "tcp", a)
			}
		}, want: []string{"ok arbiter port: ADDRESS answers", "warn arbiter port: can't reach 127.0.0.2: ", "ok TLS: "}, ok: true},
		{name: "no certificates", spoil: func(w *world) { w.must(os.RemoveAll(w.cfg.Settings.CertDir)) },
			want: []string{"FAIL certificates: "}},
		{name: "half set up", spoil: func(w *world) {
			w.must(os.RemoveAll(w.cfg.Settings.CertDir))
			w.must(pki.InitNode(w.cfg.Settings.CertDir, filepath.Join(w.arbiter, pki.CACertFile), nil))
		}, want: []string{"FAIL certificates: "}},
		{name: "NSS only", spoil: func(w *world) {
			w.must(os.RemoveAll(w.cfg.Settings.CertDir))
			w.must(os.MkdirAll(w.cfg.Settings.CertDir, 0o755))
			w.must(os.WriteFile(filepath.Join(w.cfg.Settings.CertDir, "cert9.db"), nil, 0o600))
		}, want: []string{"note certificates: "}, ok: true},
		{name: "another cluster", spoil: func(w *world) {
			w.must(os.RemoveAll(w.cfg.Settings.CertDir))
			w.enrol(w.cfg.Settings.CertDir, "other")
		}, want: []string{`FAIL certificates: the certificate is for cluster "other", but this cluster is "prod"`, "FAIL TLS: ADDRESS: the arbiter refuses this node's certificate: "}},
		{name: "expired", spoil: func(w *world) { w.now = w.now.AddDate(200, 0, 0) },
			want: []string{"FAIL certificates: the arbiter's CA expired on ", "FAIL TLS: ADDRESS: the arbiter's certificate is refused: "}},
		{name: "another arbiter", spoil: func(w *world) {
			dir := filepath.Join(w.TempDir(), "nssdb")
			w.must(pki.Init(dir, pki.InitOptions{}))
			w.arbiterAt(w.start(dir, wire.TLSRequired))
		}, want: []string{"FAIL TLS: ADDRESS: the arbiter's certificate is refused: "}},
		{name: "an arbiter without TLS", spoil: func(w *world) { w.arbiterAt(w.start(w.arbiter, wire.TLSUnsupported)) },
			want: []string{"ok TLS: ADDRESS: an arbiter without TLS"}, ok: true},
		{name: "TLS required", spoil: func(w *world) {
			w.arbiterAt(w.start(w.arbiter, wire.TLSUnsupported))
			w.conf = strings.Replace(w.conf, "tls: on", "tls: required", 1)
		}, want: []string{"FAIL TLS: ADDRESS: TLS does not match: the arbiter has it switched off, and this node requires it"}},
		{name: "no arbiter at all", spoil: func(w *world) { w.arbiterAt(answering(w.T, "HTTP/1.1 400 Bad Request\r\n\r\n")) },
			want: []string{"FAIL TLS: ADDRESS: what answers there does not speak the protocol of an arbiter\n    Check that quorum.device.net.host"}},
		{name: "clock", spoil: func(w *world) { w.cfg.Clock = func() (bool, bool) { return false, true } },
			want: []string{"warn clock: the clock is not synchronised"}, ok: true},
		{name: "clock not known", spoil: func(w *world) { w.cfg.Clock = func() (bool, bool) { return false, false } },
			want: []string{"note clock: "}, ok: true},
		{name: "no daemon", after: func(w *world) {
			w.nodeErr = errors.New("No such file or directory")
			w.must(w.client.Unregister(w.Context(), "Qdevice"))
		}, want: []string{"FAIL node daemon: it does not answer on SOCKET: ", "FAIL registered: pve1 has no qdevice running, so the arbiter's vote does not count there\n    systemctl start", "FAIL vote: pve1 does not use the arbiter's vote"}},
		{name: "not connected", after: func(w *world) {
			w.node.State, w.node.Lost, w.node.Reason, w.node.ConfigVersion = status.StateConnectFailed, "reset by peer", "not connected to the arbiter", new(uint64(4))
			w.isC = true
			w.poll(false)
		}, want: []string{"FAIL node daemon: Corosync's own, and pve1 is not connected to the arbiter at ", "warn node daemon: the qdevice of pve1 uses version 4 of corosync.conf",
			"FAIL vote: pve1 does not use the arbiter's vote: not connected to the arbiter\n    On the arbiter, run `quorate clusters prod`"}},
		{name: "silent", after: func(w *world) { w.server.Stall(w.votes.Timeout) },
			want: []string{"FAIL registered: the qdevice of pve1 has stopped: Corosync no longer hears from it"}},
		{name: "barred", after: func(w *world) {
			w.must(w.client.Unregister(w.Context(), "Qdevice"))
			w.server.Stall(func() { w.keys.Set("runtime.votequorum.qdevice_can_operate", cmap.Uint8Value(0)) })
		}, want: []string{"FAIL registered: Corosync on pve1 allows no quorum device"}},
		{name: "heuristics", spoil: func(w *world) {
			w.conf = strings.Replace(w.conf, "votes: 1", "votes: 1\n  heuristics {\n   mode: on\n   exec_gw: /bin/false\n  }", 1)
			w.node.Heuristics = qnet.HeuristicsFail
			w.node.Commands = []status.HeuristicsCommand{{Name: "gw", Result: qnet.HeuristicsFail, Detail: "exit code 1"}}
		}, want: []string{"warn node daemon: heuristics command gw fails on pve1: exit code 1"}, ok: true},
		{name: "bad device", spoil: func(w *world) { w.conf = strings.Replace(w.conf, "algorithm: ffsplit", "algorithm: coin", 1) },
			want: []string{"FAIL names: the node daemon can't use the configuration: Unknown decision algorithm coin"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			if tt.spoil != nil {
				tt.spoil(w)
			}
			if w.conf != "" {
				w.load()
			}
			if tt.after != nil {
				tt.after(w)
			}
			r, got := w.run()
			port := regexp.MustCompile(`\bport: (\d+)`).FindStringSubmatch(w.conf)
			if port != nil {
				got = strings.NewReplacer("127.0.0.1:"+port[1], "ADDRESS", w.cfg.Settings.SocketFile, "SOCKET", port[1], "PORT").Replace(got)
			}
			for _, want := range tt.want {
				if !strings.Contains("\n"+got, "\n"+want) {
					t.Errorf("no line %q", want)
				}
			}
			if r.OK != tt.ok || r.OK == slices.ContainsFunc(r.Results, func(r Result) bool { return r.Verdict == Fail }) || t.Failed() {
				t.Errorf("ok: %v, got\n%s", r.OK, got)
			}
		})
	}
}

// TestKernelClock: the kernel answers here, whatever it says.
func TestKernelClock(t *testing.T) {
	if _, known := kernelClock(); !known {
		t.Error("adjtimex does not answer")
	}
}
