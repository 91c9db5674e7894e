// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// longFlag is a flag in the list that --help prints.
var longFlag = regexp.MustCompile(`(?m)^ +(?:-\w, )?(--[a-z-]+)`)

// small are commands that stand in quorate(8).
var small = []string{"version", "completion", "help"}

// manPage reads a page, with its dashes as they are typed.
func manPage(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "man", name))
	if err != nil {
		t.Error(err)
	}
	return strings.ReplaceAll(string(b), `\-`, "-")
}

// hasWord reports whether a text has a word, not only as a part of a longer one.
func hasWord(text, word string) bool {
	return regexp.MustCompile(`(^|[^\w-])` + regexp.QuoteMeta(word) + `($|[^\w-]|\\f)`).MatchString(strings.NewReplacer(`\fB`, " ", `\fI`, " ", `\fR`, " ").Replace(text))
}

// TestManPages: quorate(8) names each command, and each has a page of its name, which
// names its subcommands and all of its flags.
func TestManPages(t *testing.T) {
	top := manPage(t, "quorate.8")
	everyCommand(func(c *cobra.Command) {
		path := strings.Fields(c.CommandPath())
		page, text := "quorate.8", top
		if len(path) > 1 {
			if !hasWord(top, path[1]) {
				t.Errorf("quorate.8 does not name %s", path[1])
			}
			if !slices.Contains(small, path[1]) {
				page = "quorate-" + path[1] + ".8"
				text = manPage(t, page)
				if !strings.Contains(top, "quorate-"+path[1]+"\\fR(8)") {
					t.Errorf("quorate.8 does not refer to quorate-%s(8)", path[1])
				}
			}
			if !hasWord(text, c.Name()) && page == "quorate.8" || len(path) > 2 && !hasWord(text, c.Name()) {
				t.Errorf("%s does not name %s", page, c.Name())
			}
		}
		for _, f := range longFlag.FindAllStringSubmatch(c.LocalFlags().FlagUsages(), -1) {
			if f[1] != "--help" && !hasWord(text, f[1]) {
				t.Errorf("%s: %s %s is missing", page, c.CommandPath(), f[1])
			}
		}
	})
}

// TestManFiles: a page begins with its own name, and refers to no page of ours that is
// not there.
func TestManFiles(t *testing.T) {
	dir := filepath.Join("..", "..", "man")
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 15 {
		t.Fatalf("%d pages, %v", len(files), err)
	}
	reference := regexp.MustCompile(`(?:\.BR |\\fB)((?:quorate|corosync-q(?:netd|device))[a-z-]*)(?:\\fR| )\(8\)`)
	for _, f := range files {
		text := manPage(t, f.Name())
		name := strings.TrimSuffix(f.Name(), ".8")
		if !strings.Contains(text, "\n.TH "+strings.ToUpper(name)+" 8 ") || !strings.Contains(text, "\n.SH NAME\n"+name+" ") {
			t.Errorf("%s has another name in it", f.Name())
		}
		for _, m := range reference.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(dir, m[1]+".8")); err != nil {
				t.Errorf("%s refers to %s(8): %v", f.Name(), m[1], err)
			}
		}
	}
}
