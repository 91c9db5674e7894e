// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package scenario

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/quorate/quorate/internal/qnet"
)

// The bounds of a line.
const (
	maxLine     = 1000 // bytes
	maxCommands = 20   // on one line
	maxQuoted   = 40   // characters of somebody's text that an error repeats
	maxName     = 20   // bytes of a guest's name
	maxTyped    = 10 * time.Minute
)

// ParseLine reads a line of a script, or what was typed at a prompt, for a cluster
// of so many nodes: one command, or several with a ; between them. What follows a #
// is a comment. A line without a command returns none.
func ParseLine(line string, nodes int) ([]Command, error) { return parseLine(line, nodes, true) }

// Command reads one command of a scenario for this cluster.
func (c *Cluster) Command(text string) (Command, error) {
	list, err := parseLine(text, c.Nodes, false)
	switch {
	case err != nil:
		return Command{}, err
	case len(list) != 1:
		return Command{}, fmt.Errorf("%d commands: want one", len(list))
	}
	return list[0], nil
}

func parseLine(line string, nodes int, script bool) ([]Command, error) {
	if err := plain(line); err != nil {
		return nil, err
	}
	line, _, _ = strings.Cut(line, "#")
	var list []Command
	for text := range strings.SplitSeq(line, ";") {
		words := strings.Fields(text)
		if len(words) == 0 {
			continue
		}
		p := &parser{words: words[1:], nodes: nodes, script: script}
		c, err := p.command(words)
		if err != nil {
			return nil, err
		}
		if list = append(list, c); len(list) > maxCommands {
			return nil, fmt.Errorf("more than %d commands on one line", maxCommands)
		}
	}
	return list, nil
}

// plain reports what keeps a line from being printed on a terminal as it is.
func plain(line string) error {
	if len(line) > maxLine {
		return fmt.Errorf("the line has %d bytes, and at most %d are allowed", len(line), maxLine)
	}
	if i := strings.IndexFunc(line, unprintable); i >= 0 {
		_, n := utf8.DecodeRuneInString(line[i:])
		return fmt.Errorf("byte %d, %q, can't be printed: commands are plain text", i+1, line[i:i+n])
	}
	return nil
}

// unprintable reports what may not be shown on a terminal as it is: controls, those
// of the direction of writing, and what is no UTF-8.
func unprintable(r rune) bool {
	return r != '\t' && unicode.In(r, unicode.Cc, unicode.Bidi_Control) || r == unicode.ReplacementChar
}

// Abridge shortens somebody's text for an error.
func Abridge(text string) string {
	if r := []rune(text); len(r) > maxQuoted {
		return string(r[:maxQuoted]) + "..."
	}
	return text
}

// parser takes the words of a command one by one.
type parser struct {
	words  []string
	nodes  int
	script bool
	s      Syntax // of the verb
}

func (p *parser) next() string {
	if len(p.words) == 0 {
		return ""
	}
	w := p.words[0]
	p.words = p.words[1:]
	return w
}

func (p *parser) usage() string { return usage(p.s.Verb, p.script) }

// command reads the command that words are.
func (p *parser) command(words []string) (Command, error) {
	var ok bool
	if p.s, ok = find(words[0], p.script); !ok {
		hint := ""
		if p.script {
			hint = ": try help"
		}
		return Command{}, fmt.Errorf("no command %q%s", Abridge(words[0]), hint)
	}
	c := Command{Text: strings.Join(words, " "), Verb: p.s.Verb, Flat: p.script}
	err := p.word(&c)
	if err == nil {
		err = p.args(&c)
	}
	if err != nil {
		return Command{}, fmt.Errorf("%s: %w", written(p.s.Verb, p.script), err)
	}
	if len(p.words) > 0 {
		return Command{}, fmt.Errorf("%s: %q is too much; usage: %s", written(p.s.Verb, p.script), Abridge(strings.Join(p.words, " ")), p.usage())
	}
	return c, nil
}

// word reads the word that some verbs want.
func (p *parser) word(c *Command) error {
	if p.s.Words == nil {
		return nil
	}
	words := p.s.Words
	if p.s.Verb == Server {
		words = append(slices.Clone(words), "kill", "lose")
	}
	c.Word = p.next()
	switch {
	case slices.Contains(words, c.Word):
		return nil
	case p.s.Verb == Server:
		return fmt.Errorf("start or stop? usage: %s", p.usage())
	case p.s.Verb == Device:
		return fmt.Errorf("on or off? usage: %s", p.usage())
	}
	return fmt.Errorf("usage: %s", p.usage())
}

// args reads what follows.
func (p *parser) args(c *Command) error {
	switch p.s.Takes {
	case TakesNodes:
		return p.hosts(c, false)
	case TakesHosts:
		return p.hosts(c, !p.script)
	case TakesGroups:
		return p.split(c)
	case TakesEnds:
		return p.link(c)
	case TakesLink:
		if len(p.words) > 0 {
			return p.link(c)
		}
	case TakesGuest:
		return p.guest(c)
	case TakesTime:
		return p.time(c)
	case TakesNode:
		if len(p.words) > 0 {
			id, err := p.host(p.next(), false)
			c.Hosts = []Host{id}
			return err
		}
	}
	return nil
}

