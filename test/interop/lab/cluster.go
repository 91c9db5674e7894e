// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// ClusterName is the name of every lab's cluster: they share a set of certificates.
const ClusterName = "lab"

// Config is what a lab is made of.
type Config struct {
	Nodes      int
	Algorithm  string // ffsplit if empty
	TieBreaker string // lowest if empty
	NoKAP      bool   // no keep active partition tie-breaker
	Votes      int    // of the device; 1 if 0
	Heuristics string // lines for the heuristics section of corosync.conf
	Kind       Kind   // of the arbiter
	Binary     string // the arbiter's program, unless it is C's
	NodeKind   Kind   // of the node daemons: KindC, KindGo or KindMixed
	NodeBinary string // our node daemon
	Hosts      string // of the arbiter, for the nodes; its address if empty
	Token      int    // ms; 1000 if 0
	Link       int    // number of the only link: its addresses are ring0_addr if 0
	Device     string // more lines for the section quorum.device of corosync.conf
	NoDevice   bool   // corosync.conf has no quorum.device
	Certs      *Certs // nil: none yet
}

// Kind is an arbiter or a node daemon to put into a lab.
type Kind string

// The kinds.
const (
	KindGo     Kind = "go"     // ours
	KindC      Kind = "c"      // the distribution's
	KindMixed  Kind = "mixed"  // node daemons: ours on nodes with an odd ID
	KindYesman Kind = "yesman" // an arbiter that acknowledges everybody: no test may pass with it
)

// Ours reports whether a node runs our node daemon.
func (l *Lab) Ours(n *Host) bool {
	return l.Config.NodeKind == KindGo || l.Config.NodeKind == KindMixed && n.ID%2 == 1
}

// Certs are directories to copy into new hosts.
type Certs struct{ Arbiter, Node string }

// Lab is one cluster and its arbiter.
type Lab struct {
	T       testing.TB
	Config  Config
	Nodes   []*Host // in the order of their IDs, from 1
	Arbiter *Host
	Base    string
	Whole   bool // AwaitWhole has seen all nodes together, with the device's vote

	version int      // config_version
	options []string // of the arbiter
}

// counter tells the labs of this process apart.
var counter atomic.Int64

// New makes the hosts of a lab and starts nothing.
func New(t testing.TB, cfg Config) *Lab {
	t.Helper()
	l := &Lab{T: t, Config: cfg, Base: t.TempDir(), version: 1}
	sw := fmt.Sprintf("ql%d-%d", os.Getpid(), counter.Add(1))
	must(t, run("ip", "netns", "add", sw))
	t.Cleanup(func() { _ = run("ip", "netns", "del", sw) })
	must(t, run("ip", "-n", sw, "link", "add", "br0", "type", "bridge"))
	must(t, run("ip", "-n", sw, "link", "set", "br0", "up"))
	l.Arbiter = newHost(t, l.Base, sw, "arbiter", 0, "10.77.0.100")
	for id := 1; id <= cfg.Nodes; id++ {
		l.Nodes = append(l.Nodes, newHost(t, l.Base, sw, fmt.Sprintf("node%d", id), id, fmt.Sprintf("10.77.0.%d", id)))
	}
	l.ReplacePrograms()
	if cfg.Certs != nil {
		must(t, run("cp", "-a", cfg.Certs.Arbiter, filepath.Join(l.Arbiter.Dir, "etc", "qnetd")))
		for _, n := range l.Nodes {
			must(t, run("cp", "-a", cfg.Certs.Node, filepath.Join(n.Dir, "etc", "qdevice")))
		}
	} else {
		must(t, os.Mkdir(filepath.Join(l.Arbiter.Dir, "etc", "qnetd"), 0o755))
	}
	key := filepath.Join(l.Base, "authkey")
	must(t, run("corosync-keygen", "-l", "-k", key))
	for _, n := range l.Nodes {
		must(t, run("cp", "-a", key, filepath.Join(n.Dir, "etc", "authkey")))
		l.Configure(n, cfg.TieBreaker)
	}
	return l
}

// ReplacePrograms puts the programs under test in the place of C's, as the
// configuration says: three on the arbiter's host, three on the nodes that run
// our daemon.
func (l *Lab) ReplacePrograms() {
	l.T.Helper()
	if l.Config.Kind != KindC {
		for _, name := range arbiterPrograms {
			l.Arbiter.MustRun("mount", "--bind", l.Config.Binary, "/usr/bin/"+name)
		}
	}
	for _, n := range l.Nodes {
		if !l.Ours(n) {
			continue
		}
		for _, name := range nodePrograms {
			n.MustRun("mount", "--bind", l.Config.NodeBinary, "/usr/sbin/"+name)
		}
	}
}

