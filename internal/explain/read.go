// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package explain

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quorate/quorate/corosync/conf"
	"github.com/quorate/quorate/internal/advice"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/scenario"
	vq "github.com/quorate/quorate/internal/votequorum"
	"github.com/quorate/quorate/internal/words"
)

// MaxNodes is the most nodes that are explained.
const MaxNodes = 32

// Cluster is what a corosync.conf says of votes and of the device.
type Cluster struct {
	Name     string
	Nodes    []Node // by ID
	Device   *Device
	Warnings []Advice

	waitLine int // of quorum.wait_for_all
	votes    vq.Config
	world    scenario.Cluster // timers and the device's settings
}

// Read takes what is needed from a file. An error is what keeps Corosync or the
// node daemon from starting, or what can't be explained: a [*conf.Error] with the
// line, if one is to blame.
func Read(f *conf.File) (*Cluster, error) {
	found := f.Lint()
	if i := slices.IndexFunc(found, func(p conf.Problem) bool { return p.Draft != "" }); i >= 0 {
		return nil, &conf.Error{Line: found[i].Line, Text: found[i].Text + ": " + found[i].WhatToDo}
	}
	if len(f.Nodes()) == 0 {
		return nil, &conf.Error{Text: "the file has no nodelist, so it does not say which nodes there are: " + advice.WriteNodelist.String()}
	}
	var notes []Advice
	for _, p := range found {
		if p.Level == conf.Fault {
			return nil, &conf.Error{Line: p.Line, Text: p.Text + ": " + p.WhatToDo}
		}
		notes = append(notes, adviceOf(p))
	}
	if err := f.Check(conf.Host{}); err != nil {
		return nil, err
	}
	c, err := read(f)
	if err != nil {
		return nil, err
	}
	c.Warnings = notes
	return c, nil
}

// Besides lists what is wrong with a file besides an error that Read has returned: a
// program that does not start may lack what stands elsewhere in the file.
func Besides(f *conf.File, at *conf.Error) []Advice {
	var list []Advice
	for _, p := range f.Lint() {
		missing := p.Line == 0 && len(f.Nodes()) == 0 // follows from the lack of a nodelist
		if p.Level == conf.Note || p.Draft != "" || missing || p.Line == at.Line && strings.HasPrefix(at.Text, p.Text) {
			continue
		}
		list = append(list, adviceOf(p))
	}
	return list
}

func adviceOf(p conf.Problem) Advice {
	return Advice{Line: p.Line, Level: p.Level.String(), Text: p.Text, WhatToDo: p.WhatToDo, Effect: p.Effect}
}

// read takes what is needed from a file, whatever is wrong with the rest.
func read(f *conf.File) (*Cluster, error) {
	r := reader{keys: map[string]conf.Key{}, sorted: f.Keys()}
	for _, k := range r.sorted {
		r.keys[k.Name] = k
	}
	c := &Cluster{Name: r.text("totem.cluster_name", "")}
	if v := r.text("quorum.provider", ""); v != "corosync_votequorum" {
		return nil, &conf.Error{Line: r.keys["quorum.provider"].Line, Text: "quorum.provider is not corosync_votequorum, so Corosync counts no votes and there is nothing to explain"}
	}
	if err := c.nodes(f.Nodes()); err != nil {
		return nil, err
	}
	c.quorum(&r)
	if err := c.device(&r); err != nil {
		return nil, err
	}
	if c.settle() > maxSettle {
		return nil, &conf.Error{Text: fmt.Sprintf("token, device timeout and last_man_standing_window are too long to be explained: votes may take %s to settle", c.settle())}
	}
	return c, nil
}

// maxSettle bounds how long a case may take, of virtual time.
const maxSettle = time.Hour

// reader reads values that Check has looked at.
type reader struct {
	keys   map[string]conf.Key
	sorted []conf.Key
}

func (r *reader) text(key, def string) string {
	if k, ok := r.keys[key]; ok {
		return k.Value
	}
	return def
}

func (r *reader) number(key string, def uint32) uint32 {
	n, err := strconv.ParseUint(r.text(key, ""), 10, 32)
	if err != nil {
		return def
	}
	return uint32(n)
}

func (r *reader) flag(key string) bool { return r.number(key, 0) != 0 }

// positive is a number for which 0 means the default, too.
func (r *reader) positive(key string, def uint32) time.Duration {
	n := r.number(key, 0)
	if n == 0 {
		n = def
	}
	return time.Duration(n) * time.Millisecond
}

func (c *Cluster) nodes(list []conf.Node) error {
	if len(list) == 0 || len(list) > MaxNodes {
		return &conf.Error{Text: fmt.Sprintf("the nodelist has %d nodes: 1 to %d can be explained", len(list), MaxNodes)}
	}
	for _, n := range list {
		id, name := qnet.NodeID(n.ID), n.Name
		if id == 0 {
			id = idOf(n)
		}
		if id == 0 {
			return &conf.Error{Line: n.Line, Text: "the node has no nodeid: give each node its own nodeid, from 1"}
		}
		if name == "" && len(n.Addrs) > 0 {
			name = n.Addrs[0]
		}
		c.Nodes = append(c.Nodes, Node{ID: id, Name: name, Votes: n.Votes})
		c.votes.Nodes = append(c.votes.Nodes, vq.ConfigNode{ID: id, Name: name, Votes: n.Votes})
	}
	slices.SortFunc(c.Nodes, func(a, b Node) int { return cmp.Compare(a.ID, b.ID) })
	return nil
}

