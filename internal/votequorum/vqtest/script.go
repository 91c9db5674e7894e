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

// Command is one line of a script. The verbs:
//
//	cluster nodes=3 KEY=VALUE…   the first line: see Settings
//	up 1 2                       start nodes, one after the other
//	down 1 2                     kill nodes
//	leave 1                      stop a node in an orderly way
//	cut 1 2                      part these nodes from the others
//	heal                         undo cut
//	wait 4s                      let time pass
//	register 1 NAME              a device's calls, on node 1
//	unregister 1 NAME
//	rename 1 OLD NEW
//	poll 1 NAME yes|no
//	stale 1 NAME yes|no          a poll for another ring
//	master 1 NAME yes|no
//	expected 1 5                 set expected votes, on node 1
//	votes 1 3 2                  set the votes of node 3 to 2, on node 1
//	cancel 1                     cancel wait_for_all, on node 1
//	reload KEY=VALUE…            put changed settings in force on all nodes
type Command struct {
	Line int // in the script, from 1
	Text string
	Verb string
	Args []string
}

// Step is a command with the lines that a transcript has below it.
type Step struct {
	Command
	Comment []string // lines above it that begin with #
	Output  []string
}

// ParseScript reads a transcript: commands at the beginning of a line, comments
// that begin with #, and output that is indented.
func ParseScript(text string) []Step {
	var steps []Step
	var comment []string
	for i, line := range strings.Split(text, "\n") {
		switch trimmed := strings.TrimSpace(line); {
		case trimmed == "":
		case strings.HasPrefix(line, "#"):
			comment = append(comment, line)
		case strings.HasPrefix(line, " "):
			if len(steps) > 0 {
				last := &steps[len(steps)-1]
				last.Output = append(last.Output, strings.TrimPrefix(line, "  "))
			}
		default:
			words := strings.Fields(line)
			steps = append(steps, Step{Command: Command{Line: i + 1, Text: trimmed, Verb: words[0], Args: words[1:]}, Comment: comment})
			comment = nil
		}
	}
	return steps
}

// IDs returns the arguments as node IDs.
func (c Command) IDs() ([]qnet.NodeID, error) {
	var ids []qnet.NodeID
	for _, a := range c.Args {
		id, err := strconv.ParseUint(a, 10, 32)
		if err != nil || id == 0 {
			return nil, c.errorf("%q is no node ID", a)
		}
		ids = append(ids, qnet.NodeID(id))
	}
	return ids, nil
}

func (c Command) errorf(format string, args ...any) error {
	return fmt.Errorf("line %d: %s: "+format, append([]any{c.Line, c.Text}, args...)...)
}

// Settings changes a configuration as the command says. The keys are nodes
// (how many, one vote each), votes (of each node: 2,1,1) and, with the names and
// values of corosync.conf, those of Config; device is the device's votes, auto or off.
func (c Command) Settings(cfg vq.Config) (vq.Config, error) {
	for _, arg := range c.Args {
		key, value, ok := strings.Cut(arg, "=")
		set := setters[key]
		if !ok || set == nil {
			return cfg, c.errorf("want KEY=VALUE, got %q", arg)
		}
		if err := set(&cfg, value); err != nil {
			return cfg, c.errorf("%s: %v", key, err)
		}
	}
	return cfg, nil
}

var setters = map[string]func(*vq.Config, string) error{
	"nodes":                    setNodes,
	"votes":                    setNodeVotes,
	"expected_votes":           number(func(c *vq.Config) *uint32 { return &c.ExpectedVotes }),
	"two_node":                 flag(func(c *vq.Config) *bool { return &c.TwoNode }),
	"last_man_standing":        flag(func(c *vq.Config) *bool { return &c.LastManStanding }),
	"last_man_standing_window": duration(func(c *vq.Config) *time.Duration { return &c.LastManStandingWindow }),
	"auto_tie_breaker":         flag(func(c *vq.Config) *bool { return &c.AutoTieBreaker }),
	"allow_downscale":          flag(func(c *vq.Config) *bool { return &c.AllowDownscale }),
	"expected_votes_tracking":  flag(func(c *vq.Config) *bool { return &c.ExpectedVotesTracking }),
	"timeout":                  duration(func(c *vq.Config) *time.Duration { return &c.Device.Timeout }),
	"sync_timeout":             duration(func(c *vq.Config) *time.Duration { return &c.Device.SyncTimeout }),
	"wait_for_all": func(c *vq.Config, s string) error {
		c.WaitForAll = vq.Off
		if s == "1" {
			c.WaitForAll = vq.On
		}
		return nil
	},
	"auto_tie_breaker_node": func(c *vq.Config, s string) error {
		c.AutoTieBreakerNode = strings.ReplaceAll(s, ",", " ")
		return nil
	},
	"device": setDevice,
}

func setNodes(c *vq.Config, s string) error {
	n, err := strconv.ParseUint(s, 10, 8)
	var ids []qnet.NodeID
	for id := range n {
		ids = append(ids, qnet.NodeID(id+1))
	}
	c.Nodes = vq.OneVoteEach(ids...)
	return err
}

func setNodeVotes(c *vq.Config, s string) error {
	c.Nodes = slices.Clone(c.Nodes)
	for i, word := range strings.Split(s, ",") {
		n, err := strconv.ParseUint(word, 10, 32)
		if err != nil || i >= len(c.Nodes) {
			return fmt.Errorf("want one number for each of %d nodes", len(c.Nodes))
		}
		c.Nodes[i].Votes = uint32(n)
	}
	return nil
}

func setDevice(c *vq.Config, s string) error {
	switch s {
	case "off":
		c.Device = nil
		return nil
	case "auto":
		c.Device = &vq.Device{Votes: vq.AutoVotes}
		return nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	c.Device = &vq.Device{Votes: n}
	return err
}

func number(field func(*vq.Config) *uint32) func(*vq.Config, string) error {
	return func(c *vq.Config, s string) error {
		n, err := strconv.ParseUint(s, 10, 32)
		*field(c) = uint32(n)
		return err
	}
}

func flag(field func(*vq.Config) *bool) func(*vq.Config, string) error {
	return func(c *vq.Config, s string) error {
		*field(c) = s == "1"
		if s != "0" && s != "1" {
			return fmt.Errorf("%q is neither 0 nor 1", s)
		}
		return nil
	}
}

func duration(field func(*vq.Config) *time.Duration) func(*vq.Config, string) error {
	return func(c *vq.Config, s string) error {
		d, err := time.ParseDuration(s)
		*field(c) = d
		return err
	}
}
