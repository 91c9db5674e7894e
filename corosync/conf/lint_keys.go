// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

import (
	"fmt"
	"slices"
	"strings"
)

// unknown reports sections and keys that nobody reads: Corosync takes any.
func (l *linter) unknown() { l.unknownIn(l.f.root, place{}) }

// unknownIn goes through a section that somebody reads. What is in one that nobody
// reads is not looked at: it is the section's name that is wrong.
func (l *linter) unknownIn(s *section, p place) {
	for _, e := range s.body {
		if e.item != nil {
			l.key(e.item, p)
			continue
		}
		sub, ok := placeOf(e.sub.path)
		switch {
		case !ok:
			l.section(e.sub, p)
		case sub.gone.since != "":
			l.at(e.sub.open.no, sub.gone.level(), fmt.Sprintf("Corosync does not read a section %s any more (since version %s)", e.sub.path, sub.gone.since), sub.gone.what)
		case !sub.any:
			l.unknownIn(e.sub, sub)
		}
	}
}

// key reports a key that nobody reads where it stands.
func (l *linter) key(it *item, p place) {
	if it.section.kind == ids || it.section.kind == member {
		return // the parser refuses all others
	}
	name, _ := join(it.section.path, it.key)
	s, ok := specOf(name)
	switch {
	case ok && s.gone.since != "":
		l.goneKey(it, s.gone)
	case ok && s.typ != "" && s.typ != String && l.f.keys[it.name].Type == String:
		l.at(it.no, Warning, fmt.Sprintf("nobody reads %s written like this: Corosync takes its value for text", name),
			fmt.Sprintf("write it between the braces of the section %s", name[:strings.LastIndexByte(name, '.')]))
	case ok:
	case it.section == l.f.root && it.key == "compatibility":
		l.goneKey(it, gone{since: "2", what: "delete the line", quiet: true})
	default:
		l.lost(it.no, fmt.Sprintf("%s %s", it.key, inside(it.section)), it.key, p, false)
	}
}

// level is how bad it is.
func (g gone) level() Level {
	if g.quiet {
		return Note
	}
	return Warning
}

// goneKey reports a key of an earlier version.
func (l *linter) goneKey(it *item, g gone) {
	g.quiet = g.quiet || it.value == "none" || it.value == "0" // as it is without the line
	l.at(it.no, g.level(), fmt.Sprintf("Corosync does not read %s any more (since version %s)", it.key, g.since), g.what)
}

// section reports a section that nobody reads where it stands.
func (l *linter) section(s *section, p place) {
	if strings.HasPrefix(s.name, byteOrderMark) {
		l.at(s.open.no, Warning, hasMark, saveBare)
		return
	}
	what := "a section " + s.name
	if s.parent != l.f.root {
		what += " " + inside(s.parent)
	}
	l.lost(s.open.no, what, s.name, p, true)
}

// inside is where something stands.
func inside(s *section) string {
	if s.path == "" {
		return "outside of all sections"
	}
	return "in a section " + s.path
}

// maxLost is for how many names another is looked for.
const maxLost = 200

// lost reports something that nobody reads where it stands, and says where it
// belongs, or what was meant.
func (l *linter) lost(line int, what, name string, p place, isSection bool) {
	text := "nobody reads " + what
	at := whereIs(name, isSection)
	if other := whereIs(name, !isSection); len(at) == 0 && len(other) > 0 {
		if isSection {
			l.at(line, Warning, text+": "+name+" is a key", "write "+name+": VALUE "+into(other))
		} else {
			l.at(line, Warning, text+": "+name+" is a section", "write "+name+" { … } "+into(other))
		}
		return
	}
	if l.lostNames++; l.lostNames > maxLost {
		l.at(line, Warning, text, "correct the name or delete it")
		return
	}
	mean, ok := nearest(name, namesIn(p, isSection))
	switch {
	case ok && len(at) > 0:
		l.at(line, Warning, text+": it belongs "+into(at), "did you mean "+mean+"? Otherwise move it")
	case ok:
		l.at(line, Warning, text, "did you mean "+mean+"?")
	case len(at) > 0:
		l.at(line, Warning, text+": it belongs "+into(at), "move it there")
	default:
		l.elsewhere(line, text, name, isSection)
	}
}

// elsewhere looks for what was meant in all other sections.
func (l *linter) elsewhere(line int, text, name string, isSection bool) {
	for _, p := range append([]place{{}}, places...) {
		if p.gone.since != "" {
			continue
		}
		if mean, ok := nearest(name, namesIn(p, isSection)); ok {
			l.at(line, Warning, text, fmt.Sprintf("did you mean %s? It belongs %s", mean, into([]string{p.path})))
			return
		}
	}
	l.at(line, Warning, text, "correct the name or delete it")
}

