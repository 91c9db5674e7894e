// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package lab

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

// Arbiter is the arbiter where a node or the arbiter can be named.
const Arbiter qnet.NodeID = 0

// Verb is what a command does.
type Verb string

// The verbs.
const (
	Up     Verb = "up"
	Down   Verb = "down"
	Leave  Verb = "leave"
	Freeze Verb = "freeze"
	Thaw   Verb = "thaw"
	Split  Verb = "split"
	Join   Verb = "join"
	Cut    Verb = "cut"
	Drop   Verb = "drop"
	Heal   Verb = "heal"
	Serve  Verb = "arbiter"
	Device Verb = "device"
	Guest  Verb = "guest"
	Losses Verb = "losses"
	Wait   Verb = "wait"
	Show   Verb = "status"
	Help   Verb = "help"
	Quit   Verb = "quit"
)

// Command is one command, parsed. Which fields matter depends on the verb.
type Command struct {
	Text  string // as it was written, without blanks around it
	Verb  Verb
	Nodes []qnet.NodeID   // up down leave freeze thaw
	Parts [][]qnet.NodeID // split: two or more, together all nodes
	A, B  []qnet.NodeID   // cut drop heal: Arbiter is the arbiter; heal without them heals all
	On    bool            // arbiter start, device on
	For   time.Duration   // wait; 0 is until all is calm
	Act   string          // guest: create, start or stop
	Name  string          // guest
	Node  qnet.NodeID     // guest create and start; 0: where it is. losses; 0: the first that is up
}

// syntax is one line of the help, and how the verb is read.
type syntax struct {
	verb  Verb
	alias []string // other names, those of corosync-vqsim among them
	args  string
	help  string
	read  func(p *parser, c *Command) error
}

// grammar lists the verbs in the order of the help.
func grammar() []syntax {
	return []syntax{
		{Up, nil, "NODE...", "switch nodes on", readNodes},
		{Down, nil, "NODE...", "cut the power of nodes: they can tell nobody", readNodes},
		{Leave, nil, "NODE...", "shut nodes down properly", readNodes},
		{Split, []string{"move"}, "NODES [NODES...]", "split the nodes into groups: split 1,2 3,4", readSplit},
		{Join, nil, "", "repair all links between nodes", readNothing},
		{Cut, nil, "A B", "cut the link between A and B: both notice", readPair},
		{Drop, nil, "A B", "drop everything between A and B: nobody notices", readPair},
		{Heal, nil, "[A B]", "repair a link, or all of them", readHeal},
		{Freeze, nil, "NODE...", "freeze nodes, as if their machines were paused", readNodes},
		{Thaw, nil, "NODE...", "let frozen nodes go on", readNodes},
		{Serve, []string{"qnetd"}, "stop|start", "stop or start the arbiter", readSwitch("start", "stop")},
		{Device, []string{"qdevice"}, "on|off", "add or remove the quorum device", readSwitch("on", "off")},
		{Guest, nil, "create NAME on NODE", "create a guest, which needs quorum", readGuest},
		{Guest, nil, "start NAME [on NODE]", "start a guest, where it is or on another node", nil},
		{Guest, nil, "stop NAME", "stop a guest", nil},
		{Losses, nil, "[NODE]", "say what happens after a loss, as a node sees it", readLosses},
		{Wait, nil, "[TIME]", "wait until all is calm, or for a time: wait 5s", readWait},
		{Show, []string{"show"}, "", "print the table", readNothing},
		{Help, []string{"?"}, "", "show this help", readNothing},
		{Quit, []string{"exit", "q"}, "", "end the laboratory", readNothing},
	}
}

// HelpText is the list of the verbs.
func HelpText() []string {
	var lines []string
	for _, s := range grammar() {
		lines = append(lines, fmt.Sprintf("%-28s %s", strings.TrimSpace(string(s.verb)+" "+s.args), s.help))
	}
	return lines
}

// maxLine is the longest command in bytes, maxCommands the most on one line.
const (
	maxLine     = 1000
	maxCommands = 20
)