// RestorePrograms puts C's programs back, where ReplacePrograms has replaced all,
// from their next start on.
func (l *Lab) RestorePrograms() {
	l.T.Helper()
	for _, name := range arbiterPrograms {
		l.Arbiter.MustRun("umount", "-l", "/usr/bin/"+name)
	}
	for _, n := range l.Nodes {
		for _, name := range nodePrograms {
			n.MustRun("umount", "-l", "/usr/sbin/"+name)
		}
	}
}

var (
	arbiterPrograms = []string{"corosync-qnetd", "corosync-qnetd-tool", "corosync-qnetd-certutil"}
	nodePrograms    = []string{"corosync-qdevice", "corosync-qdevice-tool", "corosync-qdevice-net-certutil"}
)

// Configure writes a node's corosync.conf with the given tie-breaker, in one step: a
// reload that another node asked for may be reading it.
func (l *Lab) Configure(n *Host, tieBreaker string) {
	l.T.Helper()
	path := filepath.Join(n.Dir, "etc", "corosync.conf")
	must(l.T, os.WriteFile(path+".new", []byte(l.conf(tieBreaker)), 0o644))
	must(l.T, os.Rename(path+".new", path))
}

func (l *Lab) conf(tieBreaker string) string {
	var b strings.Builder
	algorithm, votes, token := l.Config.Algorithm, max(1, l.Config.Votes), l.Config.Token
	if token == 0 {
		token = 1000
	}
	host := l.Config.Hosts
	if host == "" {
		host = l.Arbiter.Addr
	}
	if algorithm == "" {
		algorithm = "ffsplit"
	}
	if tieBreaker == "" {
		tieBreaker = "lowest"
	}
	fmt.Fprintf(&b, "totem {\n version: 2\n cluster_name: %s\n transport: knet\n token: %d\n config_version: %d\n ip_version: ipv4\n interface {\n  linknumber: %d\n }\n}\n", ClusterName, token, l.version, l.Config.Link)
	// While it waits for the device in sync Corosync turns its token as fast as it
	// can. In real time two such nodes would take both cores from everybody else,
	// which no two machines do to each other.
	b.WriteString("system {\n sched_rr: no\n}\n")
	b.WriteString("logging {\n to_syslog: no\n to_stderr: no\n to_logfile: yes\n logfile: /var/log/corosync/corosync.log\n timestamp: hires\n}\n")
	if l.Config.NoDevice {
		b.WriteString("quorum {\n provider: corosync_votequorum\n}\n")
		l.nodelist(&b)
		return b.String()
	}
	fmt.Fprintf(&b, "quorum {\n provider: corosync_votequorum\n device {\n  votes: %d\n  model: net\n  net {\n   host: %s\n   algorithm: %s\n   tie_breaker: %s\n   tls: on\n", votes, host, algorithm, tieBreaker)
	if l.Config.NoKAP {
		b.WriteString("   keep_active_partition_tie_breaker: off\n")
	}
	b.WriteString("  }\n" + l.Config.Device)
	if l.Config.Heuristics != "" {
		fmt.Fprintf(&b, "  heuristics {\n%s  }\n", l.Config.Heuristics)
	}
	b.WriteString(" }\n}\n")
	l.nodelist(&b)
	return b.String()
}

func (l *Lab) nodelist(b *strings.Builder) {
	b.WriteString("nodelist {\n")
	for _, n := range l.Nodes {
		fmt.Fprintf(b, " node {\n  ring%d_addr: %s\n  nodeid: %d\n  name: %s\n }\n", l.Config.Link, n.Addr, n.ID, n.Name)
	}
	b.WriteString("}\n")
}

// Reload changes the configuration, raises its version and has Corosync reload it
// on every node, as a person would: with corosync-cfgtool -R.
func (l *Lab) Reload(change func(*Config)) {
	l.T.Helper()
	change(&l.Config)
	l.version++
	for _, n := range l.Nodes {
		l.Configure(n, l.Config.TieBreaker)
	}
	l.Nodes[0].MustRun("corosync-cfgtool", "-R")
}

