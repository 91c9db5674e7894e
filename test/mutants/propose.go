// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// proposer lists the edits of one declaration: a condition that never or always holds, one
// that loses a part, a comparison that is off by one, a number that is another, a statement
// or a field that is dropped.
type proposer struct {
	*source
	scope scope
	node  ast.Node
	rows  []*row
	seen  map[string]bool
	whole map[ast.Expr]bool // conditions: they hold never or always, instead of the other way round
	final map[ast.Stmt]bool // the returns that a function must end with
}

// propose returns the edits of a scope, in the order of their lines.
func propose(s *source, sc scope) ([]*row, error) {
	n, err := s.find(sc)
	if err != nil {
		return nil, err
	}
	p := &proposer{source: s, scope: sc, node: n, seen: map[string]bool{}, whole: map[ast.Expr]bool{}, final: map[ast.Stmt]bool{}}
	if v, ok := n.(*ast.ValueSpec); ok {
		p.constant(v)
		return p.rows, nil
	}
	ast.Inspect(n, p.visit)
	return p.rows, nil
}

// constant proposes less and more.
func (p *proposer) constant(v *ast.ValueSpec) {
	for _, x := range v.Values {
		p.edit(x, "("+p.of(x)+") * 9 / 10")
		p.edit(x, "("+p.of(x)+") * 11 / 10")
	}
}

func (p *proposer) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.FuncDecl:
		p.last(n.Type, n.Body)
	case *ast.FuncLit:
		p.last(n.Type, n.Body)
	case *ast.IfStmt:
		p.condition(n.Cond)
	case *ast.CaseClause:
		p.cases(n)
	case *ast.BinaryExpr:
		p.binary(n)
	case *ast.UnaryExpr:
		if n.Op == token.NOT && !p.whole[n] {
			p.edit(n, p.of(n.X))
		}
	case *ast.BasicLit:
		if i, err := strconv.Atoi(n.Value); err == nil && n.Kind == token.INT {
			p.edit(n, strconv.Itoa(i+1))
		}
	case *ast.Ident:
		if not := map[string]string{"true": "false", "false": "true"}[n.Name]; not != "" {
			p.edit(n, not)
		}
	case *ast.CompositeLit:
		for _, e := range n.Elts {
			if _, ok := e.(*ast.KeyValueExpr); ok {
				p.drop(n.Elts, e)
			}
		}
	case *ast.CallExpr:
		return p.call(n)
	case *ast.IndexExpr, *ast.SliceExpr:
		return false
	case ast.Stmt:
		p.statement(n)
	}
	return true
}

// last marks the return at the end of a function.
func (p *proposer) last(t *ast.FuncType, body *ast.BlockStmt) {
	if n := len(body.List); t.Results != nil && n > 0 {
		p.final[body.List[n-1]] = true
	}
}

// condition proposes one that never holds, and one that always does.
func (p *proposer) condition(x ast.Expr) {
	p.whole[x] = true
	p.edit(x, "false && ("+p.of(x)+")")
	p.edit(x, "true || ("+p.of(x)+")")
}

// cases proposes a case without one of its values, or a condition that is no more one.
func (p *proposer) cases(c *ast.CaseClause) {
	for _, x := range c.List {
		if len(c.List) > 1 {
			p.drop(c.List, x)
		}
		switch x.(type) {
		case *ast.BinaryExpr, *ast.UnaryExpr, *ast.ParenExpr, *ast.CallExpr:
			p.condition(x)
		}
	}
}

// offByOne has the comparison that differs where both sides are equal.
var offByOne = map[token.Token]string{token.LSS: "<=", token.LEQ: "<", token.GTR: ">=", token.GEQ: ">",
	token.EQL: "!=", token.NEQ: "==", token.ADD: "-", token.SUB: "+"}

func (p *proposer) binary(b *ast.BinaryExpr) {
	switch other := offByOne[b.Op]; {
	case b.Op == token.LAND || b.Op == token.LOR:
		p.edit(b, "("+p.of(b.X)+")")
		p.edit(b, "("+p.of(b.Y)+")")
	case other != "" && !(p.whole[b] && (b.Op == token.EQL || b.Op == token.NEQ)):
		p.edit(b, p.of(b.X)+" "+other+" "+p.of(b.Y))
	}
}

// call proposes one argument instead of a choice between two, and instants off by one. It
// reports whether the arguments are to be looked at.
func (p *proposer) call(c *ast.CallExpr) bool {
	switch f := c.Fun.(type) {
	case *ast.Ident:
		switch f.Name {
		case "min", "max", "earliest":
			for _, x := range c.Args {
				p.edit(c, p.of(x))
			}
		case "make", "len":
			return false
		}
	case *ast.SelectorExpr:
		switch f.Sel.Name {
		case "Before":
			p.edit(c, "!"+p.of(c.Args[0])+".Before("+p.of(f.X)+")")
		case "After":
			p.edit(c, "!"+p.of(f.X)+".Before("+p.of(c.Args[0])+")")
		case "Earliest":
			for _, x := range c.Args {
				p.edit(c, p.of(x))
			}
		case "note":
			return false
		}
	}
	return true
}

