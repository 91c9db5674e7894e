// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

import (
	"fmt"
	"slices"
	"strconv"
)

// linkItems are the values of an interface section, which get their names when
// it is closed: its linknumber may come last.
type linkItems struct {
	number  uint64
	last    []*item // the last of each key
	members []*item
}

func (l linkItems) find(key string) *item {
	for _, it := range l.last {
		if it.key == key {
			return it
		}
	}
	return nil
}

// addLink keeps an item of an interface section; false if it is a value like
// those of other sections.
func (l *loader) addLink(it *item, path string) bool {
	t, ok := linkTypes[path]
	if !ok {
		return false
	}
	if _, ok := number(it.value, t); t != String && !ok {
		l.fail(it.no, "%s: %q is not a whole number from %s", path, it.value, ranges[t])
		return true
	}
	if it.key == "linknumber" {
		n, _ := number(it.value, t)
		l.link.number, _ = strconv.ParseUint(n, 10, 8)
		return true
	}
	l.link.last = slices.DeleteFunc(l.link.last, func(old *item) bool { return old.key == it.key })
	l.link.last = append(l.link.last, it)
	return true
}

func (l *loader) flushLink(s *section) {
	s.prefix = fmt.Sprintf("totem.interface.%d", l.link.number)
	for _, it := range l.link.last {
		t := linkTypes["totem.interface."+it.key]
		if _, fits := number(it.value, Int32); t == Uint32 && !fits {
			continue // in the int where Corosync keeps it, it is negative: not given
		}
		l.value(it, s.prefix+"."+it.key, t)
	}
	// Corosync counts the members from the last to the first.
	for i, it := range slices.Backward(l.link.members) {
		l.value(it, fmt.Sprintf("%s.member.%d", s.prefix, len(l.link.members)-1-i), String)
	}
	l.link.members = nil
	l.link.last = slices.DeleteFunc(l.link.last, func(it *item) bool {
		return linkTypes["totem.interface."+it.key] == String && it.key != "knet_transport"
	})
}

// logItems are the values of a logger_subsys or logging_daemon section.
type logItems struct {
	subsys, name *item
	rest         []*item
}

func (l *loader) addLog(s *section, it *item) {
	switch {
	case it.key == "subsys":
		l.log.subsys = it
	case it.key == "name" && s.kind == logger:
		l.log.name = it
	default:
		l.log.rest = append(l.log.rest, it)
	}
}

func (l *loader) flushLog(s *section) {
	g := l.log
	l.log.rest = nil
	if s.kind == subsys && g.subsys == nil {
		l.fail(s.close.no, "logging.logger_subsys has no subsys")
		return
	}
	if s.kind == logger && g.name == nil {
		l.fail(s.close.no, "logging.logging_daemon has no name")
		return
	}
	s.prefix = logPrefix(g)
	// From the last to the first: of two values with one key the first counts.
	for _, it := range slices.Backward(g.rest) {
		l.value(it, cut(s.prefix+"."+it.key), String)
	}
	if g.subsys != nil {
		l.value(g.subsys, cut(s.prefix+".subsys"), String)
	}
	if g.name != nil && g.name.value != "corosync" {
		l.value(g.name, cut(s.prefix+".name"), String)
	}
}

func logPrefix(g logItems) string {
	own := g.name == nil || g.name.value == "corosync"
	switch {
	case own && g.subsys == nil:
		return "logging"
	case own:
		return "logging.logger_subsys." + g.subsys.value
	case g.subsys == nil:
		return "logging.logging_daemon." + g.name.value
	}
	return "logging.logging_daemon." + g.name.value + "." + g.subsys.value
}