// namesIn are the names of the keys, or of the sections, in a section.
func namesIn(p place, sections bool) []string {
	if sections {
		return slices.DeleteFunc(subsections(p.path), func(name string) bool {
			sub, _ := placeOf(joinPath(p.path, name))
			return sub.gone.since != ""
		})
	}
	var names []string
	for _, s := range p.keys {
		if s.gone.since == "" {
			names = append(names, s.key)
		}
	}
	return names
}

// whereIs returns the paths of the sections in which there is such a key or section.
func whereIs(name string, isSection bool) []string {
	var paths []string
	for _, p := range places {
		if isSection {
			if parent, last := cutLast(p.path); last == name && p.gone.since == "" {
				paths = append(paths, parent)
			}
			continue
		}
		if s, ok := p.spec(name); ok && s.gone.since == "" && p.gone.since == "" {
			paths = append(paths, p.path)
		}
	}
	return paths
}

// cutLast cuts the last name off a path.
func cutLast(path string) (parent, name string) {
	at := strings.LastIndexByte(path, '.')
	if at < 0 {
		return "", path
	}
	return path[:at], path[at+1:]
}

// into is where something belongs: "in quorum" or "in no section".
func into(paths []string) string {
	if slices.Equal(paths, []string{""}) {
		return "outside of all sections"
	}
	return "in " + sectionList(paths)
}

// sectionList is a list of sections: "quorum or quorum.device".
func sectionList(paths []string) string {
	if len(paths) > 3 {
		paths = paths[:3]
	}
	last := len(paths) - 1
	if last < 1 {
		return strings.Join(paths, "")
	}
	return strings.Join(paths[:last], ", ") + " or " + paths[last]
}

// synonyms are what people call some keys and sections.
var synonyms = map[string]string{
	"qdevice": "device", "qnetd": "net", "address": "ringX_addr", "addr": "ringX_addr", "ip": "ringX_addr", "ipaddr": "ringX_addr", "ringaddr": "ringX_addr",
	"id": "nodeid", "hostname": "name", "nodename": "name", "port": "mcastport", "votes": "quorum_votes", "server": "host", "qnetdhost": "host", "ipaddress": "ringX_addr", "nodes": "nodelist", "log": "logging", "logger": "logger_subsys",
	"cluster": "cluster_name", "clusterid": "cluster_name", "algo": "algorithm", "tiebreak": "tie_breaker", "kap": "keep_active_partition_tie_breaker",
	"heuristic": "heuristics", "atb": "auto_tie_breaker", "wfa": "wait_for_all", "lms": "last_man_standing", "device": "model",
}

// maxMeant is the length in bytes of the longest name for which another is looked for.
const maxMeant = 50

// nearest finds the name that was meant by another: spelt alike, or made of the
// same words.
func nearest(name string, names []string) (string, bool) {
	if len(name) > maxMeant {
		return "", false
	}
	plainName := plainly(name)
	if s, ok := synonyms[plainName]; ok && slices.Contains(names, s) {
		return strings.Replace(s, "ringX", "ring0", 1), true
	}
	best, bestAt := "", len(plainName)/5+1
	if len(plainName) < 3 {
		bestAt = 0
	}
	for _, n := range names {
		if n == "ringX_addr" {
			for _, link := range "01234567" {
				if d := distance(plainName, "ring"+string(link)+"addr"); d <= bestAt {
					best, bestAt = "ring"+string(link)+"_addr", d-1
				}
			}
			continue
		}
		if d := distance(plainName, plainly(n)); d <= bestAt && n != "exec_NAME" {
			best, bestAt = n, d-1
		}
	}
	if best == "" && len(plainName) > 3 {
		for _, n := range names {
			if slices.Contains(strings.Split(n, "_"), strings.ToLower(name)) && (best == "" || len(n) < len(best)) {
				best = n
			}
		}
	}
	if best == "" && strings.HasPrefix(plainName, "exec") && slices.Contains(names, "exec_NAME") {
		best = "exec_" + strings.ToLower(strings.Trim(name[4:], "_-"))
	}
	return best, best != ""
}

// plainly is a name without what makes no difference in how it sounds.
func plainly(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "", ".", "").Replace(name))
}

// distance is how many letters have to be put in, taken out, changed or swapped with
// the next to make one name of another.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range a {
		row[0] = i + 1
		for j := range b {
			change := 1
			if a[i] == b[j] {
				change = 0
			}
			row[j+1] = min(last[j]+change, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
