// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	vq "github.com/quorate/quorate/internal/votequorum"
	"github.com/quorate/quorate/internal/votequorum/vqtest"
	"github.com/quorate/quorate/test/interop/lab"
)

// transcripts is where the unit tests of votequorum have theirs, and the tool
// that makes single calls of its library.
const transcripts = "../../internal/votequorum/testdata"

var toolOnce struct {
	sync.Once
	path string
	err  error
}

// votes is one cluster twice: real Corosync nodes, and the machines.
type votes struct {
	t     *testing.T
	row   *trial
	lab   *lab.Lab
	model *vqtest.Cluster
	cut   [2][]*lab.Host // parts that do not reach each other
	what  string         // the command under way
	past  []world        // what the model has played
	said  string         // Corosync's answer to the command
	times int            // that both were compared
	other int            // times of these that the nodes spoke in another order
}

// world is a command and who spoke first while it was played. Totem promises
// the same order to all members, but not which order; what nodes expect can hang
// on it, so the model looks for the order that was.
type world struct {
	cmd   vqtest.Command
	order []qnet.NodeID
}

func newVotes(t *testing.T, r *trial) *votes {
	t.Helper()
	toolOnce.Do(func() {
		toolOnce.path = filepath.Join(filepath.Dir(suite.quorate), "vq")
		cmd := exec.Command("gcc", "-o", toolOnce.path, filepath.Join(transcripts, "vq.c"), "-lvotequorum")
		if out, err := cmd.CombinedOutput(); err != nil {
			toolOnce.err = fmt.Errorf("%w: %s", err, out)
		}
	})
	if err := toolOnce.err; err != nil {
		t.Fatal(err)
	}
	return &votes{t: t, row: r, model: vqtest.New(time.Unix(1_000_000, 0))}
}

// plays plays a script, and reports whether it got to its end: it does not where
// Corosync aborts over a mistake of its own, which the model does not make. What the
// nodes are then is another history than the script's, so all must begin anew.
func (v *votes) plays(script []vqtest.Step) bool {
	v.t.Helper()
	for _, s := range script {
		if !v.play(s.Command) {
			return false
		}
	}
	return true
}

// aborted reports whether a node has ended that way.
func (v *votes) aborted() bool {
	v.t.Helper()
	for _, n := range v.lab.Nodes {
		if v.model.Node(qnet.NodeID(n.ID)).Machine != nil && n.Aborted() {
			v.t.Logf("%s: %s: Corosync has aborted in votequorum.c, and the row begins anew", v.what, n.Name)
			return true
		}
	}
	return false
}

// stop ends what runs on the nodes.
func (v *votes) stop() {
	for _, n := range v.lab.Nodes {
		n.Kill("corosync")
	}
}

// play does a command to both and compares. It returns false if Corosync has
// aborted.
func (v *votes) play(cmd vqtest.Command) bool {
	v.t.Helper()
	v.what = fmt.Sprintf("line %d: %s", cmd.Line, cmd.Text)
	if cmd.Verb == "up" && len(cmd.Args) > 1 { // one after the other, so that there is one history
		for _, id := range cmd.Args {
			cmd.Args = []string{id}
			if !v.play(cmd) {
				return false
			}
		}
		return true
	}
	if v.lab != nil && v.aborted() {
		return false
	}
	v.past, v.said = append(v.past, world{cmd: cmd}), ""
	v.model = v.replay(nil)
	switch cmd.Verb {
	case "cluster", "reload":
		v.configure(cmd)
	case "up", "down", "leave", "cut", "heal":
		v.move(cmd)
	case "wait": // the real time passes while same waits
	case "cancel":
		v.host(cmd.Args[0]).MustRun("corosync-cmapctl", "-s", "quorum.cancel_wait_for_all", "u8", "1")
	default:
		v.call(cmd)
	}
	return v.same()
}

