// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// maxDraft is for how many nodes a nodelist is drafted.
const maxDraft = 16

// oldFile reports a file for an earlier Corosync, which found its nodes by
// multicast, or by the members of an interface section: all later ones need a
// nodelist. It returns whether it is one.
func (l *linter) oldFile() bool {
	first := l.f.first("totem.interface")
	if len(l.nodes) > 0 || first == nil || l.f.hasNodes() {
		return false
	}
	version := "2"
	if l.f.first("service") != nil || l.f.first("aisexec") != nil || l.has("compatibility") {
		version = "1"
	}
	l.stopsAt(first.open.no, corosync, fmt.Sprintf(
		"this file is for Corosync %s: it has interface sections, and no nodelist, which Corosync 3 needs with any transport", version),
		"write a nodelist with the name, the ID and the address of each node. Then delete transport, the interface sections and rrp_mode: knet takes their place")
	l.found[len(l.found)-1].Draft = l.draft()
	return true
}

// hasNodes tells whether there are nodes somewhere: if not in the nodelist, then where
// nobody looks for them, such as in a section whose name is misspelt.
func (f *File) hasNodes() bool {
	for it := range f.items() {
		if it.key == "nodeid" && it.section != f.root && it.section.path != "totem" || it.key == "ring0_addr" {
			return true
		}
	}
	return false
}

// first returns the first section of that path.
func (f *File) first(path string) *section {
	for s := range f.sections() {
		if s.path == path {
			return s
		}
	}
	return nil
}

// draft writes a nodelist of what the interface sections tell.
func (l *linter) draft() string {
	var links [][]string // addresses of the members, by link
	var nets []string
	for s := range l.f.sections() {
		if s.path != "totem.interface" || len(links) == maxLinks {
			continue
		}
		links, nets = append(links, members(s)), append(nets, s.last("bindnetaddr"))
	}
	count := max(2, int(min(l.c.u32("quorum.expected_votes", 0), maxDraft)))
	if known := len(links[0]); known > 0 {
		count = min(known, maxDraft)
	}
	step, eol := l.f.step(), l.f.eol()
	var b strings.Builder
	b.WriteString("nodelist {" + eol)
	for n := range count {
		b.WriteString(step + "node {" + eol)
		line := func(text string) { b.WriteString(step + step + text + eol) }
		line(fmt.Sprintf("name: NAME%d", n+1))
		line(fmt.Sprintf("nodeid: %d", n+1))
		for link := range links {
			addr := fmt.Sprintf("ADDRESS%d", n+1)
			switch {
			case n < len(links[link]):
				addr = links[link][n]
			case nets[link] != "" && !ownHost(nets[link]):
				line("# its address in the network of " + nets[link])
			}
			line(fmt.Sprintf("ring%d_addr: %s", link, addr))
		}
		b.WriteString(step + "}" + eol)
	}
	return b.String() + "}" + eol
}

// members returns the addresses of an interface's member sections that can be some.
func members(s *section) []string {
	var list []string
	for _, e := range s.body {
		if e.sub == nil || e.sub.name != "member" {
			continue
		}
		if addr := e.sub.last("memberaddr"); !hostFlaw(addr).is() {
			list = append(list, addr)
		}
	}
	return list
}

// last returns the value of a section's key that counts.
func (s *section) last(key string) (value string) {
	for _, e := range s.body {
		if e.item != nil && e.item.key == key {
			value = e.item.value
		}
	}
	return value
}

// next reports what the version of Corosync after 3.1.10 drops: its developers build
// it without udp and udpu, and with encryption alone.
func (l *linter) next() {
	const version = "the version of Corosync after 3.1.10"
	mode := l.c.transport()
	if mode == udp || mode == udpu {
		l.say("totem.transport", Note, fmt.Sprintf("%s is built without %s, unless your distribution adds it", version, mode),
			"before you upgrade, change to knet: give each node a name and a nodeid, and delete transport")
		return
	}
	for link := range maxLinks {
		if key := "totem.interface." + strconv.Itoa(link) + ".knet_transport"; l.text(key) == "sctp" {
			l.say(key, Note, "kronosnet and "+version+" drop sctp", "delete the line: udp is the default")
		}
	}
	cipher, hash := l.c.cipher()
	if cipher != "none" && hash != "none" || mode != knet {
		return
	}
	l.say(l.either("totem.crypto_cipher", "totem.secauth", "totem.crypto_hash"), Note, "the cluster's traffic is not encrypted, but "+version+" requires encryption",
		"make a key with corosync-keygen, copy /etc/corosync/authkey to all nodes, and set totem.secauth to on")
}

// ringNumbers reports interface sections that Corosync takes for the same link, as it
// reads linknumber in the place of ringnumber.
func (l *linter) ringNumbers() {
	seen := map[string]int{}
	for s := range l.f.sections() {
		if s.path != "totem.interface" {
			continue
		}
		link, ok := number(s.last("linknumber"), Uint8)
		if !ok {
			link = "0"
		}
		if first, twice := seen[link]; twice {
			l.at(s.open.no, Warning, fmt.Sprintf("the interface section in line %d is also for link %s", first, link), "give each its own linknumber")
			continue
		}
		seen[link] = s.open.no
	}
}

// refusals are what corosync -t refuses. It stops at the first: what it would find
// once that is mended is looked for without it, as far as one has nothing to do with
// the other.
func (l *linter) refusals() []*Error {
	list := slices.Clone(l.f.errs)
	f := *l.f
	f.errs = nil
	for range 50 {
		e := f.refusal()
		if e == nil {
			return list
		}
		list = append(list, e)
		apart := slices.ContainsFunc([]string{"logging.", "totem.interface.", "totem.link_mode", "totem.token_warning"},
			func(prefix string) bool { return strings.HasPrefix(e.key, prefix) })
		if _, ok := f.keys[e.key]; !ok || !apart {
			return list
		}
		f = *f.without(e.key)
	}
	return list
}

func (f *File) refusal() *Error {
	e, _ := f.Check(Host{}).(*Error) //nolint:errorlint // Check returns nothing else
	return e
}

// without is the file as Corosync would see it without a key.
func (f *File) without(name string) *File {
	g := *f
	g.keys = map[string]Key{}
	g.sorted = nil
	for _, k := range f.sorted {
		if k.Name != name {
			g.keys[k.Name], g.sorted = k, append(g.sorted, k)
		}
	}
	return &g
}
