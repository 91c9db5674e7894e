// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package lab

import (
	"slices"
	"strconv"
	"strings"
)

// Complete returns the lines that a line which is being typed may become, one
// word further, the likeliest first. It knows the nodes and guests of a view.
func Complete(line string, v *View) []string {
	begun := line
	if i := strings.LastIndexByte(line, ';'); i >= 0 {
		begun = line[i+1:]
	}
	words := strings.Fields(begun)
	last := ""
	if len(words) > 0 && !strings.HasSuffix(begun, " ") {
		last = words[len(words)-1]
		words = words[:len(words)-1]
	}
	stem := line[:len(line)-len(last)]
	var lines []string
	for _, w := range next(words, last, v) {
		if strings.HasPrefix(w, last) && w != last {
			lines = append(lines, stem+w)
		}
	}
	return lines
}

// next lists the words that may follow, the last of them being begun.
func next(words []string, last string, v *View) []string {
	if len(words) == 0 {
		return verbs()
	}
	s, err := find(words[0])
	if err != nil {
		return nil
	}
	rest := words[1:]
	switch s.verb {
	case Up, Thaw, Down, Leave, Freeze:
		return nodesFor(s.verb, rest, v)
	case Split, Losses:
		return nodeWords(rest, v)
	case Cut, Drop, Heal:
		if len(rest) > 1 {
			return nil
		}
		return append(nodeWords(rest, v), "arbiter")
	case Serve:
		return first(rest, "stop", "start")
	case Device:
		return first(rest, "on", "off")
	case Guest:
		return guestWords(rest, v)
	}
	return nil
}

func verbs() []string {
	var list []string
	for _, s := range grammar() {
		w := string(s.verb)
		if s.args != "" {
			w += " "
		}
		if !slices.Contains(list, w) {
			list = append(list, w)
		}
	}
	return list
}

// first returns the words if none has been said.
func first(said []string, words ...string) []string {
	if len(said) > 0 {
		return nil
	}
	return words
}

// nodesFor lists the nodes for which the verb makes sense now.
func nodesFor(verb Verb, said []string, v *View) []string {
	var list []string
	for i := range v.Nodes {
		n := &v.Nodes[i]
		fits := map[Verb]bool{Up: !n.Up, Thaw: n.Frozen, Down: n.Up, Leave: n.Up && !n.Frozen, Freeze: n.Up && !n.Frozen}[verb]
		if w := n.ID.String(); fits && !slices.Contains(said, w) {
			list = append(list, w)
		}
	}
	return list
}

func nodeWords(said []string, v *View) []string {
	var list []string
	for i := range v.Nodes {
		if w := strconv.Itoa(i + 1); !slices.Contains(said, w) {
			list = append(list, w)
		}
	}
	return list
}

// guestWords continues "guest".
func guestWords(said []string, v *View) []string {
	switch len(said) {
	case 0:
		return []string{"create ", "start ", "stop "}
	case 1:
		if said[0] == "create" {
			return nil
		}
		var names []string
		for _, g := range v.Guests {
			names = append(names, g.Name)
		}
		return names
	case 2:
		if said[0] != "stop" {
			return []string{"on "}
		}
	case 3:
		return nodeWords(nil, v)
	}
	return nil
}
