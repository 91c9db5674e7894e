// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

import (
	"slices"
	"strconv"
	"strings"
)

// A spec is what the table says of a key.
type spec struct {
	key    string
	typ    Type // of a value that Corosync's parser looks at; empty if it keeps any text
	form   string
	lo, hi int64 // of a number
	words  []string
	gone   gone
}

// gone says that something is read no more.
type gone struct {
	since string // the version; empty if it is still read
	what  string // to do
	quiet bool   // it makes no difference
}

// A place is a section of the table.
type place struct {
	path string
	keys []spec
	any  bool // any key or section may stand in it
	gone gone
}

// The forms of values.
const (
	formNumber  = "num"
	formFlag    = "flag"
	formMillis  = "ms"
	formOne     = "one"
	formEnum    = "enum" // the parser refuses what is none
	formFold    = "fold"
	formHost    = "host"
	formHosts   = "hosts"
	formNetwork = "network"
	formGroup   = "group"
	formName    = "name"
	formPath    = "path"
	formCommand = "command"
	formNodes   = "nodes"
	formText    = "text"
)

// places is the table, in its order.
var places = readTable(table)

func readTable(table string) []place {
	var list []place
	for line := range strings.Lines(table) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case line == "":
		case line[0] != ' ':
			line, g := cutGone(line)
			path, star := strings.CutSuffix(line, " *")
			list = append(list, place{path: path, any: star, gone: g})
		default:
			p := &list[len(list)-1]
			if like, ok := strings.CutPrefix(line, " = "); ok {
				i := slices.IndexFunc(list, func(o place) bool { return o.path == like })
				p.keys = append(p.keys, list[i].keys...)
				continue
			}
			p.keys = append(p.keys, readSpec(line))
		}
	}
	return list
}

func cutGone(line string) (rest string, g gone) {
	rest, after, loud := strings.Cut(line, " ! ")
	if !loud {
		rest, after, g.quiet = strings.Cut(line, " ~ ")
	}
	g.since, g.what, _ = strings.Cut(after, ": ")
	return rest, g
}

// readSpec reads a key's line.
func readSpec(line string) spec {
	line, g := cutGone(line)
	f := strings.Fields(line)
	s := spec{key: f[0], gone: g}
	if f = f[1:]; f[0] == "str" {
		s.typ, f = String, f[1:]
	}
	s.form, s.words = f[0], f[1:]
	switch s.form {
	case formFlag:
		s.typ = Uint8
	case formMillis:
		s.typ = Uint32
	case formNumber:
		s.lo, _ = strconv.ParseInt(s.words[0], 10, 64)
		s.hi, _ = strconv.ParseInt(s.words[1], 10, 64)
		s.words = nil
	case string(Uint8), string(Uint16), string(Uint32), string(Uint64), string(Int32):
		s.typ, s.form = Type(s.form), formNumber
	}
	return s
}

// placeOf returns the section of that path.
func placeOf(path string) (place, bool) {
	i := slices.IndexFunc(places, func(p place) bool { return p.path == path })
	if i < 0 {
		return place{}, false
	}
	return places[i], true
}

// spec returns what is known of a key in the section.
func (p place) spec(key string) (spec, bool) {
	i := slices.IndexFunc(p.keys, func(s spec) bool { return s.is(key) })
	if i < 0 {
		return spec{}, false
	}
	return p.keys[i], true
}

// is tells whether a key is the spec's: some names have a part that is free.
func (s spec) is(key string) bool {
	switch s.key {
	case "ringX_addr":
		_, ok := linkKey(key)
		return ok
	case "exec_NAME":
		return strings.HasPrefix(key, "exec_")
	}
	return s.key == key
}

// specOf finds a key by its full name: sections and keys may hold dots.
func specOf(name string) (spec, bool) {
	for at := strings.LastIndexByte(name, '.'); at >= 0; at = strings.LastIndexByte(name[:at], '.') {
		if p, ok := placeOf(name[:at]); ok {
			return p.spec(name[at+1:])
		}
	}
	return spec{}, false
}

// subsections returns the names of the sections in a section.
func subsections(path string) []string {
	var names []string
	for _, p := range places {
		parent, name := "", p.path
		if at := strings.LastIndexByte(p.path, '.'); at >= 0 {
			parent, name = p.path[:at], p.path[at+1:]
		}
		if parent == path {
			names = append(names, name)
		}
	}
	return names
}

// typed returns the types of a section's values, by their full name.
func typed(path string) map[string]Type {
	m := map[string]Type{}
	p, _ := placeOf(path)
	for _, s := range p.keys {
		if s.typ != "" {
			m[path+"."+s.key] = s.typ
		}
	}
	return m
}

// enumerated returns the words that the parser looks at, by the full name of their
// key.
func enumerated() map[enum][]string {
	m := map[enum][]string{}
	for _, p := range places {
		for _, s := range p.keys {
			if s.form == formEnum {
				m[enum{kinds[p.path], p.path + "." + s.key}] = s.words
			}
		}
	}
	return m
}
