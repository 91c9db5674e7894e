// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package lab

import (
	"slices"
	"strconv"
	"strings"

	"github.com/quorate/quorate/internal/scenario"
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
	s, ok := scenario.Find(words[0])
	if !ok {
		return nil
	}
	rest := words[1:]
	switch {
	case s.Verb == scenario.Guest:
		return guestWords(rest, s.Words, v)
	case s.Words != nil:
		return first(rest, s.Words...)
	}
	switch s.Takes {
	case scenario.TakesNodes, scenario.TakesHosts:
		return nodesFor(s.Verb, rest, v)
	case scenario.TakesGroups, scenario.TakesNode:
		return nodeWords(rest, v)
	case scenario.TakesEnds, scenario.TakesLink:
		if len(rest) < 2 {
			return append(nodeWords(rest, v), "arbiter")
		}
	}
	return nil
}

// verbs lists the verbs that the laboratory can do, those of the help first.
func verbs() []string {
	var list []string
	for _, s := range scenario.Syntaxes() {
		w, _, more := strings.Cut(s.String(), " ")
		if more {
			w += " "
		}
		if s.NoLab == "" && !slices.Contains(list, w) {
			list = append(list, w)
		}
	}
	return list
}

// first returns the words if none is there yet.
func first(before []string, words ...string) []string {
	if len(before) > 0 {
		return nil
	}
	return words
}

// nodesFor lists the nodes for which the verb makes sense now.
func nodesFor(verb scenario.Verb, before []string, v *View) []string {
	var list []string
	for i := range v.Nodes {
		n := &v.Nodes[i]
		fits := map[scenario.Verb]bool{
			scenario.Up: !n.Up, scenario.Resume: n.Frozen, scenario.Down: n.Up, scenario.Kill: n.Up,
			scenario.Leave: n.Up && !n.Frozen, scenario.Pause: n.Up && !n.Frozen,
		}[verb]
		if w := n.ID.String(); fits && !slices.Contains(before, w) {
			list = append(list, w)
		}
	}
	return list
}

func nodeWords(before []string, v *View) []string {
	var list []string
	for i := range v.Nodes {
		if w := strconv.Itoa(i + 1); !slices.Contains(before, w) {
			list = append(list, w)
		}
	}
	return list
}

// guestWords continues "guest".
func guestWords(before, acts []string, v *View) []string {
	switch len(before) {
	case 0:
		var list []string
		for _, a := range acts {
			list = append(list, a+" ")
		}
		return list
	case 1:
		if before[0] == "create" {
			return nil
		}
		var names []string
		for _, g := range v.Guests {
			names = append(names, g.Name)
		}
		return names
	case 2:
		if before[0] != "stop" {
			return []string{"on "}
		}
	case 3:
		return nodeWords(nil, v)
	}
	return nil
}