// replay plays the past, with this order in its last command.
func (v *votes) replay(order []qnet.NodeID) *vqtest.Cluster {
	v.t.Helper()
	c := vqtest.New(time.Unix(1_000_000, 0))
	for i, w := range v.past {
		c.Order = w.order
		if i == len(v.past)-1 {
			c.Order = order
		}
		if err := c.Play(w.cmd); err != nil {
			v.t.Fatal(err)
		}
	}
	return c
}

// move starts, stops and parts hosts.
func (v *votes) move(cmd vqtest.Command) {
	v.t.Helper()
	var some, others []*lab.Host
	for _, n := range v.lab.Nodes {
		if slices.Contains(cmd.Args, fmt.Sprint(n.ID)) {
			some = append(some, n)
		} else {
			others = append(others, n)
		}
	}
	if cmd.Verb == "heal" || cmd.Verb == "cut" {
		lab.Heal(v.cut[0], v.cut[1])
		v.cut = [2][]*lab.Host{some, others}
		lab.Cut(some, others)
		return
	}
	for _, n := range some {
		switch cmd.Verb {
		case "up":
			n.Start("corosync", "corosync", "-f")
		case "down":
			n.Kill("corosync")
		case "leave":
			n.Signal("corosync", syscall.SIGTERM)
			lab.Eventually(v.t, "corosync has stopped", 30*time.Second, func() bool { return !n.Running("corosync") })
		}
	}
}

func (v *votes) host(id string) *lab.Host {
	i := slices.IndexFunc(v.lab.Nodes, func(n *lab.Host) bool { return fmt.Sprint(n.ID) == id })
	return v.lab.Nodes[i]
}

// call makes a library call on a node. The answers must be the same, too.
func (v *votes) call(cmd vqtest.Command) {
	v.t.Helper()
	args := append([]string{cmd.Verb}, cmd.Args[1:]...)
	for i := range args {
		switch args[i] {
		case "yes":
			args[i] = "1"
		case "no":
			args[i] = "0"
		}
	}
	v.said = strings.TrimSpace(v.host(cmd.Args[0]).MustRun("/run/vq", args...))
}

// configure makes the hosts, or changes their configuration.
func (v *votes) configure(cmd vqtest.Command) {
	v.t.Helper()
	nodes := v.model.Nodes()
	if v.lab == nil {
		v.lab = lab.New(v.t, v.row.config(lab.Config{Nodes: len(nodes)}))
		v.t.Cleanup(v.logs)
	}
	conf := v.conf(nodes[0].Config)
	for _, n := range v.lab.Nodes {
		n.MustRun("cp", toolOnce.path, "/run/vq")
		if err := os.WriteFile(filepath.Join(n.Dir, "etc", "corosync.conf"), []byte(conf), 0o644); err != nil {
			v.t.Fatal(err)
		}
	}
	if cmd.Verb == "reload" {
		v.lab.Nodes[0].MustRun("corosync-cfgtool", "-R")
	}
}