// MakeCerts enrols the lab's cluster with the C tools on the nodes and the
// tool under test on the arbiter, and returns the directories.
func (l *Lab) MakeCerts() *Certs {
	l.T.Helper()
	const nssdb = "/etc/corosync/qdevice/net/nssdb/"
	first := l.Nodes[0]
	if l.Config.Kind == KindC {
		_, _ = l.Arbiter.Run("sh", "-c", "yes '' | corosync-qnetd-certutil -i")
	} else {
		l.Arbiter.MustRun("corosync-qnetd-certutil", "-i")
	}
	copyFile := func(from *Host, src string, to *Host, dst string) {
		l.T.Helper()
		b, err := os.ReadFile(filepath.Join(from.Dir, "etc", strings.TrimPrefix(src, "/etc/corosync/")))
		must(l.T, err)
		must(l.T, os.WriteFile(filepath.Join(to.Dir, "etc", strings.TrimPrefix(dst, "/etc/corosync/")), b, 0o600))
	}
	for _, n := range l.Nodes {
		copyFile(l.Arbiter, "/etc/corosync/qnetd/nssdb/qnetd-cacert.crt", n, "/etc/corosync/ca.crt")
		n.MustRun("corosync-qdevice-net-certutil", "-i", "-c", "/etc/corosync/ca.crt")
	}
	first.MustRun("corosync-qdevice-net-certutil", "-r", "-n", ClusterName)
	copyFile(first, nssdb+"qdevice-net-node.crq", l.Arbiter, "/etc/corosync/node.crq")
	l.Arbiter.MustRun("corosync-qnetd-certutil", "-s", "-c", "/etc/corosync/node.crq", "-n", ClusterName)
	copyFile(l.Arbiter, "/etc/corosync/qnetd/nssdb/cluster-"+ClusterName+".crt", first, "/etc/corosync/cluster-"+ClusterName+".crt")
	first.MustRun("corosync-qdevice-net-certutil", "-M", "-c", "/etc/corosync/cluster-"+ClusterName+".crt")
	for _, n := range l.Nodes[1:] {
		copyFile(first, nssdb+"qdevice-net-node.p12", n, "/etc/corosync/node.p12")
		n.MustRun("corosync-qdevice-net-certutil", "-m", "-c", "/etc/corosync/node.p12")
	}
	return &Certs{Arbiter: filepath.Join(l.Arbiter.Dir, "etc", "qnetd"), Node: filepath.Join(l.Nodes[len(l.Nodes)-1].Dir, "etc", "qdevice")}
}

// StartArbiter starts the arbiter with these options.
func (l *Lab) StartArbiter(options ...string) {
	l.T.Helper()
	l.options = options
	l.Arbiter.Start("qnetd", append([]string{"corosync-qnetd", "-f", "-d"}, options...)...)
}

// reviveArbiter starts C's arbiter again, as its unit would, where it has ended by
// itself: 3.0.3 now and then does while clients come and go. Ours never may.
func (l *Lab) reviveArbiter() {
	l.T.Helper()
	if l.Config.Kind != KindC || !l.Arbiter.ended("qnetd") {
		return
	}
	l.T.Logf("the arbiter of C has ended by itself, and is started again")
	l.StartArbiter(l.options...)
}

// StartNode starts Corosync, the node daemon and the observer on a node.
func (l *Lab) StartNode(n *Host) {
	l.T.Helper()
	n.Start("corosync", "corosync", "-f")
	l.StartDevice(n)
	if !n.Running("observer") {
		n.Start("observer", l.observer())
	}
}

// StartDevice starts the node daemon as soon as Corosync answers.
func (l *Lab) StartDevice(n *Host) {
	l.T.Helper()
	Eventually(l.T, n.Name+" answers", corosyncTime, func() bool {
		_, err := n.Run("corosync-cmapctl", "-g", "runtime.votequorum.this_node_id")
		return err == nil
	})
	n.Start("qdevice", "corosync-qdevice", "-f", "-d")
}

// StopNode kills everything on a node, as a crash of the machine would, but
// for the packets that its kernel still sends: connections end loudly.
func (l *Lab) StopNode(n *Host) {
	n.Kill("qdevice")
	n.Kill("corosync")
}

// Start starts the arbiter and all nodes and waits until each node is quorate
// with the device's vote.
func (l *Lab) Start(options ...string) {
	l.T.Helper()
	l.StartArbiter(options...)
	for _, n := range l.Nodes {
		n.Start("corosync", "corosync", "-f")
		n.Start("observer", l.observer())
	}
	for _, n := range l.Nodes {
		l.StartDevice(n)
	}
	l.AwaitWhole()
}

// AwaitWhole waits until all nodes are together and have the device's vote.
func (l *Lab) AwaitWhole() {
	l.T.Helper()
	want := fmt.Sprintf("%d", len(l.Nodes)+max(1, l.Config.Votes))
	for _, n := range l.Nodes {
		Eventually(l.T, n.Name+" is whole with the device's vote", wholeTime, func() bool {
			l.reviveArbiter()
			for _, o := range l.Nodes {
				l.revive(o)
			}
			q := n.Quorum()
			return q.Quorate && q.TotalVotes == want && q.Nodes == len(l.Nodes)
		})
	}
	l.Whole = true
}

// Aborted reports whether the node's Corosync has ended over a mistake of its own: 3.1.7
// sometimes aborts when two nodes that have just started find each other.
func (h *Host) Aborted() bool {
	return !h.Running("corosync") && strings.Contains(h.Log("corosync"), "Assertion `sender_node != NULL' failed")
}

// revive starts a Corosync that has aborted again, as systemd would.
func (l *Lab) revive(n *Host) {
	l.T.Helper()
	if !n.Aborted() {
		return
	}
	l.T.Logf("%s: Corosync has aborted in votequorum.c, and is started again", n.Name)
	n.Kill("qdevice")
	n.Start("corosync", "corosync", "-f")
	l.StartDevice(n)
}
