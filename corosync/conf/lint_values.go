// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// values reports values that do not have the form of their key. Where another rule
// has reported the same value, that report is told why.
func (l *linter) values() {
	reported := map[int][]int{} // by line
	for i, p := range l.found {
		if p.Level != Note && (p.Key != "" || p.refused) {
			reported[p.Line] = append(reported[p.Line], i)
		}
	}
	for it := range l.f.items() {
		s, ok := specOf(joinPath(it.section.path, it.key))
		k, given := l.f.keys[it.name]
		if !ok || s.gone.since != "" || it.section.kind == ids || given && k.Line != it.no { // another line overrides it
			continue
		}
		if f := s.flaw(it.value); f.is() {
			l.flawed(it, f, reported[it.no])
		} else if f := s.style(it.value); f.is() {
			l.at(it.no, Note, fmt.Sprintf("%s is %q, and %s", it.key, it.value, f.why), "write "+f.mend)
		}
	}
}

func joinPath(path, key string) string { name, _ := join(path, key); return name }

// flawed reports one value, or tells those that have been found in its line why.
func (l *linter) flawed(it *item, f flaw, found []int) {
	todo := "correct the value"
	if f.mend != "" {
		todo = fmt.Sprintf("write %s: %s", it.key, f.mend)
	}
	switch {
	case f.todo != "" && f.mend != "":
		todo += ", and " + f.todo
	case f.todo != "":
		todo = f.todo
	}
	i := slices.IndexFunc(found, func(i int) bool { return l.found[i].refused || l.found[i].Key == it.name })
	if i < 0 {
		name := it.name
		if name == "" {
			name = joinPath(it.section.path, it.key)
		}
		l.alone(it, name, f, todo)
		return
	}
	p := &l.found[found[i]]
	if text, end := strings.CutSuffix(p.Text, stopsWith(p.Stops)); !f.bare {
		if p.Text = text + " (" + f.why + ")"; end {
			p.Text += stopsWith(p.Stops)
		}
	}
	if f.mend != "" || f.todo != "" {
		p.WhatToDo = todo
	}
}

// alone reports a value that no other rule has reported.
func (l *linter) alone(it *item, name string, f flaw, todo string) {
	p := Problem{Line: it.no, Level: Warning, Text: fmt.Sprintf("%s is %q: %s", name, it.value, f.why), WhatToDo: todo, Key: it.name}
	if f.bare {
		p.Text += ", so the line does nothing"
	}
	if name == hostKey {
		if _, err := Hosts(it.value); err != nil || it.value == "" {
			p.Text, p.Level = p.Text+": the arbiter can't be reached", Fault
		}
	}
	l.found = append(l.found, p)
}

const hostKey = "quorum.device.net.host"

// arbiter reports an arbiter that is one of the nodes, or the machine itself.
func (l *linter) arbiter() {
	const key = hostKey
	if !l.net() {
		return
	}
	const what = "use the address of a machine that is not one of the nodes"
	hosts, _ := Hosts(l.text(key))
	for _, host := range hosts {
		if ownHost(host) {
			l.say(key, Warning, fmt.Sprintf("%s is every machine's own address: each node asks itself for the arbiter's vote", host), what)
			continue
		}
		for _, n := range l.nodes {
			if slices.ContainsFunc(append(slices.Clone(n.Addrs), n.Name), func(own string) bool { return sameHost(own, host) }) {
				l.say(key, Warning, fmt.Sprintf("the arbiter is at %s, which is %s: when that node is lost, so is the arbiter's vote", host, n.called()), what)
				break
			}
		}
	}
}

// ownHost tells whether a host is the machine itself, on every machine.
func ownHost(host string) bool {
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback() || strings.EqualFold(strings.TrimSuffix(host, "."), "localhost")
}

// oneMachine tells whether all nodes are on one machine, as where somebody only tries
// Corosync.
func (l *linter) oneMachine() bool {
	return !slices.ContainsFunc(l.nodes, func(n Node) bool { return !slices.ContainsFunc(n.Addrs, ownHost) })
}

// called is how a node is named in a sentence.
func (n Node) called() string {
	switch {
	case n.Name != "":
		return "the node " + n.Name
	case n.ID != 0:
		return fmt.Sprintf("node %d", n.ID)
	}
	return fmt.Sprintf("the node of line %d", n.Line)
}

// sameHost tells whether two texts are the same name or address.
func sameHost(a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	x, err := netip.ParseAddr(a)
	y, err2 := netip.ParseAddr(b)
	if err == nil && err2 == nil {
		return x.Unmap() == y.Unmap()
	}
	return strings.EqualFold(strings.TrimSuffix(a, "."), strings.TrimSuffix(b, "."))
}
