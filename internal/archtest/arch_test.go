// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package archtest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// rule says what a package of ours may import of ours.
type rule struct {
	pure bool     // only the standard packages of pureStd, and none of what impure names forbid
	may  []string // packages of this module, besides those that the rule names
	why  string
}

// table is the import rule of docs/architecture.md. Imports point inward:
// cmd, cli, daemon, adapters and machines, wire and decision, qnet.
var table = map[string]rule{
	"quorate/internal/qnet":     {pure: true, why: "the nouns know nobody"},
	"quorate/internal/wire":     {pure: true, may: []string{"qnet"}, why: "the codec knows only the nouns"},
	"quorate/internal/decision": {pure: true, may: []string{"qnet"}, why: "a decision is a function of what nodes reported"},
	"quorate/internal/status":   {pure: true, may: []string{"qnet"}, why: "snapshots are values"},
	"quorate/internal/qnetd":    {pure: true, may: []string{"qnet", "wire", "decision", "status", "event"}, why: "a machine sees no adapter and no other machine"},
	"quorate/internal/words":    {pure: true, why: "how C splits a line, for whoever reads one"},
	"quorate/internal/event":    {pure: true, may: []string{"qnet"}, why: "what happened, for whoever tells of it"},
	"quorate/internal/fault":    {may: []string{"corosync"}, why: "what an error means, for whoever has met it"},
	"quorate/internal/advice":   {pure: true, why: "what to do, for whoever has to say it"},

	"quorate/internal/outlook": {pure: true, may: []string{"qnet", "status", "decision"}, why: "what follows from a snapshot is a function of it"},
	"quorate/internal/cluster": {may: []string{"qnet", "status", "corosync", "corosync/*"}, why: "an adapter sees no machine and no other adapter"},
	"quorate/internal/doctor": {may: []string{"fault", "qnet", "wire", "status", "outlook", "nodeconf", "qdevice", "pki", "cluster", "corosync", "corosync/*"},
		why: "an examination looks at all that a node daemon uses"},
	"quorate/internal/heuristics": {may: []string{"qnet", "words"}, why: "an adapter sees no machine and no other adapter"},

	"quorate/internal/store":    {may: []string{"qnet", "safedir"}, why: "an adapter sees no machine and no other adapter"},
	"quorate/internal/pki":      {may: []string{"fault", "pki/p12", "limited", "safedir"}, why: "an adapter sees no machine and no other adapter"},
	"quorate/internal/limited":  {why: "it reads for whoever was given a name"},
	"quorate/internal/safedir":  {why: "how root writes where somebody else may, for whoever does"},
	"quorate/internal/leak":     {why: "what tests count; no program imports it"},
	"quorate/internal/pki/p12":  {why: "a file format knows nobody"},
	"quorate/internal/control":  {may: []string{"status", "words", "safedir"}, why: "an adapter sees no machine and no other adapter"},
	"quorate/internal/nodeconf": {pure: true, may: []string{"qnet", "wire", "qdevice", "corosync/conf"}, why: "keys in, a configuration out; what can be a host is corosync.conf's to say"},
	"quorate/internal/daemon": {may: []string{"fault", "nodeconf", "event", "heuristics", "qdevice", "qnet", "wire", "decision", "status", "qnetd", "store", "pki", "control", "safedir", "corosync", "corosync/*"},
		why: "only the daemon sees machines and adapters"},
	"quorate/internal/cli": {may: []string{"fault", "doctor", "cluster", "outlook", "nodeconf", "corosync", "corosync/*", "qnet", "wire", "qnetd", "status", "store", "pki", "pki/p12", "control", "words", "limited", "safedir", "daemon", "scenario", "sim", "explain", "lab", "lab/ui"},
		why: "a command picks a daemon or an adapter; it decides nothing"},
	"quorate/internal/votequorum": {pure: true, may: []string{"qnet", "votequorum", "internal/votequorum/*"}, why: "a machine sees no adapter and no other machine"},
	"quorate/internal/qdevice":    {pure: true, may: []string{"qnet", "wire", "status", "event"}, why: "a machine sees no adapter and no other machine"},
	"quorate/internal/engine/core": {pure: true, may: []string{"qnet", "votequorum", "votequorum/vqtest"},
		why: "the laboratory's cluster is a machine of machines; vqtest is its Totem, which was held against the real one"},
	"quorate/internal/engine":   {may: []string{"engine/core", "qnet", "votequorum", "corosync", "corosync/votequorum"}, why: "an adapter sees no other adapter; it speaks the words of Corosync's clients"},
	"quorate/internal/scenario": {pure: true, may: []string{"qnet"}, why: "a language knows the nouns, and nobody who plays it"},
	"quorate/internal/sim": {pure: true, may: []string{"qnet", "wire", "decision", "event", "qnetd", "qdevice", "votequorum", "scenario"},
		why: "the simulator sees all machines and no adapter"},
	"quorate/internal/lab": {may: []string{"daemon", "outlook", "engine", "engine/core", "pki", "control", "status", "qnet", "qnetd", "nodeconf", "votequorum", "corosync"},
		why: "the laboratory plays every part: it runs both daemons on an engine, and foretells losses as quorate status does"},
	"quorate/internal/lab/ui": {may: []string{"lab", "engine/core", "qnet"}, why: "a screen shows views, and gives commands"},
	"quorate/internal/explain": {pure: true, may: []string{"qnet", "status", "votequorum", "scenario", "sim", "corosync/conf"},
		why: "it plays what a parsed file says; it reads no file"},
	"quorate/corosync":            {why: "a public library stands alone"},
	"quorate/corosync/qb":         {may: []string{"corosync"}, why: "a public library stands alone: the transport knows only errors and ring IDs"},
	"quorate/corosync/conf":       {why: "a public library stands alone"},
	"quorate/corosync/cmap":       {may: []string{"corosync", "corosync/qb"}, why: "a service knows the transport and no other service"},
	"quorate/corosync/votequorum": {may: []string{"corosync", "corosync/qb"}, why: "a service knows the transport and no other service"},
	"quorate/corosync/quorum":     {may: []string{"corosync", "corosync/qb"}, why: "a service knows the transport and no other service"},
	"quorate/corosync/cfg":        {may: []string{"corosync", "corosync/qb"}, why: "a service knows the transport and no other service"},
	"quorate/corosync/cpg":        {may: []string{"corosync", "corosync/qb"}, why: "a service knows the transport and no other service"},
	"quorate/corosync/corotest":   {may: []string{"corosync", "corosync/*"}, why: "a public library stands alone"},
	"quorate/cmd/quorate":         {may: []string{"cli"}, why: "the one main only picks a command"},
	"quorate/internal/archtest":   {why: "a test of the others"},
	"quorate/test/interop":        {may: []string{"qnet", "wire", "pki", "status", "test/interop/lab", "bench/table"}, why: "the programs are tried from outside"},
	"quorate/test/interop/lab":    {may: []string{"qnet", "wire", "pki", "status"}, why: "the programs are tried from outside"},
	"quorate/test/interop/yesman": {may: []string{"qnet", "wire", "pki"}, why: "an arbiter for the tests of the tests"},
	"quorate/test/report":         {why: "it runs go test and knows nobody"},
	"quorate/test/modulepath":     {why: "it edits files and knows nobody"},
	"quorate/bench":               {may: []string{"qnet", "wire", "pki", "bench/*"}, why: "the programs are measured from outside"},
	"quorate/bench/table":         {why: "figures and tables know nobody"},
	"quorate/bench/ipc":           {may: []string{"bench/table", "corosync", "corosync/*"}, why: "a library is measured from outside"},
}