// host reads "2", "node2" or, if it may be, "arbiter".
func (p *parser) host(word string, arbiter bool) (Host, error) {
	if arbiter && (word == "arbiter" || word == "qnetd") {
		return Arbiter, nil
	}
	id, err := strconv.ParseUint(strings.TrimPrefix(word, "node"), 10, 32)
	if err != nil || id == 0 || id > uint64(p.nodes) {
		return 0, fmt.Errorf("there is no node %q: %s", Abridge(word), p.choice(arbiter))
	}
	return Host(id), nil
}

func (p *parser) choice(arbiter bool) string {
	s := fmt.Sprintf("nodes are 1 to %d", p.nodes)
	if p.nodes == 1 {
		s = "the only node is 1"
	}
	if arbiter {
		s += ", and there is the arbiter"
	}
	return s
}

// list reads "1,2" into hosts without repeats. A script's are sorted; a scenario
// deals with hosts in the order in which it names them.
func (p *parser) list(word string, arbiter bool) ([]Host, error) {
	var ids []Host
	for w := range strings.SplitSeq(word, ",") {
		id, err := p.host(w, arbiter)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	if p.script {
		slices.Sort(ids)
	}
	return ids, nil
}

func (p *parser) hosts(c *Command, arbiter bool) error {
	if len(p.words) == 0 {
		return fmt.Errorf("which node? usage: %s", p.usage())
	}
	ids, err := p.list(strings.Join(p.words, ","), arbiter)
	c.Hosts, p.words = ids, nil
	return err
}

// split reads groups. A number and a colon before one, as corosync-vqsim wants it,
// only say that it is a group of its own. In a script the nodes that are not named
// are the last group; there must be two.
func (p *parser) split(c *Command) error {
	var named []qnet.NodeID
	for len(p.words) > 0 {
		word := p.next()
		if label, rest, ok := strings.Cut(word, ":"); ok {
			if _, err := strconv.ParseUint(label, 10, 16); err != nil {
				return fmt.Errorf("%q is not a number of a partition", Abridge(label))
			}
			word = rest
		}
		ids, err := p.list(word, false)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if slices.Contains(named, id) {
				return fmt.Errorf("node %v is in two parts", id)
			}
		}
		named = append(named, ids...)
		c.Groups = append(c.Groups, ids)
	}
	if p.script {
		if rest := p.others(named); len(rest) > 0 {
			c.Groups = append(c.Groups, rest)
		}
	}
	if len(named) == 0 || p.script && len(c.Groups) < 2 {
		return fmt.Errorf("that leaves all nodes together; usage: %s", p.usage())
	}
	return nil
}

// others are the nodes that are not named.
func (p *parser) others(named []qnet.NodeID) (rest []qnet.NodeID) {
	for i := range qnet.NodeID(p.nodes) {
		if !slices.Contains(named, i+1) {
			rest = append(rest, i+1)
		}
	}
	return rest
}

func (p *parser) link(c *Command) (err error) {
	if len(p.words) == 3 && p.words[1] == "to" && c.Verb == Drop {
		p.words, c.OneWay = []string{p.words[0], p.words[2]}, true
	}
	if len(p.words) < 2 {
		return fmt.Errorf("between which two? usage: %s", p.usage())
	}
	if c.A, err = p.list(p.next(), true); err != nil {
		return err
	}
	if c.B, err = p.list(p.next(), true); err != nil {
		return err
	}
	for _, a := range c.A {
		if slices.Contains(c.B, a) {
			return fmt.Errorf("there is no link from %s to itself", PeerName(a))
		}
	}
	return nil
}

// PeerName names a node or the arbiter in a sentence.
func PeerName(h Host) string {
	if h == Arbiter {
		return "the arbiter"
	}
	return "node " + h.String()
}

// time reads a time. Without one, all is waited for to be calm.
func (p *parser) time(c *Command) error {
	w := p.next()
	if w == "" {
		c.Verb = Settle
		return nil
	}
	d, err := time.ParseDuration(w)
	if n, nerr := strconv.ParseUint(w, 10, 16); nerr == nil {
		d, err = time.Duration(n)*time.Second, nil
	}
	low, high := time.Duration(0), maxWait
	if p.script {
		low, high = 1, maxTyped
	}
	if err != nil || d < low || d > high {
		return fmt.Errorf("%q is not a time from %s to %v", Abridge(w), map[bool]string{true: "1ms", false: "0s"}[p.script], high)
	}
	c.Wait = d
	return nil
}

func (p *parser) guest(c *Command) (err error) {
	if c.Name = p.next(); c.Name == "" {
		return fmt.Errorf("usage: %s", p.usage())
	}
	if len(c.Name) > maxName || strings.ContainsFunc(c.Name, func(r rune) bool { return !isNameRune(r) }) {
		return fmt.Errorf("%q is not a name: 1 to %d letters, digits, - and _", Abridge(c.Name), maxName)
	}
	if c.Word == "stop" || len(p.words) == 0 && c.Word == "start" {
		return nil
	}
	if p.next() != "on" {
		return fmt.Errorf("on which node? usage: %s", p.usage())
	}
	id, err := p.host(p.next(), false)
	c.Hosts = []Host{id}
	return err
}

func isNameRune(r rune) bool {
	return r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) || r == '-' || r == '_'
}
