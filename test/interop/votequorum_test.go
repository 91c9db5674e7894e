// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"quorate/internal/qnet"
	vq "quorate/internal/votequorum"
	"quorate/internal/votequorum/vqtest"
	"quorate/test/interop/lab"
)

// deviceTool is one call of libvotequorum; it prints the answer's number.
const deviceTool = `
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <corosync/votequorum.h>
static votequorum_ring_id_t ring;
static int known;
static void on_list(votequorum_handle_t h, uint64_t c, votequorum_ring_id_t r, uint32_t n, uint32_t *l) { ring = r; known = 1; }
int main(int argc, char **a)
{
	votequorum_handle_t h;
	votequorum_callbacks_t cb = { .votequorum_nodelist_notify_fn = on_list };
	int e = votequorum_initialize(&h, &cb);
	if (e == CS_OK) {
		if (!strcmp(a[1], "register")) e = votequorum_qdevice_register(h, a[2]);
		else if (!strcmp(a[1], "unregister")) e = votequorum_qdevice_unregister(h, a[2]);
		else if (!strcmp(a[1], "rename")) e = votequorum_qdevice_update(h, a[2], a[3]);
		else if (!strcmp(a[1], "master")) e = votequorum_qdevice_master_wins(h, a[2], atoi(a[3]));
		else if (!strcmp(a[1], "info")) {
			struct votequorum_info i;
			for (int k = 2; k < argc; k++)
				if ((e = votequorum_getinfo(h, atoi(a[k]), &i)) == CS_OK)
					printf("%u %u %u %u %u %u %u %u %u %s\n", i.node_id, i.node_state, i.node_votes, i.node_expected_votes,
						i.highest_expected, i.total_votes, i.quorum, i.flags, i.qdevice_votes, i.qdevice_name);
				else
					printf("%d\n", e);
			return 0;
		}
		else if (!strcmp(a[1], "expected")) e = votequorum_setexpected(h, atoi(a[2]));
		else if (!strcmp(a[1], "votes")) e = votequorum_setvotes(h, atoi(a[2]), atoi(a[3]));
		else {
			votequorum_trackstart(h, 1, CS_TRACK_CURRENT);
			while (!known) votequorum_dispatch(h, CS_DISPATCH_ONE);
			if (!strcmp(a[1], "stale")) ring.seq++;
			e = votequorum_qdevice_poll(h, a[2], atoi(a[3]), ring);
		}
	}
	printf("%d\n", e);
	return 0;
}
`

var toolOnce struct {
	sync.Once
	path string
	err  error
}

// votes is one cluster twice: real Corosync nodes, and the machines.
type votes struct {
	t     *testing.T
	lab   *lab.Lab
	model *vqtest.Cluster
	cfg   vq.Config
	steps int
}

// newVotes makes the hosts and the model from one configuration.
func newVotes(t *testing.T, nodes int, cfg vq.Config) *votes {
	t.Helper()
	v := &votes{t: t, model: vqtest.New(time.Unix(1_000_000, 0))}
	v.lab = lab.New(t, lab.Config{Nodes: nodes, Kind: suite.kind, Binary: suite.binary})
	toolOnce.Do(func() {
		toolOnce.path = filepath.Join(filepath.Dir(suite.binary), "vq")
		cmd := exec.Command("gcc", "-x", "c", "-o", toolOnce.path, "-", "-lvotequorum")
		cmd.Stdin = strings.NewReader(deviceTool)
		if out, err := cmd.CombinedOutput(); err != nil {
			toolOnce.err = fmt.Errorf("%w: %s", err, out)
		}
	})
	if toolOnce.err != nil {
		t.Fatal(toolOnce.err)
	}
	if cfg.Nodes == nil {
		for _, n := range v.lab.Nodes {
			cfg.Nodes = append(cfg.Nodes, vq.ConfigNode{ID: qnet.NodeID(n.ID), Name: n.Name, Votes: 1})
		}
	}
	v.configure(cfg)
	for _, n := range v.lab.Nodes {
		n.MustRun("cp", toolOnce.path, "/run/vq")
		cfg.Node = qnet.NodeID(n.ID)
		v.model.Add(cfg)
	}
	t.Cleanup(func() {
		if t.Failed() {
			for _, n := range v.lab.Nodes {
				log, _ := os.ReadFile(filepath.Join(n.Dir, "log", "corosync.log"))
				t.Logf("%s:\n%s", n.Name, tail(string(log), 25))
			}
		}
	})
	return v
}