// leaves are packages of ours that import none of ours and that all of internal may import.
var leaves = []string{"advice"}

// pureStd are the standard packages that a pure package may import. status may
// render JSON besides.
var pureStd = []string{
	"bytes", "cmp", "encoding/binary", "errors", "fmt", "iter", "maps", "math", "math/bits", "net/netip",
	"slices", "sort", "strconv", "strings", "time", "unicode", "unicode/utf8",
}

var jsonToo = []string{"encoding/json", "io"}

// impure are the names of package time that read a clock or start a timer.
var impure = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}

type pkg struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Imports    []string
}

// packages lists the packages of this module, by names that begin with quorate whatever
// the module's path is.
func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,GoFiles,Imports", "./...")
	cmd.Dir, cmd.Stderr = "../..", os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	module := modulePath(t)
	local := func(path string) string {
		if rest, ok := strings.CutPrefix(path, module+"/"); ok {
			return "quorate/" + rest
		}
		return path
	}
	var list []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		p.ImportPath = local(p.ImportPath)
		for i := range p.Imports {
			p.Imports[i] = local(p.Imports[i])
		}
		list = append(list, p)
	}
}

func TestImports(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range packages(t) {
		seen[p.ImportPath] = true
		r, ok := table[p.ImportPath]
		if !ok {
			if parent, found := wildcard(p.ImportPath); found {
				r = parent
			} else {
				t.Errorf("%s is not in the import table: put it there with its reason", p.ImportPath)
				continue
			}
		}
		for _, imp := range p.Imports {
			if why := forbidden(p.ImportPath, r, imp); why != "" {
				t.Errorf("%s imports %s: %s (%s)", p.ImportPath, imp, why, r.why)
			}
		}
	}
	for path := range table {
		if !seen[path] {
			t.Errorf("%s is in the import table and does not exist", path)
		}
	}
}