// idOf is the ID that Corosync makes of a node's IPv4 address where udpu has none; 0 if
// it makes none.
func idOf(n conf.Node) qnet.NodeID {
	if len(n.Addrs) == 0 {
		return 0
	}
	a, err := netip.ParseAddr(n.Addrs[0])
	if err != nil || !a.Is4() {
		return 0
	}
	b := a.As4()
	return qnet.NodeID(binary.BigEndian.Uint32(b[:]))
}

// quorum reads the section quorum, and Totem's timers.
func (c *Cluster) quorum(r *reader) {
	v := &c.votes
	v.ExpectedVotes, v.Votes = r.number("quorum.expected_votes", 0), r.number("quorum.votes", 0)
	v.TwoNode = r.flag("quorum.two_node")
	if _, ok := r.keys["quorum.wait_for_all"]; ok {
		c.waitLine = r.keys["quorum.wait_for_all"].Line
		v.WaitForAll = vq.Off
		if r.flag("quorum.wait_for_all") {
			v.WaitForAll = vq.On
		}
	}
	v.LastManStanding = r.flag("quorum.last_man_standing")
	v.LastManStandingWindow = r.positive("quorum.last_man_standing_window", 0)
	v.AutoTieBreaker, v.AutoTieBreakerNode = r.flag("quorum.auto_tie_breaker"), r.text("quorum.auto_tie_breaker_node", "lowest")
	if v.AutoTieBreakerNode == "" {
		v.AutoTieBreakerNode = " " // which Corosync does not understand, as it does not an empty one
	}
	v.AllowDownscale, v.ExpectedVotesTracking = r.flag("quorum.allow_downscale"), r.flag("quorum.expected_votes_tracking")

	c.world = scenario.Defaults()
	c.world.Nodes = len(c.Nodes)
	c.world.Daemons = slices.Repeat([]scenario.Program{scenario.Ours}, len(c.Nodes))
	c.world.WaitForAll = v.WaitForAll == vq.On || v.WaitForAll == vq.Unset && v.TwoNode
	// The world adds 650 ms for each node beyond two, as Totem does by default.
	coefficient := int64(r.number("totem.token_coefficient", 650)) - 650
	more := time.Duration(coefficient*int64(max(0, len(c.Nodes)-2))) * time.Millisecond
	c.world.Token = max(time.Millisecond, r.positive("totem.token", 3000)+more)
}

// device reads the section quorum.device.
func (c *Cluster) device(r *reader) error {
	const device, net = "quorum.device.", "quorum.device.net."
	if r.text(device+"model", "") == "" {
		return nil
	}
	w := &c.world
	algorithm := r.text(net+"algorithm", w.Algorithm.Name())
	var ok bool
	if w.Algorithm, ok = qnet.AlgorithmNamed(algorithm); !ok || w.Algorithm == qnet.Test {
		return &conf.Error{Line: r.keys[net+"algorithm"].Line, Text: "the algorithm " + algorithm + " can't be explained"}
	}
	tie := r.text(net+"tie_breaker", w.TieBreaker.Name())
	if w.TieBreaker, ok = qnet.TieBreakerNamed(tie); !ok {
		id, err := strconv.ParseUint(strings.TrimSpace(tie), 10, 32)
		if err != nil {
			return &conf.Error{Line: r.keys[net+"tie_breaker"].Line, Text: "tie_breaker is not " + qnet.TieBreakerChoice()}
		}
		w.TieBreaker, tie = qnet.TieBreaker{Mode: qnet.TieBreakerNode, ID: qnet.NodeID(id)}, c.name(qnet.NodeID(id))
	}
	on, ok := words.Switch(r.text(net+"keep_active_partition_tie_breaker", ""))
	w.KAP = on || !ok
	w.Timeout, w.SyncTimeout = r.positive(device+"timeout", 10000), r.positive(device+"sync_timeout", 30000)
	d := &vq.Device{Votes: vq.AutoVotes, Timeout: w.Timeout, SyncTimeout: w.SyncTimeout}
	votes := uint32(len(c.Nodes) - 1)
	if _, ok := r.keys[device+"votes"]; ok {
		votes = r.number(device+"votes", 0)
		d.Votes = int64(votes)
	}
	c.votes.Device = d
	c.Device = &Device{Algorithm: algorithm, TieBreaker: tie, KAP: w.KAP && w.Algorithm == qnet.FFSplit, Votes: votes, Heuristics: r.heuristics()}
	return nil
}

// heuristics is the mode of the heuristics, or "" if none are run.
func (r *reader) heuristics() string {
	const prefix = "quorum.device.heuristics."
	mode := strings.ToLower(r.text(prefix+"mode", "off"))
	on, ok := words.Switch(mode)
	for _, k := range r.sorted {
		if strings.HasPrefix(k.Name, prefix+"exec_") && (on || !ok) {
			if mode != "sync" {
				return "on"
			}
			return mode
		}
	}
	return ""
}

// WatchdogTimeout adds what follows from sbd's SBD_WATCHDOG_TIMEOUT, with which a
// node without shared disks resets itself when it has had no quorum for so long.
func (c *Cluster) WatchdogTimeout(d time.Duration) {
	if c.Device == nil || d > c.world.SyncTimeout {
		return
	}
	c.Warnings = append(c.Warnings, Advice{
		Level: conf.Warning.String(),
		Text: fmt.Sprintf("sbd resets a node after %s without quorum (SBD_WATCHDOG_TIMEOUT), but after a loss a node may wait %s for the arbiter (quorum.device.sync_timeout): sbd may reset nodes that only wait",
			wholeSeconds(d.Seconds()), wholeSeconds(c.world.SyncTimeout.Seconds())),
		WhatToDo: advice.RaiseWatchdogTimeout.With("seconds", fmt.Sprintf("%.0f", c.world.SyncTimeout.Seconds())).String(),
	})
}
