// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package archtest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// tables is what docs/architecture.md says of the packages.
type tables struct {
	rows []row
	std  []string // what a pure package may import of the standard library
}

// row is a line of one of its tables.
type row struct {
	path    string   // internal/qnet
	imports []string // by the names of the tables; none is the empty list
	pure    bool     // it stands in the table of pure packages
	why     string   // may be empty
}

const (
	architecture = "docs/architecture.md"
	tablesTitle  = "Packages"
	pureTitle    = "Pure packages"
	tableHead    = "| package | what it is | imports | why |"
	tableRule    = "|---|---|---|---|"
)

// architectureTables reads the tables, and fails if they are not in order.
func architectureTables(t *testing.T) tables {
	t.Helper()
	tab, problems := parseTables(read(t, architecture))
	if report(t, problems); len(problems) > 0 {
		t.FailNow()
	}
	return tab
}

// section cuts out what stands below a heading, up to the next of that rank or a higher one.
func section(doc, hashes, title string) (text string, ok bool) {
	_, text, ok = strings.Cut("\n"+doc, "\n"+hashes+" "+title+"\n")
	if end := regexp.MustCompile(fmt.Sprintf(`(?m)^#{1,%d} `, len(hashes))).FindStringIndex(text); end != nil {
		text = text[:end[0]]
	}
	return text, ok
}

// parseTables reads the rows of all tables below the heading Packages. Those below
// "Pure packages" are pure.
func parseTables(doc string) (tab tables, problems []string) {
	say := func(format string, args ...any) {
		problems = append(problems, architecture+": "+fmt.Sprintf(format, args...))
	}
	text, ok := section(doc, "##", tablesTitle)
	if !ok {
		say("there is no heading %q above the tables of packages", "## "+tablesTitle)
	}
	if tab.std = pureStandard(text); len(tab.std) == 0 {
		say(`below %q, there is no sentence "Of the standard library they import", with names in backticks`, "### "+pureTitle)
	}
	title := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if heading, ok := strings.CutPrefix(line, "### "); ok {
			title = heading
		}
		if !strings.HasPrefix(line, "|") || line == tableHead || line == tableRule {
			continue
		}
		r, err := parseRow(line)
		if err != nil {
			say("%v: %s", err, line)
			continue
		}
		if slices.ContainsFunc(tab.rows, func(have row) bool { return have.path == r.path }) {
			say("%s has two rows: keep one", r.path)
		}
		r.pure = title == pureTitle
		tab.rows = append(tab.rows, r)
	}
	if !slices.ContainsFunc(tab.rows, func(r row) bool { return r.pure }) {
		say("no row stands below %q", "### "+pureTitle)
	}
	return tab, problems
}

// parseRow reads | `path` | what it is | imports | why |.
func parseRow(line string) (row, error) {
	cells := strings.Split(line, "|")
	if len(cells) != 6 || cells[0] != "" || cells[5] != "" {
		return row{}, fmt.Errorf("a row has four cells between bars, as %s", tableHead)
	}
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	path, imports := strings.Trim(cells[1], "`"), strings.Fields(cells[3])
	switch {
	case cells[1] != "`"+path+"`" || path == "" || strings.ContainsAny(path, " `"):
		return row{}, fmt.Errorf("the first cell is one package in backticks")
	case cells[2] == "":
		return row{}, fmt.Errorf("say what the package is")
	case len(imports) == 0:
		return row{}, fmt.Errorf("name the imports, or write none")
	case !slices.IsSorted(imports) || len(slices.Compact(slices.Clone(imports))) != len(imports):
		return row{}, fmt.Errorf("sort the imports, each once and with blanks between them")
	case len(imports) == 1 && imports[0] == "none":
		imports = nil
	case slices.Contains(imports, "none"):
		return row{}, fmt.Errorf("none stands alone")
	}
	return row{path: path, imports: imports, why: cells[4]}, nil
}

// pureStandard returns what a pure package may import of the standard library.
func pureStandard(text string) (names []string) {
	pure, _ := section(text, "###", pureTitle)
	_, list, _ := strings.Cut(strings.Join(strings.Fields(pure), " "), "Of the standard library they import ")
	list, _, _ = strings.Cut(list, ",")
	for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(list, -1) {
		names = append(names, m[1])
	}
	return names
}

// TestTables: each way to break the tables is found, and nothing else.
func TestTables(t *testing.T) {
	const doc = "# A\n\n## Packages\n\n### Pure packages\n\nOf the standard library they import\n`fmt` `time`, and others.\n\n" +
		"| package | what it is | imports | why |\n|---|---|---|---|\n" +
		"| `internal/a` | the nouns | none | |\n| `internal/b` | a machine | a io | it prints |\n\n" +
		"### Tools\n\n| package | what it is | imports | why |\n|---|---|---|---|\n| `cmd/c` | a main | a b | |\n\n" +
		"## Files\n\n| no | row | of | these |\n"
	tab, problems := parseTables(doc)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if got, want := fmt.Sprint(tab), "{[{internal/a [] true } {internal/b [a io] true it prints} {cmd/c [a b] false }] [fmt time]}"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for _, c := range []struct{ old, new, want string }{
		{"## Packages", "## Tables", "no heading"},
		{"### Pure packages", "### Clean packages", "no row stands below"},
		{"they import\n`fmt`", "they use\n`fmt`", "no sentence"},
		{"| `internal/a` | the nouns | none | |", "| `internal/a` | the nouns | none |", "four cells"},
		{"| `internal/a` | the nouns", "| `internal/a` | the | nouns", "four cells"},
		{"`cmd/c`", "cmd/c", "in backticks"},
		{"`cmd/c`", "`cmd/c`, `cmd/d`", "in backticks"},
		{"`cmd/c`", "`internal/b`", "internal/b has two rows"},
		{"| the nouns |", "| |", "say what"},
		{"| none |", "| |", "or write none"},
		{"| a b |", "| b a |", "sort the imports"},
		{"| a b |", "| a a |", "each once"},
		{"| a b |", "| a, b |", ""}, // an unknown package: see TestCompare
		{"| a b |", "| b none |", "stands alone"},
	} {
		_, problems := parseTables(strings.Replace(doc, c.old, c.new, 1))
		if got := strings.Join(problems, "\n"); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%q for %q: %q, want %q", c.new, c.old, got, c.want)
		}
	}
}
