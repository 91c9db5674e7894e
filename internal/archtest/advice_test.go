// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package archtest

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// advising is what a text that says what to do looks like.
var advising = regexp.MustCompile(`\b(systemctl|journalctl|timedatectl) |\bas root\b|` +
	`\bquorate (cert|doctor|status|clusters|explain|corosync|qnetd|qdevice|lab|sim|version)( [^:]|[^: ]|$)|` +
	`corosync-(cfgtool|cmapctl|quorumtool) -|corosync-q(netd|device)-tool -|` +
	`(?i:\b(is it running|try again|run it by hand|move (it|them|the \w+) away|bring .* back from|see its log|install the package)\b)`)

// help are the fields of a command in which its help stands: that is no advice.
var help = []string{"Use", "Short", "Long", "Example"}

// exempt are the places that may name commands without giving advice.
var exempt = map[string]string{
	"internal/lab/ui/model.go":       "the title of a window",
	"internal/cli/clusters_watch.go": "the title of a window",
	"internal/cli/status_watch.go":   "the title of a window",
	"internal/cli/complete.go":       "the names of flags",
	"internal/fault/network.go":      "a question that belongs to what has happened",
}

// TestAdvice: what to do stands in package advice, where a test lists all of it, and
// nowhere else in internal.
func TestAdvice(t *testing.T) {
	find(t, false, func(f file) []string {
		if !strings.HasPrefix(f.path, "internal/") || path.Dir(f.path) == "internal/advice" || exempt[f.path] != "" {
			return nil
		}
		return advises(f)
	})
	for name := range exempt {
		if !slices.ContainsFunc(goFiles(t), func(f file) bool { return f.path == name && len(advises(f)) > 0 }) {
			t.Errorf("%s names no command any more: take it out of the list", name)
		}
	}
}

// advises finds texts that say what to do.
func advises(f file) (problems []string) {
	for _, lit := range literals(f.ast) {
		text, err := strconv.Unquote(lit.Value)
		if err != nil {
			problems = append(problems, f.at(lit.Pos(), err.Error()))
		}
		if at := advising.FindString(text); at != "" {
			problems = append(problems, f.at(lit.Pos(), fmt.Sprintf("%q says what to do (%q): that belongs in package advice", text, at)))
		}
	}
	return problems
}

// TestAdvises: the rule finds what it is to find.
func TestAdvises(t *testing.T) {
	for src, want := range map[string]string{
		`var a = "run systemctl start x"`:                          `x.go:2:9: "run systemctl start x" says what to do ("systemctl ")`,
		"var a = `do it as root`":                                  `("as root")`,
		`func f() string { return "see quorate doctor" + "." }`:    `("quorate doctor")`,
		`var a = "Is it running?"`:                                 `("Is it running")`,
		`var a = "the arbiter is gone"`:                            "",
		`// run systemctl start x`:                                 "",
		`var a = command{Short: "run quorate doctor"}`:             "",
		`func f() { flags.StringVar(&a, "x", "", "as root") }`:     "",
		`func f() { flags.BoolVarP(&a, "x", "y", "", "as root") }`: "",
	} {
		finds(t, advises, example(t, "x.go", "package x\n"+src), want)
	}
}

// literals returns the strings of a file but for those of a command's help.
func literals(f *ast.File) (list []*ast.BasicLit) {
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.KeyValueExpr:
			key, ok := n.Key.(*ast.Ident)
			return !ok || !slices.Contains(help, key.Name)
		case *ast.BasicLit:
			if n.Kind == token.STRING {
				list = append(list, n)
			}
		case *ast.CallExpr: // a flag's help
			if s, ok := n.Fun.(*ast.SelectorExpr); ok && (strings.HasSuffix(s.Sel.Name, "Var") || strings.HasSuffix(s.Sel.Name, "VarP")) {
				return false
			}
		}
		return true
	})
	return list
}