// statement proposes to drop a statement of one line, or one part of an assignment.
func (p *proposer) statement(s ast.Stmt) {
	switch s := s.(type) {
	case *ast.AssignStmt:
		if s.Tok == token.DEFINE {
			return
		}
		for _, x := range s.Lhs {
			if len(s.Lhs) > 1 {
				p.edit(x, "_")
			}
		}
		if len(s.Rhs) == 1 && len(s.Lhs) == 1 && p.of(s.Rhs[0]) != "nil" { // what it names stays in use
			p.edit(s, "_ = "+p.of(s.Rhs[0]))
			return
		}
	case *ast.ExprStmt:
		if c, ok := s.X.(*ast.CallExpr); ok {
			if f, ok := c.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "note" {
				return
			}
		}
	case *ast.IncDecStmt, *ast.BranchStmt, *ast.ReturnStmt:
	default:
		return
	}
	from, to := p.lines(s)
	if p.final[s] {
		return
	}
	if line := bytes.Split(p.text, []byte("\n"))[from]; to == from+1 && string(bytes.TrimSpace(line)) == p.of(s) {
		p.edit(s, "")
	}
}

// drop proposes a list without one of its elements.
func (p *proposer) drop(list []ast.Expr, x ast.Expr) {
	i := slices.Index(list, x)
	from, to := x.Pos(), x.End()
	switch {
	case i+1 < len(list):
		to = list[i+1].Pos()
	case i > 0:
		from = list[i-1].End()
	}
	p.replace(from, to, "")
}

// of is the text of a node.
func (p *proposer) of(n ast.Node) string {
	return string(p.text[p.fset.Position(n.Pos()).Offset:p.fset.Position(n.End()).Offset])
}

func (p *proposer) edit(n ast.Node, text string) { p.replace(n.Pos(), n.End(), text) }

// replace adds the edit of the lines between two places. Lines that stand more than once
// get the ones before them.
func (p *proposer) replace(from, to token.Pos, text string) {
	a, b := p.fset.Position(from), p.fset.Position(to)
	all := bytes.Split(p.text, []byte("\n"))
	first, last := a.Line-1, b.Line
	before := string(all[first][:a.Column-1])
	after := string(all[last-1][b.Column-1:])
	r := &row{scope: p.scope, rule: p.rule(a.Line)}
	for _, l := range all[first:last] {
		r.old = append(r.old, string(bytes.TrimSpace(l)))
	}
	for l := range strings.SplitSeq(before+text+after, "\n") {
		if l = strings.TrimSpace(l); l != "" {
			r.new = append(r.new, l)
		}
	}
	begin, end := p.lines(p.node)
	for len(places(all[begin:end], r.old)) > 1 && first > begin {
		first--
		l := string(bytes.TrimSpace(all[first]))
		r.old, r.new = slices.Insert(r.old, 0, l), slices.Insert(r.new, 0, l)
	}
	if k := r.key(); !p.seen[k] {
		p.seen[k] = true
		p.rows = append(p.rows, r)
	}
}

var ruleComment = regexp.MustCompile(`^// Rule ([A-Z]\d): `)

// rule is the one whose comment stands above a line, or the scope's.
func (p *proposer) rule(line int) string {
	rule := p.scope.rule
	begin, _ := p.lines(p.node)
	for _, g := range p.file.Comments {
		for _, c := range g.List {
			if m := ruleComment.FindStringSubmatch(c.Text); m != nil {
				if at := p.fset.Position(c.Pos()).Line; at > begin && at < line {
					rule = m[1]
				}
			}
		}
	}
	return rule
}

// complete prints the edits that the tables lack, or plays them and adds them.
func complete(tables []*table, only *regexp.Regexp, lab *laboratory, fill bool) error {
	for _, t := range tables {
		var todo []*row
		for _, p := range t.parts {
			list, err := missing(p)
			if err != nil {
				return err
			}
			for _, r := range list {
				if matches(only, r) {
					todo = append(todo, r)
				}
			}
		}
		if !fill {
			for _, r := range todo {
				fmt.Printf("# %s %s\n%s\n", r.scope.file, r.scope.name, r)
			}
			continue
		}
		if lab.discover(todo); len(todo) == 0 {
			continue
		}
		if err := t.add(todo); err != nil {
			return err
		}
	}
	return nil
}

// missing returns the edits of a part that it has no row for.
func missing(p *part) ([]*row, error) {
	if p.scope.kind == "some" {
		return nil, nil
	}
	s, err := readSource(p.scope.file)
	if err != nil {
		return nil, err
	}
	list, err := propose(s, p.scope)
	if err != nil {
		return nil, err
	}
	has := map[string]bool{}
	for _, r := range p.rows {
		has[r.key()] = true
	}
	return slices.DeleteFunc(list, func(r *row) bool { return has[r.key()] }), nil
}

// add writes rows into the table's file, behind those of their function. Rows without an
// outcome, which do not compile, are left out.
func (t *table) add(rows []*row) error {
	text, err := os.ReadFile(t.name)
	if err != nil {
		return err
	}
	lines := strings.SplitAfter(string(text), "\n")
	for i := len(t.parts) - 1; i >= 0; i-- {
		var b strings.Builder
		for _, r := range rows {
			if r.scope.where == t.parts[i].scope.where && !r.broken {
				fmt.Fprintf(&b, "\n%s", r)
			}
		}
		if b.Len() > 0 {
			lines = slices.Insert(lines, t.parts[i].end, b.String())
		}
	}
	return os.WriteFile(t.name, []byte(strings.Join(lines, "")), 0o644)
}
