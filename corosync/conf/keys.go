// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A Type is the type of a value in cmap, as corosync-cmapctl prints it.
type Type string

// The types that a value from corosync.conf can have.
const (
	String Type = "str"
	Uint8  Type = "u8"
	Uint16 Type = "u16"
	Uint32 Type = "u32"
	Uint64 Type = "u64"
	Int32  Type = "i32"
)

// A Key is what Corosync puts into cmap for a line of the file.
type Key struct {
	Name  string // in cmap, of 3 to 255 bytes: totem.version, nodelist.node.0.nodeid
	Type  Type   // of the value in cmap
	Value string // a number as cmap prints it
	Line  int    // of the file, from 1
}

// number returns the value of a Uint8, Uint16, Uint32 or Uint64.
func (k Key) number() uint64 {
	n, _ := strconv.ParseUint(k.Value, 10, 64)
	return n
}

// Keys returns the cmap keys that Corosync makes of the file, in cmap's order,
// which is that of their names' bytes. Values that it would refuse are left out;
// Check names them. So are the users and groups of uidgid sections, whose keys
// depend on the host, and what Corosync itself adds when it runs.
func (f *File) Keys() []Key { return slices.Clone(f.sorted) }

// A kind of section is what decides how Corosync treats its values. A section
// of no kind of its own has its parent's.
type kind int

const (
	plain kind = iota
	totem
	link   // totem.interface
	member // totem.interface.member
	subsys // logging.logger_subsys
	logger // logging.logging_daemon
	ids    // uidgid
	quorum
	device
	nodelist
	node
	system
	resources
	monitored // resources.system, resources.process and their memory_used
)

var kinds = map[string]kind{
	"totem":                         totem,
	"totem.interface":               link,
	"totem.interface.member":        member,
	"logging.logger_subsys":         subsys,
	"logging.logging_daemon":        logger,
	"uidgid":                        ids,
	"quorum":                        quorum,
	"quorum.device":                 device,
	"nodelist":                      nodelist,
	"nodelist.node":                 node,
	"system":                        system,
	"resources":                     resources,
	"resources.system":              monitored,
	"resources.system.memory_used":  monitored,
	"resources.process":             monitored,
	"resources.process.memory_used": monitored,
}

// An idItem is a user or a group of a uidgid section.
type idItem struct {
	line  int
	group bool
	name  string
}

// A loader walks over the sections in the order in which Corosync does.
type loader struct {
	f     *File
	nodes int
	link  linkItems
	log   logItems

	freed     []*item // see leaveTwice
	freedList bool
}

// load makes the keys and gives each item its name.
func (f *File) load() {
	f.keys = map[string]Key{}
	l := &loader{f: f}
	l.body(f.root)
	f.sorted = make([]Key, 0, len(f.keys))
	for _, name := range slices.Sorted(maps.Keys(f.keys)) {
		f.sorted = append(f.sorted, f.keys[name])
	}
}

func (l *loader) body(s *section) {
	for _, e := range s.body {
		if e.item != nil {
			l.item(s, e.item)
			continue
		}
		l.enter(e.sub)
		l.body(e.sub)
		l.leave(e.sub)
	}
}

func (l *loader) enter(s *section) {
	k, own := kinds[s.path]
	if !own {
		k = s.parent.kind
	}
	s.kind, s.prefix = k, s.path
	switch {
	case k == nodelist && own:
		l.nodes = 0
	case k == node:
		s.prefix = fmt.Sprintf("nodelist.node.%d", l.nodes)
	case k == link && own:
		l.link = linkItems{}
		l.freed, l.freedList = nil, false
	case (k == subsys || k == logger) && own:
		l.log = logItems{}
		l.freed, l.freedList = nil, false
	}
}

func (l *loader) leave(s *section) {
	switch s.kind {
	case node:
		l.nodes++
	case link:
		l.leaveTwice(s, l.link.members, l.link.find("knet_transport"))
		l.flushLink(s)
	case subsys, logger:
		l.leaveTwice(s, l.log.rest, l.log.subsys, l.log.name)
		l.flushLog(s)
	}
}

// nested is said of a section for which Corosync reads freed memory.
const nested = "can't have other sections in it"

// leaveTwice refuses sections in an interface or a logger section. Corosync
// takes their end for that of the outer one as well and frees what was in it;
// what was not given again by the outer one's end it uses nevertheless, and
// mostly dies of it.
func (l *loader) leaveTwice(s *section, list []*item, single ...*item) {
	again := func(it *item) bool { return it != nil && slices.Contains(l.freed, it) }
	if l.freedList || slices.ContainsFunc(single, again) {
		l.fail(s.close.no, "%s %s", s.path, nested)
	}
	if kinds[s.path] != s.kind {
		l.freed, l.freedList = single, len(list) > 0
	}
}

func (l *loader) item(s *section, it *item) {
	path, _ := join(s.path, it.key)
	switch s.kind {
	case link:
		if l.addLink(it, path) {
			return
		}
	case member:
		if it.key != "memberaddr" {
			l.fail(it.no, "%s: a member section may have only memberaddr", path)
			return
		}
		l.link.members = append(l.link.members, it)
		return
	case subsys, logger:
		l.addLog(s, it)
		return
	case ids:
		l.addID(it)
		return
	case node:
		// Not the section's prefix: behind a section in it the number is another.
		path = cut(fmt.Sprintf("nodelist.node.%d.%s", l.nodes, it.key))
	}
	l.value(it, path, typeOf(s.kind, path, it.key))
}

// cut shortens a name to what fits into Corosync's buffer.
func cut(name string) string { return name[:min(len(name), maxName-1)] }

func (l *loader) addID(it *item) {
	id, err := it.id()
	if err != nil {
		l.f.errs = append(l.f.errs, err)
		return
	}
	l.f.ids = append(l.f.ids, id)
}

// id reads an item of a uidgid section.
func (it *item) id() (idItem, *Error) {
	if it.key != "uid" && it.key != "gid" {
		return idItem{}, errorf(it.no, "%s: a uidgid section may have only uid and gid", it.key)
	}
	return idItem{it.no, it.key == "gid", it.value}, nil
}

// value checks an item's value against its type and puts it into cmap.
func (l *loader) value(it *item, name string, t Type) {
	if t == String {
		if allowed, ok := enums[enum{it.section.kind, name}]; ok && !slices.Contains(allowed, it.value) {
			it.name = name
			l.fail(it.no, "%s: %q is not one of: %s", name, it.value, strings.Join(allowed, ", "))
			return
		}
		l.put(it, name, t, it.value)
		return
	}
	n, ok := number(it.value, t)
	if !ok {
		it.name = name
		l.fail(it.no, "%s: %q is not a whole number from %s", name, it.value, ranges[t])
		return
	}
	l.put(it, name, t, n)
}

func (l *loader) put(it *item, name string, t Type, value string) {
	it.name = name
	switch {
	case strings.HasPrefix(name, byteOrderMark):
		l.fail(it.no, hasMark)
		return
	case !validName(name):
		l.fail(it.no, "%q can't be a name in cmap (letters, digits and . _ - / : , at least %d)", name, minName)
		return
	}
	l.f.keys[name] = Key{name, t, value, it.no}
}

func (l *loader) fail(line int, format string, args ...any) {
	l.f.errs = append(l.f.errs, errorf(line, format, args...))
}

func validName(name string) bool {
	if len(name) < minName || len(name) > maxName {
		return false
	}
	for _, c := range []byte(name) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case strings.IndexByte("._-/:", c) >= 0:
		default:
			return false
		}
	}
	return true
}