func (v *votes) logs() {
	if !v.t.Failed() {
		return
	}
	for _, n := range v.lab.Nodes {
		log, _ := os.ReadFile(filepath.Join(n.Dir, "log", "corosync.log"))
		v.t.Logf("%s:\n%s", n.Name, tail(string(log), 25))
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
	for key, on := range map[string]bool{
		"two_node": cfg.TwoNode, "last_man_standing": cfg.LastManStanding, "auto_tie_breaker": cfg.AutoTieBreaker,
		"allow_downscale": cfg.AllowDownscale, "expected_votes_tracking": cfg.ExpectedVotesTracking,
	} {
		if on {
			number(key, 1)
		}
	}
	number("expected_votes", int64(cfg.ExpectedVotes))
	if cfg.WaitForAll != vq.Unset {
		fmt.Fprintf(&b, " wait_for_all: %d\n", cfg.WaitForAll-vq.Off)
	}
	number("last_man_standing_window", cfg.LastManStandingWindow.Milliseconds())
	if cfg.AutoTieBreakerNode != "" {
		fmt.Fprintf(&b, " auto_tie_breaker_node: %s\n", cfg.AutoTieBreakerNode)
	}
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

var ringSeq = regexp.MustCompile(`(?m)^(Ring ID: +[0-9a-f]+)\..*$`)

// plain takes from a status what can't be the same: the ring's number.
func plain(text string) string {
	text = ringSeq.ReplaceAllString(text, "$1.N")
	return strings.TrimRight(text, "\n")
}

// same waits until all nodes say twice what their machines say, to the letter:
// what corosync-quorumtool -siH prints, and what the library tells of each node.
// The tool is left out in the middle of a sync, when it may not answer. It returns
// false if Corosync has aborted meanwhile.
func (v *votes) same() bool {
	v.t.Helper()
	v.times++
	worlds := map[string][]qnet.NodeID{}
	for _, order := range orders(v.model) {
		if text := v.expect(v.replay(order)); worlds[text] == nil {
			worlds[text] = order
		}
	}
	usual := v.expect(v.model)
	worlds[usual] = nil
	got, last, hits := "", "", 0
	for start := time.Now(); hits < 2 && time.Since(start) < 25*time.Second; lab.Watch(50 * time.Millisecond) {
		if v.aborted() {
			return false
		}
		got = v.see()
		if _, ok := worlds[got]; !ok || got != last {
			hits = 0
		}
		if _, ok := worlds[got]; ok {
			hits++
		}
		last = got
	}
	if hits < 2 {
		v.t.Fatalf("%s: Corosync says\n%s\n\nthe machines say\n%s\n(and something else in %d other orders)", v.what, got, usual, len(worlds)-1)
	}
	if got != usual {
		v.other++
		v.past[len(v.past)-1].order = worlds[got]
		v.model = v.replay(worlds[got])
	}
	return true
}

// orders are all orders in which the nodes that are up can speak.
func orders(c *vqtest.Cluster) [][]qnet.NodeID {
	list := [][]qnet.NodeID{nil}
	for _, n := range c.Nodes() {
		if n.Machine == nil {
			continue
		}
		var more [][]qnet.NodeID
		for _, o := range list {
			for i := range len(o) + 1 {
				more = append(more, slices.Insert(slices.Clone(o), i, n.ID))
			}
		}
		list = more
	}
	return list
}

// expect is what the machines say.
func (v *votes) expect(c *vqtest.Cluster) string {
	var b strings.Builder
	if last := v.past[len(v.past)-1].cmd; last.IsCall() {
		id, _ := strconv.Atoi(last.Args[0])
		fmt.Fprintf(&b, "answer %d\n", uint32(c.LastAnswer(qnet.NodeID(id))))
	}
	for _, n := range c.Nodes() {
		if n.Machine == nil {
			continue
		}
		s := n.Machine.Status()
		for _, o := range c.Nodes() {
			i, ok := n.Machine.NodeVotes(o.ID)
			if !ok {
				fmt.Fprintf(&b, "%d\n", vq.ErrNotExist)
				continue
			}
			fmt.Fprintf(&b, "%d %d %d %d %d %d %d %d %d %s\n", i.Node, i.State, i.Votes, i.Expected, i.HighestExpected, i.Total, i.Quorum,
				uint32(i.Flags), i.DeviceVotes, i.DeviceName)
		}
		if !s.Syncing {
			b.WriteString(plain(v.tell(s)) + "\n")
		}
	}
	return b.String()
}

// see is what Corosync says, in the same words.
func (v *votes) see() string {
	var b strings.Builder
	if v.said != "" {
		b.WriteString("answer " + v.said + "\n")
	}
	args := []string{"info"}
	for _, n := range v.lab.Nodes {
		args = append(args, fmt.Sprint(n.ID))
	}
	for _, n := range v.lab.Nodes {
		m := v.model.Node(qnet.NodeID(n.ID)).Machine
		if m == nil {
			continue
		}
		out, _ := n.Run("/run/vq", args...) // Corosync may not be there yet
		b.WriteString(out)
		if !m.Status().Syncing {
			text, _ := n.Run("corosync-quorumtool", "-siH") // exit code 2 without quorum
			b.WriteString(plain(block(text)) + "\n")
		}
	}
	return b.String()
}
