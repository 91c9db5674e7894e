// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package explain says what happens to a cluster in each case that matters:
// which nodes stay quorate when nodes, the arbiter or links are lost, or when one
// node alone is started, with how many votes, after how long, and why.
//
// It works nothing out by itself. [Read] takes what a corosync.conf says of votes
// and of the device, [Run] plays each case in package sim, with the machines that
// decide on real nodes, and writes down how it ended.
//
// # Limitations
//
// What it says is for our node daemon and arbiter: C's take longer where a silent
// one must be missed. Heuristics pass. Times are those of the timers in the file,
// on a quick network with Totem's default for what follows from the token's; a
// node that starts counts from when its Corosync does.
package explain

import (
	"slices"
	"strings"
	"time"

	"github.com/quorate/quorate/corosync/conf"
	"github.com/quorate/quorate/internal/advice"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/status"
)

// Report is what was found out of a cluster.
type Report struct {
	Cluster  string   `json:"cluster"`
	Nodes    []Node   `json:"nodes"`
	Expected uint32   `json:"expected_votes"`
	Quorum   uint32   `json:"quorum"`
	Device   *Device  `json:"device,omitempty"`
	Cases    []Case   `json:"cases"`
	Warnings []Advice `json:"warnings"`
	LeftOut  string   `json:"left_out,omitempty"` // which cases were not played, and why
}

// Node is a node of the cluster.
type Node struct {
	ID    qnet.NodeID `json:"id"`
	Name  string      `json:"name"`
	Votes uint32      `json:"votes"`
}

// Device is the quorum device.
type Device struct {
	Algorithm  string `json:"algorithm"`
	TieBreaker string `json:"tie_breaker"`
	KAP        bool   `json:"keep_active_partition"`
	Votes      uint32 `json:"votes"`
	Heuristics string `json:"heuristics,omitempty"` // their mode, if they are on
}

// Case is something that happens, and what comes of it.
type Case struct {
	Kind  Kind   `json:"kind"`
	What  string `json:"what"`
	Parts []Part `json:"parts"` // of the nodes that are up, by lowest node
}

// Kind is what kind of case it is.
type Kind string

// The kinds, in the order of a report.
const (
	AllUp       Kind = "all up"
	NodeLost    Kind = "node lost"
	ArbiterLost Kind = "arbiter lost"
	Split       Kind = "split"
	TwoLost     Kind = "two nodes lost, one after the other"
	BothLost    Kind = "arbiter lost, then a node"
	SplitAlone  Kind = "arbiter lost, then a split"
	LostSplit   Kind = "node lost, then a split"
	ColdBoot    Kind = "cold boot with one node"
)

// Part is a part of the cluster that is on its own when all has settled.
type Part struct {
	Nodes    []qnet.NodeID `json:"nodes"`
	Votes    uint32        `json:"votes"`
	Expected uint32        `json:"expected_votes"`
	Quorum   uint32        `json:"quorum"`
	Device   bool          `json:"device"` // its votes count here
	Quorate  bool          `json:"quorate"`
	After    float64       `json:"after_seconds"` // until it can act, if it is quorate; 0: it never could not
	Reason   Reason        `json:"reason"`
	Why      string        `json:"why"`               // Reason in a few words
	Arbiter  string        `json:"arbiter,omitempty"` // what the arbiter gives as its reason, to this part
}

// Advice is something that bites people.
type Advice struct {
	Line     int    `json:"line,omitempty"` // of the file; 0 if no one line is to blame
	Level    string `json:"level"`
	Text     string `json:"text"`
	WhatToDo string `json:"what_to_do"`

	Effect conf.Effect `json:"-"` // what Text says will happen
}

// Run plays all cases. The error says why Corosync would not start.
func Run(c *Cluster) (*Report, error) {
	r := &Report{Cluster: c.Name, Nodes: c.Nodes, Device: c.Device, Warnings: c.Warnings}
	plans, leftOut := c.plans()
	r.LeftOut = leftOut
	for _, p := range plans {
		got, err := c.play(p)
		if err != nil {
			return nil, err
		}
		if p.kind == AllUp && len(got.Parts) > 0 {
			r.Expected, r.Quorum = got.Parts[0].Expected, got.Parts[0].Quorum
		}
		r.Cases = append(r.Cases, got)
	}
	r.waitForAll(c)
	return r, nil
}

// waitForAll tells of a wait_for_all that makes a node wait in vain: that the device's
// vote counts for it surprises people. The linter tells so of a file without it.
func (r *Report) waitForAll(c *Cluster) {
	if !c.world.WaitForAll {
		return
	}
	var alone []uint32
	for _, o := range r.Cases {
		if o.Kind == ColdBoot && len(o.Parts) == 1 && o.Parts[0].Quorate && o.Parts[0].Device && len(c.Nodes) > 1 {
			alone = append(alone, uint32(o.Parts[0].Nodes[0]))
		}
	}
	if len(alone) == 0 {
		return
	}
	who := "a node"
	if len(alone) < len(c.Nodes) {
		who = c.names(nodeIDs(alone))
	}
	r.Warnings = append(r.Warnings, Advice{
		Line: c.waitLine, Level: "warning",
		Text:     "wait_for_all does not make " + who + " wait when it starts alone: the device's vote counts for it",
		WhatToDo: advice.ExpectRunsAlone.String(),
		Effect:   conf.Effect{Kind: conf.RunsAlone, Nodes: alone},
	})
}

func nodeIDs(list []uint32) (ids []qnet.NodeID) {
	for _, id := range list {
		ids = append(ids, qnet.NodeID(id))
	}
	return ids
}

// names lists nodes by name, or by ID where they have none.
func (c *Cluster) names(ids []qnet.NodeID) string { return join(c.Nodes, ids) }

// name is one node in a sentence.
func (c *Cluster) name(id qnet.NodeID) string {
	s := c.names([]qnet.NodeID{id})
	if s == id.String() {
		return "node " + s
	}
	return s
}

func join(nodes []Node, ids []qnet.NodeID) string {
	words := make([]string, len(ids))
	for i, id := range ids {
		words[i] = id.String()
		if k := slices.IndexFunc(nodes, func(n Node) bool { return n.ID == id }); k >= 0 && nodes[k].Name != "" {
			words[i] = status.EscapeName(nodes[k].Name)
		}
	}
	return strings.Join(words, ", ")
}

func seconds(d time.Duration) float64 { return float64(d.Milliseconds()) / 1000 }
