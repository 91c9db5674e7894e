// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package scenario

import (
	"cmp"
	"slices"

	"github.com/quorate/quorate/internal/qnet"
)

// Player is who plays a file.
type Player uint8

// The players.
const (
	Simulator Player = iota
	Laboratory
)

// Check reports the first thing in a file that a player can't play, and why.
func (f *File) Check(p Player) error {
	if p == Laboratory && !f.Script {
		if what, why := f.Cluster.notInLab(); what != "" {
			return f.errorf(f.clusterLine, "cluster %s: %s", what, why)
		}
		if err := f.plainComments(); err != nil {
			return err
		}
	}
	for _, s := range f.Commands {
		if why := s.Cant(p); why != "" {
			return f.errorf(s.Line, "%s: %s", Abridge(cmp.Or(s.Text, s.Command.String())), why)
		}
	}
	return nil
}

// plainComments reports a comment that the laboratory can't print: the simulator
// escapes what it prints.
func (f *File) plainComments() error {
	for _, line := range f.Comment {
		if err := plain(line); err != nil {
			return f.errorf(f.clusterLine, "the comment above it: %v", err)
		}
	}
	for _, s := range f.Commands {
		for _, line := range s.Comment {
			if err := plain(line); err != nil {
				return f.errorf(s.Line, "the comment above it: %v", err)
			}
		}
	}
	return nil
}

// Cant says why a player can't do a command, or nothing.
func (c *Command) Cant(p Player) string {
	if p == Simulator {
		return c.form().NoSim
	}
	if (c.Verb == Up || c.Verb == Down) && slices.Contains(c.Hosts, Arbiter) {
		return "the laboratory's arbiter has no power switch: arbiter stop, arbiter start"
	}
	return c.form().NoLab
}

// form is the form of its verb in which a command is written: Drop and Server have a
// second one for what the laboratory can't do.
func (c *Command) form() Syntax {
	forms := formsOf(c.Verb)
	if c.OneWay || c.Verb == Server && (c.Word == "kill" || c.Word == "lose") {
		return forms[len(forms)-1]
	}
	return forms[0]
}

// notInLab returns a setting that the laboratory does not have, and why.
func (c *Cluster) notInLab() (what, why string) {
	def := Defaults()
	for _, s := range settings {
		v := s.get(c)
		if v == s.get(&def) {
			continue
		}
		switch s.key {
		case "daemons", "arbiter":
			return s.key + "=" + v, "the laboratory runs quorate's own programs"
		case "slow", "drift", "delay":
			return s.key + "=" + v, "the laboratory's clocks and messages are this machine's"
		case "heuristics":
			return s.key + "=" + v, "the laboratory's nodes have no heuristics"
		case "kap", "heartbeat-max":
			return s.key + "=" + v, "the laboratory's nodes have the default"
		case "algorithm":
			if c.Algorithm == qnet.Test {
				return s.key + "=" + v, "it is not for the laboratory"
			}
		}
	}
	return "", ""
}

// Timed returns the scenario that a script is, with everything that it leaves to its
// player: its nodes start, and after each line all has time to come to rest. A link
// that is healed on its own must not be parted by a split as well: a scenario has no
// word for that.
func (f *File) Timed() (*File, error) {
	if !f.Script {
		return f, nil
	}
	t := &File{Name: f.Name, Cluster: f.Cluster}
	t.Commands = []Step{{Command: Command{Verb: Up, Hosts: f.Cluster.IDs()}}, {Command: Command{Verb: Settle}}}
	split := false
	for i, s := range f.Commands {
		comment := slices.DeleteFunc(slices.Clone(s.Comment), func(line string) bool { return line == "" })
		if s.Verb == Heal && len(s.A) > 0 && split && !s.arbiterOnly() {
			return nil, f.errorf(s.Line, "%s: the simulator can't heal one link of a split: join, or heal", s.Text)
		}
		split = s.Verb == Split || split && s.Verb != Join && (s.Verb != Heal || len(s.A) > 0)
		for _, c := range s.timed(f.Cluster.IDs()) {
			c.Line = s.Line
			t.Commands = append(t.Commands, Step{Comment: comment, Command: c})
			comment = nil
		}
		if last := i+1 == len(f.Commands) || !f.Commands[i+1].Same; last && s.Verb != Wait && s.Verb != Settle && s.Verb != Show {
			t.Commands = append(t.Commands, Step{Command: Command{Verb: Settle}})
		}
	}
	return t, nil
}

// arbiterOnly reports whether a command is about links to the arbiter alone.
func (c *Command) arbiterOnly() bool {
	only := func(l []Host) bool { return len(l) == 1 && l[0] == Arbiter }
	return only(c.A) || only(c.B)
}

// timed returns what a scenario says for a script's command.
func (c Command) timed(ids []qnet.NodeID) []Command {
	c.Flat, c.Text = false, ""
	switch {
	case c.Verb == Join: // whatever has broken the links between nodes
		list := []Command{c}
		for i := range ids[1:] {
			list = append(list, Command{Verb: Heal, A: ids[i : i+1], B: ids[i+1:]})
		}
		return list
	case c.Verb == Heal && len(c.A) == 0:
		return []Command{c, {Verb: Join}}
	}
	return []Command{c}
}
