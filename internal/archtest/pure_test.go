// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package archtest

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"testing"
)

// impure are functions of packages that a pure package may import, which are not pure:
// they read a clock or the host's time zone, start a timer, read or write.
var impure = map[string]string{
	"time.Now": "reads a clock", "time.Since": "reads a clock", "time.Until": "reads a clock",
	"time.Sleep": "waits", "time.After": "starts a timer", "time.AfterFunc": "starts a timer", "time.Tick": "starts a timer",
	"time.NewTimer": "starts a timer", "time.NewTicker": "starts a timer",
	"time.Local": "asks for the host's time zone", "time.LoadLocation": "asks for the host's time zone",
	"(time.Time).Local": "asks for the host's time zone",
	"fmt.Print":         "writes", "fmt.Printf": "writes", "fmt.Println": "writes",
	"fmt.Scan": "reads", "fmt.Scanf": "reads", "fmt.Scanln": "reads",
}

// mapOrder are functions that hand out a map in its own order, which differs from run to run.
var mapOrder = []string{"maps.All", "maps.Keys", "maps.Values", "maps.DeleteFunc", "maps.EqualFunc"}

// sorters put what they are given in order at once.
var sorters = []string{"slices.Sorted", "slices.SortedFunc", "slices.SortedStableFunc"}

// TestPure looks for what imports do not show: goroutines, channels, clocks, and the
// order of a map.
func TestPure(t *testing.T) {
	pure := pureRows(architectureTables(t))
	for _, p := range packages(t) {
		if slices.Contains(pure, p.Path) {
			report(t, impurities(typed(t, p)))
		}
	}
}

// pureRows are the paths of the pure packages.
func pureRows(tab tables) (paths []string) {
	for _, r := range tab.rows {
		if r.pure {
			paths = append(paths, r.path)
		}
	}
	return paths
}

// impurities finds them by the types of a package, whatever names its files use.
func impurities(s source) (problems []string) {
	say := func(n ast.Node, what string) {
		problems = append(problems, fmt.Sprintf("%s: a pure package that %s", s.fset.Position(n.Pos()), what))
	}
	sorted := map[ast.Node]bool{}
	look := func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			say(n, "starts a goroutine")
		case *ast.SelectStmt, *ast.SendStmt, *ast.ChanType:
			say(n, "uses a channel")
		case *ast.UnaryExpr:
			if n.Op == token.ARROW {
				say(n, "uses a channel")
			}
		case *ast.RangeStmt:
			switch under(s.info.TypeOf(n.X)).(type) {
			case *types.Map:
				say(n, "ranges over a map, whose order differs from run to run: range over slices.Sorted(maps.Keys(m))")
			case *types.Chan:
				say(n, "uses a channel")
			}
		case *ast.CallExpr:
			if slices.Contains(sorters, s.called(n)) {
				sorted[ast.Unparen(n.Args[0])] = true
			}
			if name := s.called(n); slices.Contains(mapOrder, name) && !sorted[n] {
				say(n, "takes a map in its own order, by "+name+": sort it at once, by slices.Sorted")
			}
		case *ast.Ident:
			if name := fullName(s.info.Uses[n]); impure[name] != "" {
				say(n, impure[name]+", by "+name)
			}
		}
		return true
	}
	for _, f := range s.files {
		ast.Inspect(f, look)
	}
	return problems
}

// under is what a type, or all types that a parameter may stand for, consist of.
func under(t types.Type) types.Type {
	p, ok := types.Unalias(t).(*types.TypeParam)
	if !ok {
		return t.Underlying()
	}
	for u := range p.Underlying().(*types.Interface).EmbeddedTypes() {
		if union, ok := u.(*types.Union); ok && union.Len() > 0 {
			return union.Term(0).Type().Underlying()
		}
	}
	return t.Underlying()
}

// called is the full name of the function that a call calls, "" if it has none.
func (s source) called(call *ast.CallExpr) string {
	fun := ast.Unparen(call.Fun)
	if ix, ok := fun.(*ast.IndexExpr); ok { // an instance
		fun = ix.X
	}
	switch fun := fun.(type) {
	case *ast.SelectorExpr:
		return fullName(s.info.Uses[fun.Sel])
	case *ast.Ident:
		return fullName(s.info.Uses[fun])
	}
	return ""
}