// configure writes every node's corosync.conf.
func (v *votes) configure(cfg vq.Config) {
	v.t.Helper()
	v.cfg = cfg
	for _, n := range v.lab.Nodes {
		if err := os.WriteFile(filepath.Join(n.Dir, "etc", "corosync.conf"), []byte(v.conf(cfg)), 0o644); err != nil {
			v.t.Fatal(err)
		}
	}
}

// conf writes down the configuration of the model for Corosync.
func (v *votes) conf(cfg vq.Config) string {
	var b strings.Builder
	b.WriteString("totem {\n version: 2\n cluster_name: lab\n transport: knet\n token: 1000\n ip_version: ipv4\n interface {\n  linknumber: 0\n }\n}\n")
	b.WriteString("logging {\n to_syslog: no\n to_stderr: no\n to_logfile: yes\n logfile: /var/log/corosync/corosync.log\n timestamp: hires\n}\n")
	b.WriteString("quorum {\n provider: corosync_votequorum\n")
	number := func(key string, n int64) {
		if n != 0 {
			fmt.Fprintf(&b, " %s: %d\n", key, n)
		}
	}
	yes := func(key string, on bool) {
		if on {
			number(key, 1)
		}
	}
	number("expected_votes", int64(cfg.ExpectedVotes))
	yes("two_node", cfg.TwoNode)
	if cfg.WaitForAll != vq.Unset {
		fmt.Fprintf(&b, " wait_for_all: %d\n", cfg.WaitForAll-vq.Off)
	}
	yes("last_man_standing", cfg.LastManStanding)
	number("last_man_standing_window", cfg.LastManStandingWindow.Milliseconds())
	yes("auto_tie_breaker", cfg.AutoTieBreaker)
	if cfg.AutoTieBreakerNode != "" {
		fmt.Fprintf(&b, " auto_tie_breaker_node: %s\n", cfg.AutoTieBreakerNode)
	}
	yes("allow_downscale", cfg.AllowDownscale)
	yes("expected_votes_tracking", cfg.ExpectedVotesTracking)
	if d := cfg.Device; d != nil {
		b.WriteString(" device {\n  model: net\n")
		if d.Votes != vq.AutoVotes {
			fmt.Fprintf(&b, "  votes: %d\n", d.Votes)
		}
		number(" timeout", d.Timeout.Milliseconds())
		number(" sync_timeout", d.SyncTimeout.Milliseconds())
		fmt.Fprintf(&b, "  net {\n   host: %s\n   algorithm: ffsplit\n   tls: on\n  }\n }\n", v.lab.Arbiter.Addr)
	}
	b.WriteString("}\nnodelist {\n")
	for i, n := range cfg.Nodes {
		fmt.Fprintf(&b, " node {\n  ring0_addr: %s\n  nodeid: %d\n  name: %s\n  quorum_votes: %d\n }\n", v.lab.Nodes[i].Addr, n.ID, n.Name, n.Votes)
	}
	return b.String() + "}\n"
}

func (v *votes) host(id int) *lab.Host { return v.lab.Nodes[id-1] }

func (v *votes) hosts(ids ...int) (list []*lab.Host) {
	for _, id := range ids {
		list = append(list, v.host(id))
	}
	return list
}

func nodeIDs(ids []int) (list []qnet.NodeID) {
	for _, id := range ids {
		list = append(list, qnet.NodeID(id))
	}
	return list
}