// wildcard finds the rule for a package below one whose rule allows "name/*".
func wildcard(path string) (rule, bool) {
	for parent, r := range table {
		rel := strings.TrimPrefix(parent, "quorate/")
		if slices.Contains(r.may, rel+"/*") && strings.HasPrefix(path, parent+"/") {
			return r, true
		}
	}
	return rule{}, false
}

func forbidden(path string, r rule, imp string) string {
	if ours, ok := strings.CutPrefix(imp, "quorate/"); ok {
		name := strings.TrimPrefix(ours, "internal/")
		if name != ours && slices.Contains(leaves, name) && strings.HasPrefix(path, "quorate/internal/") {
			return ""
		}
		for _, m := range r.may {
			if m == name || (strings.HasSuffix(m, "/*") && strings.HasPrefix(name, strings.TrimSuffix(m, "*"))) {
				return ""
			}
		}
		return "not in its list"
	}
	if !r.pure || slices.Contains(pureStd, imp) {
		return ""
	}
	if path == "quorate/internal/status" && slices.Contains(jsonToo, imp) {
		return ""
	}
	return "a pure package may not"
}

// TestPure looks for what imports do not show: goroutines, clocks, and ranging
// over maps, whose order differs from run to run.
func TestPure(t *testing.T) {
	for _, p := range packages(t) {
		if !table[p.ImportPath].pure {
			continue
		}
		for _, name := range p.GoFiles {
			fset := token.NewFileSet()
			f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, bad := range impurities(fset, f) {
				t.Errorf("%s: %s", p.ImportPath, bad)
			}
		}
	}
}

func impurities(fset *token.FileSet, f *ast.File) []string {
	var bad []string
	say := func(n ast.Node, what string) {
		bad = append(bad, fmt.Sprintf("%s: %s", fset.Position(n.Pos()), what))
	}
	sorted := map[ast.Node]bool{} // arguments of slices.Sorted
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			say(n, "starts a goroutine")
		case *ast.SelectStmt, *ast.SendStmt:
			say(n, "uses a channel")
		case *ast.CallExpr:
			if isSelector(n.Fun, "slices", "Sorted") {
				for _, a := range n.Args {
					sorted[a] = true
				}
			}
			if (isSelector(n.Fun, "maps", "Keys") || isSelector(n.Fun, "maps", "Values") || isSelector(n.Fun, "maps", "All")) && !sorted[n] {
				say(n, "ranges over a map in its own order")
			}
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains(impure, n.Sel.Name) {
				say(n, "reads a clock: time."+n.Sel.Name)
			}
		}
		return true
	})
	return bad
}

func isSelector(e ast.Expr, pkg, name string) bool {
	s, ok := e.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	x, ok := s.X.(*ast.Ident)
	return ok && x.Name == pkg && s.Sel.Name == name
}

// TestFiles holds the rules of form: a header, a package comment, a bounded size.
func TestFiles(t *testing.T) {
	for _, p := range packages(t) {
		documented := false
		for _, name := range p.GoFiles {
			path := filepath.Join(p.Dir, name)
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.PackageClauseOnly)
			if err != nil {
				t.Fatal(err)
			}
			documented = documented || f.Doc != nil
			lines, head := scan(t, path)
			if head != "// SPDX-License-Identifier: BSD-3-Clause" {
				t.Errorf("%s: no licence in line 2", path)
			}
			if lines > 450 {
				t.Errorf("%s has %d lines: more than 450 are hard to read in one go", path, lines)
			}
		}
		if !documented && len(p.GoFiles) > 0 {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
	}
}

func scan(t *testing.T, path string) (lines int, second string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		if lines++; lines == 2 {
			second = sc.Text()
		}
	}
	return lines, second
}

// TestExportedDocs wants a comment on every exported name.
func TestExportedDocs(t *testing.T) {
	for _, p := range packages(t) {
		for _, name := range p.GoFiles {
			fset := token.NewFileSet()
			f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.ParseComments)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
			for _, d := range f.Decls {
				fn, ok := d.(*ast.FuncDecl)
				if ok && fn.Name.IsExported() && fn.Doc == nil && exportedReceiver(fn) && !grouped(fn) {
					t.Errorf("%s: %s has no comment", fset.Position(fn.Pos()), fn.Name.Name)
				}
			}
		}
	}
}

// grouped allows one comment for a block of one-line methods, such as Type of
// each message.
func grouped(fn *ast.FuncDecl) bool { return fn.Name.Name == "Type" || fn.Name.Name == "Error" }

func exportedReceiver(fn *ast.FuncDecl) bool {
	if fn.Recv == nil {
		return true
	}
	e := fn.Recv.List[0].Type
	if s, ok := e.(*ast.StarExpr); ok {
		e = s.X
	}
	if ix, ok := e.(*ast.IndexExpr); ok {
		e = ix.X
	}
	id, ok := e.(*ast.Ident)
	return ok && id.IsExported()
}