// fullName is time.Now, (time.Time).Local or time.Local for what an import brought.
func fullName(obj types.Object) string {
	switch obj := obj.(type) {
	case *types.Func:
		return obj.FullName()
	case *types.Var:
		if obj.Pkg() != nil && !obj.IsField() {
			return obj.Pkg().Path() + "." + obj.Name()
		}
	}
	return ""
}

// TestImpurities: each kind is found, and what looks alike is not.
func TestImpurities(t *testing.T) {
	const head = "package x\nimport (\"fmt\"; \"maps\"; \"slices\"; \"time\")\nvar _, _, _, _ = fmt.Sprint, maps.Clone[map[int]int], slices.Sort[[]int], time.Unix\n" +
		"type set map[int]bool\ntype held struct{ nodes set }\ntype alias = set\n"
	for _, c := range []struct{ src, want string }{
		{"func f() { go f() }", "starts a goroutine"},
		{"func f() { select {} }", "uses a channel"},
		{"var c chan int", "uses a channel"},
		{"func f[C ~chan int](c C) { for range c {} }", "uses a channel\nuses a channel"},
		{"func f(g func() <-chan int) { <-g() }", "uses a channel\nuses a channel"},
		{"func f(m map[int]bool) { for range m {} }", "ranges over a map"},
		{"func f(h held) { for id := range h.nodes { _ = id } }", "ranges over a map"},
		{"func f(m alias) { for id := range m { _ = id } }", "ranges over a map"},
		{"func f(h *held) { if true { for id, ok := range (h.nodes) { _, _ = id, ok } } }", "ranges over a map"},
		{"func f[M ~map[K]V, K comparable, V any](m M) { for k := range m { _ = k } }", "ranges over a map"},
		{"func f(m set) { for id := range maps.Keys(m) { _ = id } }", "by maps.Keys"},
		{"func f(m set) []int { return slices.Collect(maps.Keys(m)) }", "by maps.Keys"},
		{"func f(m set) { for id, v := range maps.All(m) { _, _ = id, v } }", "by maps.All"},
		{"func f(m set) { maps.DeleteFunc(m, func(int, bool) bool { return true }) }", "by maps.DeleteFunc"},
		{"func f(m set) []int { return slices.Sorted(maps.Keys(m)) }", ""},
		{"func f(m set) { for id := range (slices.Values(slices.Sorted((maps.Keys(m))))) { _ = id } }", ""},
		{"func f(m set) []int { return slices.SortedFunc(maps.Keys[set](m), func(a, b int) int { return a - b }) }", ""},
		{"func f(l []int, s string, n int) { for range l {}; for range s {}; for range n {} }", ""},
		{"func f(m set) int { maps.Copy(m, m); delete(m, 1); clear(m); return len(m) }", ""},
		{"func f() time.Time { return time.Now() }", "reads a clock, by time.Now"},
		{"var clock = time.Now", "reads a clock, by time.Now"},
		{"func f(at time.Time) time.Time { return at.Local() }", "by (time.Time).Local"},
		{"var zone = time.Local", "asks for the host's time zone"},
		{"func f() *time.Timer { return time.NewTimer(1) }", "starts a timer"},
		{"func f(a, b time.Time) (time.Duration, bool) { return a.Sub(b), a.After(b) }", ""},
		{"type time2 struct{}\nfunc (time2) Now() int { return 1 }\nfunc f(time time2) int { return time.Now() }", ""},
		{"func f() { fmt.Println(1) }", "writes, by fmt.Println"},
	} {
		got := impurities(typedText(t, head+c.src))
		want := strings.Split(c.want, "\n")
		if c.want == "" {
			want = nil
		}
		if !slices.EqualFunc(got, want, strings.Contains) {
			t.Errorf("%s:\n%s\nwant %q", c.src, strings.Join(got, "\n"), c.want)
		}
	}
	named := strings.Replace(head, `"time"`, `clock "time"`, 1)
	named = strings.Replace(named, "time.Unix", "clock.Unix", 1)
	if got := impurities(typedText(t, named+"var now = clock.Now")); len(got) != 1 {
		t.Errorf("behind another name: %q", got)
	}
}