// up starts nodes one after the other and compares after each.
func (v *votes) up(ids ...int) {
	v.t.Helper()
	for _, id := range ids {
		v.host(id).Start("corosync", "corosync", "-f")
		if err := v.model.Up(qnet.NodeID(id)); err != nil {
			v.t.Fatal(err)
		}
		v.model.Settle()
		v.same(fmt.Sprintf("node %d up", id))
	}
}

// down kills nodes at once.
func (v *votes) down(ids ...int) {
	v.t.Helper()
	for _, id := range ids {
		v.host(id).Kill("corosync")
	}
	v.model.Down(nodeIDs(ids)...)
	v.model.Settle()
	v.same(fmt.Sprintf("nodes %v killed", ids))
}

// leave stops a node as systemctl stop does.
func (v *votes) leave(id int) {
	v.t.Helper()
	v.host(id).Signal("corosync", syscall.SIGTERM)
	lab.Eventually(v.t, "corosync has stopped", 30*time.Second, func() bool { return !v.host(id).Running("corosync") })
	v.model.Leave(qnet.NodeID(id))
	v.model.Settle()
	v.same(fmt.Sprintf("node %d left", id))
}

// cut parts the cluster silently; the others keep together.
func (v *votes) cut(ids ...int) {
	v.t.Helper()
	lab.Cut(v.hosts(ids...), v.rest(ids))
	v.model.Split(nodeIDs(ids))
	v.model.Settle()
	v.same(fmt.Sprintf("nodes %v cut off", ids))
}

func (v *votes) heal(ids ...int) {
	v.t.Helper()
	lab.Heal(v.hosts(ids...), v.rest(ids))
	v.model.Split()
	v.model.Settle()
	v.same("healed")
}

func (v *votes) rest(ids []int) (list []*lab.Host) {
	for _, n := range v.lab.Nodes {
		if !strings.Contains(fmt.Sprint(ids), strconv.Itoa(n.ID)) {
			list = append(list, n)
		}
	}
	return list
}

// pass lets the model's time pass: the real one passes in same.
func (v *votes) pass(d time.Duration, what string) {
	v.t.Helper()
	v.model.Advance(d)
	v.same(what)
}

// call makes a library call on a node and gives the model the same input. The
// answers must be the same.
func (v *votes) call(id int, in vq.Input, args ...string) {
	v.t.Helper()
	out := strings.TrimSpace(v.host(id).MustRun("/run/vq", args...))
	v.model.Do(qnet.NodeID(id), in)
	if want := fmt.Sprint(uint32(v.model.LastAnswer(qnet.NodeID(id)))); out != want {
		v.t.Errorf("%v on node %d: Corosync answers %s, the machine %s", args, id, out, want)
	}
	v.same(fmt.Sprintf("node %d: %v", id, args))
}

func (v *votes) register(id int) {
	v.t.Helper()
	v.call(id, vq.Register{Name: "dev"}, "register", "dev")
}

func (v *votes) poll(id int, cast bool) {
	v.t.Helper()
	ring := v.model.Node(qnet.NodeID(id)).Machine.NodeList().Ring
	yes := "0"
	if cast {
		yes = "1"
	}
	v.call(id, vq.Poll{Name: "dev", Ring: ring, Cast: cast}, "poll", "dev", yes)
}

func (v *votes) expected(id int, n uint32) {
	v.t.Helper()
	v.call(id, vq.SetExpected{Votes: n}, "expected", fmt.Sprint(n))
}

func (v *votes) setVotes(of int, n uint32, at int) {
	v.t.Helper()
	v.call(at, vq.SetVotes{Node: qnet.NodeID(of), Votes: n}, "votes", fmt.Sprint(of), fmt.Sprint(n))
}

func (v *votes) cancelWait(id int) {
	v.t.Helper()
	v.host(id).MustRun("corosync-cmapctl", "-s", "quorum.cancel_wait_for_all", "u8", "1")
	v.model.Do(qnet.NodeID(id), vq.CancelWaitForAll{})
	v.same("wait_for_all cancelled")
}