// Parse reads a line: one command, or several with a ; between them. What
// follows a # is a comment. A line without a command returns none.
func Parse(line string, nodes int) ([]Command, error) {
	if len(line) > maxLine {
		return nil, fmt.Errorf("the line has %d bytes, and at most %d are allowed", len(line), maxLine)
	}
	if i := strings.IndexFunc(line, unprintable); i >= 0 {
		_, n := utf8.DecodeRuneInString(line[i:])
		return nil, fmt.Errorf("byte %d, %q, can't be printed: commands are plain text", i+1, line[i:i+n])
	}
	line, _, _ = strings.Cut(line, "#")
	var list []Command
	for text := range strings.SplitSeq(line, ";") {
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		c, err := parseOne(text, nodes)
		if err != nil {
			return nil, err
		}
		if list = append(list, c); len(list) > maxCommands {
			return nil, fmt.Errorf("more than %d commands on one line", maxCommands)
		}
	}
	return list, nil
}

// unprintable reports what may not be shown on a terminal as it is: controls, those
// of the direction of writing, and what is no UTF-8.
func unprintable(r rune) bool {
	return r != '\t' && unicode.In(r, unicode.Cc, unicode.Bidi_Control) || r == unicode.ReplacementChar
}

// maxQuoted is how many characters of somebody's text an error repeats.
const maxQuoted = 40

// abridge shortens text for an error.
func abridge(text string) string {
	if r := []rune(text); len(r) > maxQuoted {
		return string(r[:maxQuoted]) + "..."
	}
	return text
}

func parseOne(text string, nodes int) (Command, error) {
	words := strings.Fields(text)
	p := &parser{words: words[1:], nodes: nodes}
	s, err := find(words[0])
	if err != nil {
		return Command{}, err
	}
	c := Command{Text: strings.Join(words, " "), Verb: s.verb}
	if err := s.read(p, &c); err != nil {
		return Command{}, fmt.Errorf("%s: %w", s.verb, err)
	}
	if len(p.words) > 0 {
		return Command{}, fmt.Errorf("%s: %q is too much; usage: %s", s.verb, abridge(strings.Join(p.words, " ")), usage(s.verb))
	}
	return c, nil
}

func find(word string) (syntax, error) {
	for _, s := range grammar() {
		if s.read != nil && (word == string(s.verb) || slices.Contains(s.alias, word)) {
			return s, nil
		}
	}
	return syntax{}, fmt.Errorf("no command %q: try help", abridge(word))
}

func usage(v Verb) string {
	var forms []string
	for _, s := range grammar() {
		if s.verb == v {
			forms = append(forms, strings.TrimSpace(string(v)+" "+s.args))
		}
	}
	return strings.Join(forms, ", or ")
}

// parser takes the words of a command one by one.
type parser struct {
	words []string
	nodes int
}

func (p *parser) next() string {
	if len(p.words) == 0 {
		return ""
	}
	w := p.words[0]
	p.words = p.words[1:]
	return w
}

