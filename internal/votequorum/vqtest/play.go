// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package vqtest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	vq "github.com/quorate/quorate/internal/votequorum"
)

// Play does what a command says, and lets all messages through. The node's
// answer, if the command is a call, is LastAnswer.
func (c *Cluster) Play(cmd Command) error {
	switch cmd.Verb {
	case "cluster", "reload":
		return c.playConfig(cmd)
	case "up", "down", "leave", "cut", "heal":
		return c.playNodes(cmd)
	case "wait":
		d, err := time.ParseDuration(strings.Join(cmd.Args, " "))
		if err != nil {
			return cmd.errorf("%v", err)
		}
		c.Advance(d)
		return nil
	}
	id, in, err := c.input(cmd)
	if err != nil {
		return err
	}
	if !c.Do(id, in) {
		return cmd.errorf("node %v is down", id)
	}
	return nil
}

func (c *Cluster) playConfig(cmd Command) error {
	if cmd.Verb == "reload" {
		for _, n := range c.nodes {
			cfg, err := cmd.Settings(n.Config)
			if err != nil {
				return err
			}
			n.Config = cfg
			c.Give(n.ID, vq.Reload{Config: cfg})
		}
		c.Run()
		return nil
	}
	cfg, err := cmd.Settings(vq.Config{})
	if err != nil {
		return err
	}
	for _, n := range cfg.Nodes {
		cfg.Node = n.ID
		c.Add(cfg)
	}
	return nil
}

func (c *Cluster) playNodes(cmd Command) error {
	ids, err := cmd.IDs()
	if err != nil {
		return err
	}
	for _, id := range ids {
		if n := c.Node(id); n == nil || (cmd.Verb != "cut" && (n.Machine == nil) != (cmd.Verb == "up")) {
			return cmd.errorf("there is no node %v that could", id)
		}
		switch cmd.Verb {
		case "up":
			if err := c.Up(id); err != nil {
				return cmd.errorf("%v", err)
			}
			c.Settle()
		case "leave":
			c.Leave(id)
		}
	}
	switch cmd.Verb {
	case "down":
		c.Down(ids...)
	case "cut":
		c.Split(ids)
	case "heal":
		c.Split()
	}
	c.Settle()
	return nil
}

// input makes a call, or the like, of a command.
func (c *Cluster) input(cmd Command) (qnet.NodeID, vq.Input, error) {
	want := map[string]int{"register": 2, "unregister": 2, "rename": 3, "poll": 3, "stale": 3, "master": 3, "expected": 2, "votes": 3, "cancel": 1}
	if n := want[cmd.Verb]; n == 0 || n != len(cmd.Args) {
		return 0, nil, cmd.errorf("no such command, or not so many arguments")
	}
	first := cmd
	first.Args = cmd.Args[:1]
	ids, err := first.IDs()
	if err != nil {
		return 0, nil, err
	}
	n := c.Node(ids[0])
	if n == nil || n.Machine == nil {
		return 0, nil, cmd.errorf("node %v is down", ids[0])
	}
	in, err := request(cmd, n.Machine.NodeList().Ring)
	return n.ID, in, err
}

func request(cmd Command, ring qnet.RingID) (vq.Input, error) {
	a := append(slices.Clone(cmd.Args[1:]), "", "")
	switch cmd.Verb {
	case "register":
		return vq.Register{Name: a[0]}, nil
	case "unregister":
		return vq.Unregister{Name: a[0]}, nil
	case "rename":
		return vq.Rename{Old: a[0], New: a[1]}, nil
	case "poll":
		return vq.Poll{Name: a[0], Ring: ring, Cast: a[1] == "yes"}, nil
	case "stale":
		ring.Seq++
		return vq.Poll{Name: a[0], Ring: ring, Cast: a[1] == "yes"}, nil
	case "master":
		return vq.MasterWins{Name: a[0], Allow: a[1] == "yes"}, nil
	case "cancel":
		return vq.CancelWaitForAll{}, nil
	}
	one, err := strconv.ParseUint(a[0], 10, 32)
	if err != nil {
		return nil, cmd.errorf("%v", err)
	}
	if cmd.Verb == "expected" {
		return vq.SetExpected{Votes: uint32(one)}, nil
	}
	two, err := strconv.ParseUint(a[1], 10, 32)
	if err != nil {
		return nil, cmd.errorf("%v", err)
	}
	return vq.SetVotes{Node: qnet.NodeID(one), Votes: uint32(two)}, nil
}

// IsCall reports whether the command is a call that is answered.
func (c Command) IsCall() bool {
	return slices.Contains([]string{"register", "unregister", "rename", "poll", "stale", "master", "expected", "votes"}, c.Verb)
}

// Table prints one line for each node that is up.
func (c *Cluster) Table() []string {
	var machines []*vq.Machine
	for _, n := range c.nodes {
		machines = append(machines, n.Machine)
	}
	return Table(machines...)
}

// Table prints one line for each machine that is not nil.
func Table(machines ...*vq.Machine) []string {
	var lines []string
	for _, m := range machines {
		if m == nil {
			continue
		}
		s := m.Status()
		quorate := "not quorate"
		if s.Quorate {
			quorate = "quorate"
		}
		var who []string
		for _, m := range s.Members {
			w := m.Node.String()
			if m.Flags.Has(vq.DeviceRegistered) {
				w += " " + m.Flags.Qdevice()
			}
			who = append(who, w)
		}
		line := fmt.Sprintf("node %v: ring %v [%s] %s, expected %d, highest %d, total %d, quorum %d, flags: %v", s.Node, s.Ring, strings.Join(who, "; "),
			quorate, s.Expected, s.HighestExpected, s.Total, s.Quorum, s.Flags)
		if s.Syncing {
			line += " (in sync)"
		}
		lines = append(lines, line)
	}
	return lines
}