// reload puts a configuration in force, or only writes it if no node runs yet.
func (v *votes) reload(cfg vq.Config, running bool) {
	v.t.Helper()
	v.configure(cfg)
	for _, n := range v.model.Nodes() {
		n.Config.Nodes, n.Config.ExpectedVotes, n.Config.TwoNode, n.Config.Device = cfg.Nodes, cfg.ExpectedVotes, cfg.TwoNode, cfg.Device
		v.model.Give(n.ID, vq.Reload{Config: n.Config})
	}
	if !running {
		return
	}
	v.host(1).MustRun("corosync-cfgtool", "-R")
	v.model.Run()
	v.same("reloaded")
}

var (
	dateLine = regexp.MustCompile(`(?m)^Date: .*\n`)
	ringSeq  = regexp.MustCompile(`(?m)^(Ring ID: +[0-9a-f]+)\..*$`)
)

// plain takes from a status what can't be the same: the date and the ring's number.
func plain(text string) string {
	text = ringSeq.ReplaceAllString(dateLine.ReplaceAllString(text, ""), "$1.N")
	return strings.TrimRight(text, "\n")
}

// same waits until each node that is up says twice what its machine says, to
// the letter: what corosync-quorumtool -s prints, and what the library tells of
// each node. The tool is left out in the middle of a sync, when it does not answer.
func (v *votes) same(what string) {
	v.t.Helper()
	v.steps++
	for _, n := range v.lab.Nodes {
		m := v.model.Node(qnet.NodeID(n.ID)).Machine
		if m == nil {
			continue
		}
		ask := func() string { return v.infoOf(n) + plain(n.Quorum().Text) }
		want := v.infoOfModel(m) + plain(m.Status().String())
		if m.Status().Syncing {
			want, ask = v.infoOfModel(m), func() string { return v.infoOf(n) }
		}
		got, hits := "", 0
		for start := time.Now(); hits < 2 && time.Since(start) < 25*time.Second; lab.Watch(50 * time.Millisecond) {
			got = ask()
			if hits++; got != want {
				hits = 0
			}
		}
		if hits < 2 {
			v.t.Fatalf("%s (step %d): %s says\n%s\n\nits machine says\n%s", what, v.steps, n.Name, got, want)
		}
	}
}

func (v *votes) infoOf(n *lab.Host) string {
	args := []string{"info"}
	for _, o := range v.lab.Nodes {
		args = append(args, fmt.Sprint(o.ID))
	}
	out, _ := n.Run("/run/vq", args...) // Corosync may not be there yet
	return out
}

func (v *votes) infoOfModel(m *vq.Machine) string {
	var b strings.Builder
	for _, o := range v.lab.Nodes {
		i, ok := m.NodeVotes(qnet.NodeID(o.ID))
		if !ok {
			fmt.Fprintf(&b, "%d\n", vq.ErrNotExist)
			continue
		}
		fmt.Fprintf(&b, "%d %d %d %d %d %d %d %d %d %s\n", i.Node, i.State, i.Votes, i.Expected, i.HighestExpected, i.Total, i.Quorum,
			uint32(i.Flags), i.DeviceVotes, i.DeviceName)
	}
	return b.String()
}