// node reads "2", "node2" or, if it may be, "arbiter".
func (p *parser) node(word string, arbiter bool) (qnet.NodeID, error) {
	if arbiter && (word == "arbiter" || word == "qnetd") {
		return Arbiter, nil
	}
	id, err := strconv.ParseUint(strings.TrimPrefix(word, "node"), 10, 32)
	if err != nil || id == 0 || id > uint64(p.nodes) {
		return 0, fmt.Errorf("there is no node %q: %s", abridge(word), p.choice(arbiter))
	}
	return qnet.NodeID(id), nil
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

// list reads "1,2" into IDs without repeats, in order.
func (p *parser) list(word string, arbiter bool) ([]qnet.NodeID, error) {
	var ids []qnet.NodeID
	for w := range strings.SplitSeq(word, ",") {
		id, err := p.node(w, arbiter)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return qnet.SortIDs(ids), nil
}

func readNothing(*parser, *Command) error { return nil }

func readNodes(p *parser, c *Command) error {
	for len(p.words) > 0 {
		ids, err := p.list(p.next(), false)
		if err != nil {
			return err
		}
		c.Nodes = append(c.Nodes, ids...)
	}
	if len(c.Nodes) == 0 {
		return fmt.Errorf("which node? usage: %s", usage(c.Verb))
	}
	c.Nodes = qnet.SortIDs(c.Nodes)
	return nil
}

// readSplit reads the parts. A number and a colon before one, as corosync-vqsim
// wants it, only say that it is part of its own.
func readSplit(p *parser, c *Command) error {
	var named []qnet.NodeID
	for len(p.words) > 0 {
		word := p.next()
		if label, rest, ok := strings.Cut(word, ":"); ok {
			if _, err := strconv.ParseUint(label, 10, 16); err != nil {
				return fmt.Errorf("%q is not a number of a partition", abridge(label))
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
		c.Parts = append(c.Parts, ids)
	}
	var rest []qnet.NodeID
	for id := range qnet.NodeID(p.nodes) {
		if !slices.Contains(named, id+1) {
			rest = append(rest, id+1)
		}
	}
	if len(rest) > 0 {
		c.Parts = append(c.Parts, rest)
	}
	if len(named) == 0 || len(c.Parts) < 2 {
		return fmt.Errorf("that leaves all nodes together; usage: %s", usage(Split))
	}
	return nil
}

func readPair(p *parser, c *Command) (err error) {
	if len(p.words) < 2 {
		return fmt.Errorf("between which two? usage: %s", usage(c.Verb))
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

func readLosses(p *parser, c *Command) (err error) {
	if len(p.words) > 0 {
		c.Node, err = p.node(p.next(), false)
	}
	return err
}

func readHeal(p *parser, c *Command) error {
	if len(p.words) == 0 {
		return nil
	}
	return readPair(p, c)
}

func readSwitch(on, off string) func(*parser, *Command) error {
	return func(p *parser, c *Command) error {
		switch w := p.next(); w {
		case on:
			c.On = true
		case off:
		default:
			return fmt.Errorf("%s or %s? usage: %s", on, off, usage(c.Verb))
		}
		return nil
	}
}

// maxWait is the longest time that wait takes.
const maxWait = 10 * time.Minute

func readWait(p *parser, c *Command) error {
	w := p.next()
	if w == "" {
		return nil
	}
	d, err := time.ParseDuration(w)
	if n, nerr := strconv.ParseUint(w, 10, 16); nerr == nil {
		d, err = time.Duration(n)*time.Second, nil
	}
	if err != nil || d <= 0 || d > maxWait {
		return fmt.Errorf("%q is not a time from 1ms to %v", abridge(w), maxWait)
	}
	c.For = d
	return nil
}

// maxName is the longest name of a guest in bytes.
const maxName = 20

func readGuest(p *parser, c *Command) (err error) {
	c.Act, c.Name = p.next(), p.next()
	if !slices.Contains([]string{"create", "start", "stop"}, c.Act) || c.Name == "" {
		return fmt.Errorf("usage: %s", usage(Guest))
	}
	if len(c.Name) > maxName || strings.ContainsFunc(c.Name, func(r rune) bool { return !isNameRune(r) }) {
		return fmt.Errorf("%q is not a name: 1 to %d letters, digits, - and _", abridge(c.Name), maxName)
	}
	if c.Act == "stop" || len(p.words) == 0 && c.Act == "start" {
		return nil
	}
	if p.next() != "on" {
		return fmt.Errorf("on which node? usage: %s", usage(Guest))
	}
	c.Node, err = p.node(p.next(), false)
	return err
}

func isNameRune(r rune) bool {
	return r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) || r == '-' || r == '_'
}

// PeerName names a node or the arbiter.
func PeerName(id qnet.NodeID) string {
	if id == Arbiter {
		return "the arbiter"
	}
	return "node " + id.String()
}
