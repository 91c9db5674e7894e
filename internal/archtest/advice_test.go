// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// telling is what a text that says what to do looks like.
var telling = regexp.MustCompile(`\b(systemctl|journalctl|timedatectl) |\bas root\b|` +
	`\bquorate (cert|doctor|status|clusters|explain|corosync|qnetd|qdevice|lab|sim|version) ?[^:]|` +
	`corosync-(cfgtool|cmapctl|quorumtool) -|corosync-q(netd|device)-tool -|` +
	`(?i:\b(is it running|try again|run it by hand|move (it|them|the \w+) away|bring .* back from|see its log|install the package)\b)`)

// help are the fields of a command in which its help stands: that is no advice.
var help = []string{"Use", "Short", "Long", "Example"}

// spoken are the places that may name commands without giving advice.
var spoken = map[string]string{
	"internal/cli/complete.go":         "the names of flags",
	"internal/cli/qdevice_certutil.go": "the usage of the C script",
	"internal/cli/qdevice_quick.go":    "commands that are run on other hosts",
	"internal/fault/network.go":        "a question that belongs to what has happened",
	"internal/lab/ui/model.go":         "the title of a window",
}

// TestAdvice: what to do stands in package advice, where a test lists all of it, and
// nowhere else in internal.
func TestAdvice(t *testing.T) {
	for _, p := range packages(t) {
		if !strings.HasPrefix(p.Path, "internal/") || p.Path == "internal/advice" {
			continue
		}
		for _, name := range p.GoFiles {
			if spoken[p.Path+"/"+name] != "" {
				continue
			}
			fset := token.NewFileSet()
			f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, lit := range literals(f) {
				text, err := strconv.Unquote(lit.Value)
				if err != nil {
					t.Fatal(err)
				}
				if at := telling.FindString(text); at != "" {
					t.Errorf("%s: %q says what to do (%q): that belongs in package advice", fset.Position(lit.Pos()), text, at)
				}
			}
		}
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