// everyFeature are the changes that are made to both, by name.
var everyFeature = []struct {
	name  string
	nodes int
	cfg   vq.Config
	play  func(v *votes)
}{
	{"plain 2", 2, vq.Config{}, func(v *votes) { v.up(1, 2); v.down(1); v.up(1); v.cut(1); v.heal(1) }},
	{"plain 3", 3, vq.Config{}, func(v *votes) {
		v.up(1, 2, 3)
		v.down(1)
		v.up(1)
		v.cut(3)
		v.heal(3)
		v.leave(2)
	}},
	{"plain 4", 4, vq.Config{}, func(v *votes) { v.up(1, 2, 3, 4); v.cut(1, 2); v.heal(1, 2); v.down(2, 3); v.up(3) }},
	{"two_node", 2, vq.Config{TwoNode: true}, func(v *votes) {
		v.up(1, 2)
		v.down(2)
		v.down(1)
		v.up(2, 1)
		v.cut(1)
		v.heal(1)
	}},
	{"two_node alone", 2, vq.Config{TwoNode: true, WaitForAll: vq.Off}, func(v *votes) { v.up(2, 1); v.cut(1); v.heal(1) }},
	{"wait_for_all", 3, vq.Config{WaitForAll: vq.On}, func(v *votes) {
		v.up(1, 2, 3)
		v.down(3)
		v.down(2)
		v.up(2)
		v.down(1)
		v.down(2)
		v.up(1, 2)
		v.cancelWait(1)
		v.up(3)
	}},
	{"last_man_standing", 4, vq.Config{WaitForAll: vq.On, LastManStanding: true, LastManStandingWindow: 4 * time.Second}, func(v *votes) {
		v.up(1, 2, 3, 4)
		v.down(4)
		v.pass(4*time.Second, "the window is over: 3 are expected")
		v.down(3)
		v.pass(4*time.Second, "the window is over: 2 are expected")
		v.down(2)
		v.up(2, 3)
	}},
	{"last_man_standing, auto_tie_breaker", 4, vq.Config{WaitForAll: vq.On, LastManStanding: true, LastManStandingWindow: 4 * time.Second, AutoTieBreaker: true}, func(v *votes) {
		v.up(1, 2, 3, 4)
		v.cut(1, 2)
		v.pass(4*time.Second, "the window is over")
		v.down(2)
		v.pass(4*time.Second, "one is left")
	}},
	{"auto_tie_breaker", 4, vq.Config{AutoTieBreaker: true}, func(v *votes) {
		v.up(1, 2, 3, 4)
		v.cut(1, 2)
		v.heal(1, 2)
		v.cut(1)
		v.heal(1)
		v.down(1, 4)
		v.up(1)
	}},
	{"auto_tie_breaker highest", 4, vq.Config{AutoTieBreaker: true, AutoTieBreakerNode: "highest"}, func(v *votes) {
		v.up(1, 2, 3, 4)
		v.cut(1, 4)
		v.heal(1, 4)
		v.cut(1, 2, 3)
	}},
	{"auto_tie_breaker list", 4, vq.Config{AutoTieBreaker: true, AutoTieBreakerNode: "3 1"}, func(v *votes) {
		v.up(1, 2, 3, 4)
		v.cut(1, 2)
		v.heal(1, 2)
		v.down(3)
		v.down(4)
	}},
	{"auto_tie_breaker odd", 3, vq.Config{AutoTieBreaker: true}, func(v *votes) { v.up(1, 2, 3); v.down(2) }},
	{"auto_tie_breaker, two_node", 2, vq.Config{AutoTieBreaker: true, TwoNode: true}, func(v *votes) { v.up(1, 2); v.down(2); v.up(2); v.down(1) }},
	{"allow_downscale", 4, vq.Config{AllowDownscale: true}, func(v *votes) {
		v.up(1, 2, 3, 4)
		v.expected(1, 4)
		v.leave(4)
		v.leave(3)
		v.up(3)
		v.down(3)
	}},
	{"expected_votes_tracking", 3, vq.Config{ExpectedVotesTracking: true, ExpectedVotes: 2}, func(v *votes) {
		v.up(1, 2, 3)
		v.down(3)
		v.expected(1, 5)
		v.down(2)
		v.up(2)
	}},
	{"expected and node votes set", 3, vq.Config{}, func(v *votes) {
		v.up(1, 2, 3)
		v.expected(2, 5)
		v.expected(1, 2) // refused
		v.expected(1, 7) // refused
		v.setVotes(3, 2, 2)
		v.setVotes(3, 9, 1) // refused
		v.down(3)
		v.expected(1, 3)
		v.up(3)
	}},
	{"more than 509 votes", 2, vq.Config{}, func(v *votes) {
		for i := range v.cfg.Nodes {
			v.cfg.Nodes[i].Votes = 300
		}
		v.reload(v.cfg, false)
		v.up(1, 2)
		v.cut(1)
	}},
	{"reload", 3, vq.Config{}, func(v *votes) {
		v.up(1, 2, 3)
		cfg := v.cfg
		cfg.ExpectedVotes = 5
		v.reload(cfg, true)
		cfg.ExpectedVotes, cfg.TwoNode = 0, true
		v.reload(cfg, true)
		cfg.TwoNode, cfg.Device = false, &vq.Device{Votes: vq.AutoVotes}
		v.reload(cfg, true)
		v.down(2)
	}},
	{"device", 2, vq.Config{Device: &vq.Device{Votes: vq.AutoVotes, Timeout: 2 * time.Minute, SyncTimeout: time.Minute}}, playDevice},
	{"device timeout", 2, vq.Config{Device: &vq.Device{Votes: 1, Timeout: 5 * time.Second, SyncTimeout: 6 * time.Second}}, func(v *votes) {
		v.up(1, 2)
		v.register(1)
		v.register(2)
		v.poll(1, true)
		v.pass(5*time.Second, "the poll is too old")
		v.poll(1, true)
		v.down(2)
		v.pass(6*time.Second, "the sync has waited long enough")
	}},
	{"device, wait_for_all", 2, vq.Config{WaitForAll: vq.On, Device: &vq.Device{Votes: 1, Timeout: 2 * time.Minute, SyncTimeout: time.Minute}}, func(v *votes) {
		v.up(1)
		v.register(1)
		v.poll(1, true)
		v.up(2)
		v.poll(1, true)
		v.register(2)
		v.poll(2, true)
		v.down(1)
		v.poll(2, true)
	}},
}

