// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package archtest

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// site is what documents may refer to.
type site struct {
	docs    map[string]string // documents and manual pages, by path
	files   map[string]bool   // all files and folders
	targets []string          // of make
}

// published is ours.
func published(t *testing.T) site {
	t.Helper()
	s := site{docs: map[string]string{}, files: map[string]bool{}, targets: targets(read(t, "Makefile"))}
	err := walk(func(name, text string) error {
		s.add(name)
		if path.Ext(name) == ".md" || strings.HasPrefix(name, "man/") || strings.HasPrefix(name, ".ci/") {
			s.docs[name] = text
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// add adds a file and the folders above it.
func (s site) add(name string) {
	for ; name != "."; name = path.Dir(name) {
		s.files[name] = true
	}
}

// targets are what make can be asked for.
func targets(makefile string) (names []string) {
	for _, m := range regexp.MustCompile(`(?m)^([a-z0-9-]+(?: [a-z0-9-]+)*):(?:[^=]|$)`).FindAllStringSubmatch(makefile, -1) {
		names = append(names, strings.Fields(m[1])...)
	}
	return names
}

// TestLinks: whatever documents and manual pages refer to is there: files, headings, make
// targets, other manual pages.
func TestLinks(t *testing.T) {
	s := published(t)
	if len(s.docs) < 30 || len(s.targets) < 15 {
		t.Fatalf("only %d documents, %d targets", len(s.docs), len(s.targets))
	}
	report(t, s.broken())
	find(t, true, s.comments)
}

// broken finds what is referred to and is not there.
func (s site) broken() (problems []string) {
	for _, name := range slices.Sorted(maps.Keys(s.docs)) {
		for i, line := range marked(name, s.docs[name]) {
			for _, p := range slices.Concat(s.links(name, line.prose), s.pages(line.prose+" "+strings.Join(line.code, " ")), s.code(line.code)) {
				problems = append(problems, fmt.Sprintf("%s:%d: %s", name, i+1, p))
			}
		}
	}
	return problems
}

// line is one line of a document, what is code in it apart.
type line struct {
	prose string
	code  []string
}

// marked cuts a document into lines. In a manual page nothing is marked as code, and a script
// is nothing else.
func marked(name, text string) (lines []line) {
	fenced := strings.HasPrefix(name, ".ci/")
	span := regexp.MustCompile("`[^`]+`")
	for _, text := range strings.Split(text, "\n") {
		l := line{prose: text}
		switch {
		case path.Ext(name) == ".md" && strings.HasPrefix(strings.TrimSpace(text), "```"):
			fenced = !fenced
			l.prose = ""
		case fenced:
			l = line{code: []string{text}}
		case path.Ext(name) == ".md":
			for _, code := range span.FindAllString(text, -1) {
				l.code = append(l.code, strings.Trim(code, "`"))
			}
			l.prose = span.ReplaceAllString(text, "")
		}
		lines = append(lines, l)
	}
	return lines
}

// links finds links [text](path#heading) that lead nowhere.
func (s site) links(name, prose string) (problems []string) {
	for _, m := range regexp.MustCompile(`\]\(([^)\s]+)\)`).FindAllStringSubmatch(prose, -1) {
		target, anchor, _ := strings.Cut(m[1], "#")
		if strings.Contains(target, ":") {
			continue // another site
		}
		to := name
		if target != "" {
			to = path.Join(path.Dir(name), target)
		}
		switch {
		case !s.files[to]:
			problems = append(problems, fmt.Sprintf("a link to %s, which is not there", to))
		case anchor != "" && !slices.Contains(anchors(s.docs[to]), anchor):
			problems = append(problems, fmt.Sprintf("a link to #%s of %s, which has no such heading", anchor, to))
		}
	}
	return problems
}

// anchors are the names by which the headings of a document can be linked to.
func anchors(doc string) (names []string) {
	lines := marked(".md", doc)
	for i, l := range strings.Split(doc, "\n") {
		heading := strings.TrimLeft(l, "#")
		if heading == l || !strings.HasPrefix(heading, " ") || lines[i].prose == "" {
			continue
		}
		names = append(names, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, strings.TrimSpace(heading)))
	}
	return names
}

// elsewhere are the manual pages of others.
var elsewhere = []string{
	"corosync.conf(5)", "votequorum(5)", "cmap_keys(7)",
	"corosync-quorumtool(8)", "corosync-cmapctl(8)", "corosync-cfgtool(8)", "corosync-vqsim(8)",
	"pvecm(1)", "pcs(8)",
}

// pages finds references such as quorate-status(8) to manual pages that there are not.
func (s site) pages(text string) (problems []string) {
	text = regexp.MustCompile(`\\f[BRIP]|^\.BR |\\`).ReplaceAllString(text, "")
	for _, m := range regexp.MustCompile(`([a-z][a-z0-9._-]+) ?\(([1-8])\)`).FindAllStringSubmatch(text, -1) {
		if page := m[1] + "(" + m[2] + ")"; !s.files["man/"+m[1]+"."+m[2]] && !slices.Contains(elsewhere, page) {
			problems = append(problems, page+" is no manual page of ours, and not in the list of others'")
		}
	}
	return problems
}

var (
	asksMake = regexp.MustCompile(`^(?:[$#] )?(?:sudo )?(?:[A-Z]+=\S+ )*make((?: [A-Z]+=\S+| [a-z][a-z0-9-]*)+)`)
	ours     = regexp.MustCompile(`^(?:\./)?((?:\.ci|\.github|bench|cmd|corosync|docs|internal|man|packaging|scripts|test)(?:/[\w.-]*\w)*)/?(?:\.\.\.)?$`)
	goFile   = regexp.MustCompile(`^[\w/-]+\.go$`)
)

// code finds files of ours and make targets that are named as code and are not there.
func (s site) code(spans []string) (problems []string) {
	for _, span := range spans {
		if m := asksMake.FindStringSubmatch(span); m != nil {
			for _, target := range strings.Fields(m[1]) {
				if !strings.Contains(target, "=") && !slices.Contains(s.targets, target) {
					problems = append(problems, fmt.Sprintf("make %s: the Makefile has no such target", target))
				}
			}
		}
		for _, word := range strings.Fields(span) {
			if m := ours.FindStringSubmatch(word); m != nil && strings.Contains(word, "/") && !s.files[m[1]] {
				problems = append(problems, word+" is not there")
			}
			if goFile.MatchString(word) && !s.has(word) {
				problems = append(problems, "there is no file "+word)
			}
		}
	}
	return problems
}

// comments finds files of ours that a comment names and that are not there.
func (s site) comments(f file) (problems []string) {
	named := regexp.MustCompile(`(?:^|[\s("])((?:\.ci|docs|internal|man|packaging|scripts|test)/[\w./-]*\w)`)
	for _, c := range f.ast.Comments {
		for _, m := range named.FindAllStringSubmatch(c.Text(), -1) {
			if !s.files[m[1]] {
				problems = append(problems, f.at(c.Pos(), m[1]+" is not there"))
			}
		}
	}
	return problems
}

// has reports whether a file has that name, or a path that ends so.
func (s site) has(name string) bool {
	for have := range s.files {
		if have == name || strings.HasSuffix(have, "/"+name) {
			return true
		}
	}
	return false
}

// TestBroken: each kind of broken reference is found, and what is whole is not.
func TestBroken(t *testing.T) {
	s := site{files: map[string]bool{}, targets: targets("all: build\nA = b\nbuild test:\n\tgo build\nx: A := c\n")}
	if got := fmt.Sprint(s.targets); got != "[all build test x]" {
		t.Errorf("targets: %s", got)
	}
	for _, name := range []string{"README.md", "docs/a.md", "man/quorate-sim.8", "internal/qnet/ring.go", ".ci/run"} {
		s.add(name)
	}
	const a = "# A's `long` title, here\n```\n# no heading\n```\n"
	for _, c := range []struct{ name, text, want string }{
		{"README.md", "[a](docs/a.md) [b](docs/a.md#as-long-title-here) [c](https://x/y#z) [d](#top)\n# Top", ""},
		{"README.md", "[a](docs/b.md)", "README.md:1: a link to docs/b.md"},
		{"README.md", "\n[a](docs/a.md#no-heading)", "README.md:2: a link to #no-heading of docs/a.md"},
		{"README.md", "[a](#below)", "a link to #below of README.md"},
		{"docs/a.md", "[up](../README.md) [here](a.md)", ""},
		{"docs/a.md", "[up](README.md)", "a link to docs/README.md"},
		{"README.md", "`make build`, `GOARCH=arm make test`, `make test RUN=x`\n```\n$ make all\nyou may make mistakes\n```", ""},
		{"README.md", "`make tests`", "make tests: the Makefile"},
		{"README.md", "```\nmake build tests\n```", "README.md:2: make tests: the Makefile"},
		{".ci/run", "set -eu\nmake tests\n", ".ci/run:2: make tests"},
		{"README.md", "`internal/qnet`, `ring.go`, `qnet/ring.go`, `go test ./internal/...`, `/etc/corosync/x`, docs/none.md", ""},
		{"README.md", "`internal/qnot`", "internal/qnot is not there"},
		{"README.md", "`docs/none.md`", "docs/none.md is not there"},
		{"README.md", "`go test ./internal/qnot/...`", "./internal/qnot/... is not there"},
		{"README.md", "`rings.go`", "there is no file rings.go"},
		{"man/quorate-sim.8", ".BR quorate-sim (8),\n\\fBquorate\\-sim\\fR(8) and corosync.conf(5)", ""},
		{"man/quorate-sim.8", ".BR quorate-simulator (8)", "man/quorate-sim.8:1: quorate-simulator(8) is no manual page"},
		{"man/quorate-sim.8", "see \\fBquorate\\-sim\\fR(5)", "quorate-sim(5) is no manual page"},
		{"README.md", "see quorate-lab(8)", "quorate-lab(8) is no manual page"},
	} {
		s.docs = map[string]string{"docs/a.md": a}
		s.docs[c.name] = c.text
		got := s.broken()
		if (len(got) > 0) != (c.want != "") || len(got) > 1 || !strings.Contains(strings.Join(got, ""), c.want) {
			t.Errorf("%s: %s\ngives %q, want %q", c.name, c.text, got, c.want)
		}
	}
	s.docs = nil
	finds(t, s.comments, example(t, "x.go", "package x\n\n// See docs/a.md, (internal/qnet/ring.go) and /etc/test/x.\nvar a int\n"), "")
	finds(t, s.comments, example(t, "x.go", "package x\n\n// See docs/none.md.\nvar a int\n"), "x.go:3:1: docs/none.md is not there")
}
