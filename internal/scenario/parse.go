// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package scenario

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/quorate/quorate/internal/qnet"
)

// MaxSize bounds a scenario, in bytes.
const MaxSize = 1 << 20

// Parse reads a scenario. The error is an [Error].
func Parse(text string) (*File, error) {
	if len(text) > MaxSize {
		return nil, &Error{Line: 1, Text: fmt.Sprintf("a scenario has %d bytes at most", MaxSize)}
	}
	f := &File{}
	known := false
	var comment []string
	line := 0
	for s := range strings.SplitSeq(text, "\n") {
		line++
		s = strings.TrimSuffix(s, "\r")
		words := strings.Fields(s)
		switch {
		case len(words) == 0 || s[0] == ' ' || s[0] == '\t':
			continue
		case s[0] == '#':
			comment = append(comment, s)
			continue
		case words[0] == "cluster" && known:
			return nil, &Error{line, "there is a cluster already"}
		case words[0] == "cluster":
			c, err := parseCluster(words[1:])
			if err != nil {
				return nil, &Error{line, err.Error()}
			}
			f.Cluster, f.Comment, known = c, comment, true
		case !known:
			return nil, &Error{line, "the first command must be cluster"}
		default:
			c, err := f.Cluster.Command(s)
			if err != nil {
				return nil, &Error{line, err.Error()}
			}
			c.Line = line
			f.Commands = append(f.Commands, Step{Comment: comment, Command: c})
		}
		comment = nil
	}
	if !known {
		return nil, &Error{max(1, line), "there is no cluster"}
	}
	return f, nil
}

// form says what a verb takes.
type form struct {
	verb  Verb
	words []string // one of them must follow
	hosts int      // how many hosts: many, two or twoOrNone
	nodes bool     // hosts must be nodes
	usage string
}

const (
	none = iota
	many
	two
	twoOrNone
)

var forms = []form{
	{verb: Up, hosts: many, usage: "up HOST..."},
	{verb: Down, hosts: many, usage: "down HOST..."},
	{verb: Split, usage: "split NODE,NODE NODE,NODE..."},
	{verb: Join, usage: "join"},
	{verb: Kill, hosts: many, nodes: true, usage: "kill NODE..."},
	{verb: Leave, hosts: many, nodes: true, usage: "leave NODE..."},
	{verb: Forget, hosts: many, nodes: true, usage: "forget NODE..."},
	{verb: Cut, hosts: two, usage: "cut HOST HOST"},
	{verb: Drop, hosts: two, usage: "drop HOST HOST, or drop HOST to HOST"},
	{verb: Heal, hosts: twoOrNone, usage: "heal, or heal HOST HOST"},
	{verb: Freeze, hosts: many, usage: "freeze HOST..."},
	{verb: Thaw, hosts: many, usage: "thaw HOST..."},
	{verb: Daemon, words: []string{"start", "stop", "kill"}, hosts: many, nodes: true, usage: "daemon start|stop|kill NODE..."},
	{verb: Server, words: []string{"start", "stop", "kill", "lose"}, usage: "arbiter start|stop|kill|lose"},
	{verb: Checks, words: []string{"pass", "fail"}, hosts: many, nodes: true, usage: "heuristics pass|fail NODE..."},
	{verb: Disk, words: []string{"ok", "slow", "full"}, usage: "disk ok|slow|full"},
	{verb: Wait, usage: "wait DURATION"},
	{verb: Calm, usage: "calm"},
}

// Usage returns a line for each verb, as "drop HOST HOST, or drop HOST to HOST".
func Usage() []string {
	var lines []string
	for _, f := range forms {
		lines = append(lines, f.usage)
	}
	return lines
}

// Command reads one command for this cluster. Its Line is 0, and the error
// names no line.
func (c *Cluster) Command(text string) (Command, error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return Command{}, fmt.Errorf("there is no command")
	}
	i := slices.IndexFunc(forms, func(f form) bool { return string(f.verb) == words[0] })
	if i < 0 {
		return Command{}, fmt.Errorf("there is no command %q", words[0])
	}
	f := forms[i]
	cmd := Command{Verb: f.verb}
	args := words[1:]
	if f.words != nil {
		if len(args) == 0 || !slices.Contains(f.words, args[0]) {
			return Command{}, fmt.Errorf("usage: %s", f.usage)
		}
		cmd.Word, args = args[0], args[1:]
	}
	switch f.verb {
	case Split:
		err := c.split(&cmd, args)
		return cmd, err
	case Wait:
		if len(args) != 1 {
			return Command{}, fmt.Errorf("usage: %s", f.usage)
		}
		var err error
		cmd.Wait, err = parseDuration(args[0])
		return cmd, err
	case Drop:
		if len(args) == 3 && args[1] == "to" {
			args, cmd.OneWay = []string{args[0], args[2]}, true
		}
	}
	err := c.hosts(&cmd, f, args)
	return cmd, err
}

// hosts reads the hosts of a command.
func (c *Cluster) hosts(cmd *Command, f form, args []string) error {
	n := len(args)
	if f.hosts == none && n > 0 || f.hosts == many && n == 0 || f.hosts == two && n != 2 || f.hosts == twoOrNone && n != 0 && n != 2 {
		return fmt.Errorf("usage: %s", f.usage)
	}
	for _, a := range args {
		h, err := c.host(a)
		if err != nil {
			return err
		}
		if f.nodes && h == Arbiter {
			return fmt.Errorf("%s is for nodes: usage: %s", f.verb, f.usage)
		}
		if slices.Contains(cmd.Hosts, h) {
			return fmt.Errorf("%s is named twice", hostName(h))
		}
		cmd.Hosts = append(cmd.Hosts, h)
	}
	return nil
}

func (c *Cluster) host(s string) (Host, error) {
	if s == "arbiter" {
		return Arbiter, nil
	}
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%q is neither a node ID nor the arbiter", s)
	}
	if n < 1 || n > uint64(c.Nodes) {
		return 0, fmt.Errorf("there is no node %s: the nodes are 1 to %d", s, c.Nodes)
	}
	return Host(n), nil
}

// split reads groups of nodes.
func (c *Cluster) split(cmd *Command, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("usage: split NODE,NODE NODE,NODE...")
	}
	var seen []qnet.NodeID
	for _, a := range args {
		var group []qnet.NodeID
		for word := range strings.SplitSeq(a, ",") {
			h, err := c.host(word)
			if err != nil {
				return err
			}
			if h == Arbiter {
				return fmt.Errorf("the arbiter can't be part of a split: use cut or drop")
			}
			if slices.Contains(seen, h) {
				return fmt.Errorf("node %v is named twice", h)
			}
			seen, group = append(seen, h), append(group, h)
		}
		cmd.Groups = append(cmd.Groups, group)
	}
	return nil
}