// playDevice takes a device through its life, with what is refused.
func playDevice(v *votes) {
	v.up(1, 2)
	v.call(1, vq.Poll{Name: "dev"}, "poll", "dev", "1") // not registered
	v.register(1)
	v.register(1)
	v.call(1, vq.Register{Name: "other"}, "register", "other") // refused
	v.call(2, vq.Register{Name: "other"}, "register", "other") // refused
	v.poll(1, false)
	v.poll(1, true)
	v.register(2)
	v.poll(2, true)
	v.call(1, vq.Poll{Name: "dev", Cast: true}, "stale", "dev", "1")
	v.call(1, vq.MasterWins{Name: "dev", Allow: true}, "master", "dev", "1")
	v.down(2) // the sync waits for node 1's poll
	v.poll(1, true)
	v.up(2) // and again
	v.poll(1, false)
	v.register(2)
	v.call(1, vq.Rename{Old: "dev", New: "new"}, "rename", "dev", "new")
	v.call(1, vq.Rename{Old: "new", New: "dev"}, "rename", "new", "dev")
	v.poll(2, true)
	v.cut(1)
	v.poll(1, true)
	v.poll(2, false)
	v.heal(1)
	v.poll(2, false)
	v.call(1, vq.Unregister{Name: "dev"}, "unregister", "dev")
	v.call(1, vq.Unregister{Name: "dev"}, "unregister", "dev") // refused
	v.call(2, vq.Unregister{Name: "dev"}, "unregister", "dev")
}

// TestVotequorum makes the same changes to real Corosync nodes and to the
// machines of internal/votequorum, and after each compares what
// corosync-quorumtool -s says on every node, to the letter.
func TestVotequorum(t *testing.T) {
	for _, f := range everyFeature {
		t.Run(f.name, func(t *testing.T) {
			measured := start(t)
			v := newVotes(t, f.nodes, f.cfg)
			f.play(v)
			measured("%d times the same", v.steps)
		})
	}
}
