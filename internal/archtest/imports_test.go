// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package archtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestImports holds every package to its row in docs/architecture.md.
func TestImports(t *testing.T) {
	tab := architectureTables(t)
	report(t, compare(tab, packages(t)))
	report(t, upwards(tab))
}

// confParser is the one package that is not pure and that pure packages may import: what they
// use of it is.
const confParser = "corosync/conf"

// upwards finds rows that import what does not stand above them, and pure ones that import
// what is not pure.
func upwards(tab tables) (problems []string) {
	above := map[string]row{}
	below := map[string]bool{}
	for _, r := range tab.rows {
		below[short(r.path)] = true
	}
	for _, r := range tab.rows {
		for _, name := range r.imports {
			a, ok := above[name]
			switch {
			case !ok && below[name]:
				problems = append(problems, fmt.Sprintf("%s: %s imports %s, which does not stand above it: move a row, or turn the import around",
					architecture, r.path, name))
			case ok && r.pure && !a.pure && name != confParser:
				problems = append(problems, fmt.Sprintf("%s: %s is pure and imports %s, which is not", architecture, r.path, name))
			}
		}
		above[short(r.path)] = r
	}
	return problems
}

// compare finds packages without a row, rows without a package, and imports that are in
// one and not in the other.
func compare(tab tables, packages []pkg) (problems []string) {
	say := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	rows := map[string]row{}
	for _, r := range tab.rows {
		rows[r.path] = r
	}
	names := map[string]bool{}
	for _, p := range packages {
		names[short(p.Path)] = true
	}
	for _, p := range packages {
		r, ok := rows[p.Path]
		if !ok {
			say("%s has no row in %s: give it one, with what it is, what it may import and why", p.Path, architecture)
			continue
		}
		delete(rows, p.Path)
		for _, name := range missing(p.Ours, r.imports) {
			say("%s imports %s, and its row in %s does not allow that%s: is it needed? Then name it there",
				p.Path, name, architecture, reason(r))
		}
		allowed := p.Ours
		if r.pure {
			allowed = slices.Concat(p.Ours, missing(p.Others, tab.std))
			for _, name := range missing(p.Others, slices.Concat(tab.std, r.imports)) {
				say("%s imports %s, which is not for a pure package: see %q in %s", p.Path, name, pureTitle, architecture)
			}
		}
		for _, name := range missing(r.imports, allowed) {
			what := "it does not import that: take it out"
			if !names[name] && !r.pure {
				what = "there is no such package of ours: correct the name, or take it out"
			}
			say("%s has %s in its row in %s: %s", p.Path, name, architecture, what)
		}
	}
	for _, r := range tab.rows {
		if _, left := rows[r.path]; left {
			say("%s has a row in %s and does not exist: take the row out", r.path, architecture)
		}
	}
	return problems
}

// missing returns what is in have and not in allowed.
func missing(have, allowed []string) (list []string) {
	for _, name := range have {
		if !slices.Contains(allowed, name) {
			list = append(list, name)
		}
	}
	return list
}

func reason(r row) string {
	if r.why == "" {
		return ""
	}
	return " (" + r.why + ")"
}

// TestCompare: each departure from the tables is found, and nothing else.
func TestCompare(t *testing.T) {
	tab := tables{std: []string{"fmt"}, rows: []row{
		{path: "internal/a", pure: true},
		{path: "internal/b", pure: true, imports: []string{"a", "io"}},
		{path: "cmd/c", imports: []string{"a", "b"}, why: "it is the main"},
	}}
	good := func() []pkg {
		return []pkg{
			{Path: "internal/a", Others: []string{"fmt"}},
			{Path: "internal/b", Ours: []string{"a"}, Others: []string{"fmt", "io"}},
			{Path: "cmd/c", Ours: []string{"a", "b"}, Others: []string{"os"}},
		}
	}
	for _, c := range []struct {
		name string
		edit func(list []pkg) []pkg
		want string
	}{
		{"nothing", func(l []pkg) []pkg { return l }, ""},
		{"a new package", func(l []pkg) []pkg { return append(l, pkg{Path: "internal/d"}) }, "internal/d has no row"},
		{"a package gone", func(l []pkg) []pkg { return l[:2] }, "cmd/c has a row"},
		{"a new import", func(l []pkg) []pkg { l[0].Ours = []string{"b"}; return l }, "internal/a imports b, and its row"},
		{"an import gone", func(l []pkg) []pkg { l[2].Ours = []string{"b"}; return l }, "cmd/c has a in its row"},
		{"a disk in a pure package", func(l []pkg) []pkg { l[0].Others = []string{"os"}; return l }, "internal/a imports os, which is not for a pure package"},
		{"what a row allowed, gone", func(l []pkg) []pkg { l[1].Others = nil; return l }, "internal/b has io in its row"},
	} {
		got := compare(tab, c.edit(good()))
		if (len(got) > 0) != (c.want != "") || len(got) > 1 || !strings.Contains(strings.Join(got, ""), c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	tab.rows[2].imports = []string{"a", "b", "b,"}
	if got := compare(tab, good()); len(got) != 1 || !strings.Contains(got[0], "no such package of ours") {
		t.Errorf("a wrong name: %q", got)
	}
}

// TestUpwards: an import that points downwards is found, and a pure package that imports one
// that is not.
func TestUpwards(t *testing.T) {
	rows := []row{
		{path: "corosync/conf"}, {path: "internal/a", pure: true, imports: []string{"corosync/conf", "io"}},
		{path: "internal/b", imports: []string{"a"}}, {path: "cmd/c", imports: []string{"a", "b"}},
	}
	if got := upwards(tables{rows: rows}); len(got) > 0 {
		t.Errorf("in order: %q", got)
	}
	rows[2].imports = []string{"cmd/c"}
	if got := upwards(tables{rows: rows}); len(got) != 1 || !strings.Contains(got[0], "internal/b imports cmd/c, which does not stand above it") {
		t.Errorf("downwards: %q", got)
	}
	rows[2] = row{path: "internal/b", pure: true, imports: []string{"a"}}
	rows[3] = row{path: "internal/c"}
	rows = append(rows, row{path: "internal/d", pure: true, imports: []string{"c"}})
	if got := upwards(tables{rows: rows}); len(got) != 1 || !strings.Contains(got[0], "internal/d is pure and imports c, which is not") {
		t.Errorf("not pure: %q", got)
	}
}
