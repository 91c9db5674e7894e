// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"bytes"
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// adviceTexts returns every constant of package advice by its name.
func adviceTexts(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, f := range parseDir(t, "../advice") {
		for _, d := range f.Decls {
			gen, ok := d.(*ast.GenDecl)
			if !ok || gen.Tok != token.CONST {
				continue
			}
			for _, s := range gen.Specs {
				v := s.(*ast.ValueSpec)
				if typ, ok := v.Type.(*ast.Ident); !ok || typ.Name != "Advice" {
					continue
				}
				for i, name := range v.Names {
					texts[name.Name] = constant(t, v.Values[i])
				}
			}
		}
	}
	if len(texts) < 100 {
		t.Fatalf("only %d constants found", len(texts))
	}
	return texts
}

func parseDir(t *testing.T, dir string) (files []*ast.File) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, e.Name()), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

// constant is the value of a string literal, or of several that are added up.
func constant(t *testing.T, e ast.Expr) string {
	t.Helper()
	switch e := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(e.Value)
		if err != nil {
			t.Fatal(err)
		}
		return s
	case *ast.BinaryExpr:
		return constant(t, e.X) + constant(t, e.Y)
	}
	t.Fatalf("an advice is a %T", e)
	return ""
}

// placeholders are the words that advice has in braces, with something that may stand
// in their place.
var placeholders = map[string]string{
	"node": "pve2", "command": "quorate status", "votes": "1", "name": "prod", "cluster": "prod", "file": "/tmp/x", "dir": "/etc/corosync/qnetd",
	"port": "5403", "flags": " --node-dir /tmp/x", "where": "--state /tmp/x", "user": "coroqnetd", "owner": "nobody", "group": "coroqnetd",
	"files": "a b", "fingerprint": "AB:CD", "base": "cluster-prod.crt", "seconds": "40", "there": "192.0.2.9, port 5403",
}

var (
	brace = regexp.MustCompile(`\{([^}]*)\}`)
	ticks = regexp.MustCompile("`([^`]*)`")
)

// filled returns a text with its placeholders filled in.
func filled(t *testing.T, name, text string) string {
	t.Helper()
	return brace.ReplaceAllStringFunc(text, func(b string) string {
		value, ok := placeholders[strings.Trim(b, "{}")]
		if !ok {
			t.Errorf("%s: nobody knows what goes in place of %s", name, b)
		}
		return value
	})
}

// commandsIn returns the commands of a filled-in advice: all of it, or what stands in
// backquotes.
func commandsIn(text string) (list []string) {
	if !isSentence(text) {
		return []string{text}
	}
	for _, m := range ticks.FindAllStringSubmatch(text, -1) {
		list = append(list, m[1])
	}
	return list
}

func isSentence(text string) bool { return strings.HasSuffix(text, ".") || strings.Contains(text, "`") }

// TestAdviceForm: an advice is a command alone or sentences, which begin with a capital
// letter and end with a full stop.
func TestAdviceForm(t *testing.T) {
	for name, raw := range adviceTexts(t) {
		text := filled(t, name, raw)
		switch {
		case !isSentence(text):
			if strings.ContainsAny(text, ";|&\n") || knownCommand(text) != "" {
				t.Errorf("%s is neither a sentence nor one command: %s", name, text)
			}
		case strings.Count(text, "`")%2 != 0, strings.Contains(text, "\n"), strings.Contains(text, `"`), strings.Contains(text, "; "):
			t.Errorf("%s has an odd quote, several lines or a list of half sentences: %s", name, text)
		case !strings.HasSuffix(text, "."):
			t.Errorf("%s does not end with a full stop: %s", name, text)
		case !strings.HasPrefix(raw, "{") && !strings.HasPrefix(text, "`") && text[:1] != strings.ToUpper(text[:1]):
			t.Errorf("%s does not begin with a capital letter: %s", name, text)
		}
		if strings.Contains(text, "tls: off") {
			t.Errorf("%s gives up encryption: %s", name, text)
		}
	}
}

// known are the programs that advice may name, with what follows their name.
var known = map[string]*regexp.Regexp{
	"systemctl":             regexp.MustCompile(`^(start|restart|status|enable|enable --now|stop|disable --now) corosync(-qdevice|-qnetd)?$`),
	"journalctl":            regexp.MustCompile(`^-u corosync(-qdevice|-qnetd)?( --grep quorum)?$`),
	"timedatectl":           regexp.MustCompile(`^(set-ntp true)?$`),
	"corosync":              regexp.MustCompile(`^-t$`),
	"corosync-cfgtool":      regexp.MustCompile(`^-[Rs]$`),
	"corosync-cmapctl":      regexp.MustCompile(`^(-s quorum\.cancel_wait_for_all u8 1|-g [a-z_.]+|[a-z_.]+)$`),
	"corosync-quorumtool":   regexp.MustCompile(`^-e \d+$`),
	"corosync-qdevice-tool": regexp.MustCompile(`^-sv$`),
	"corosync-qnetd-tool":   regexp.MustCompile(`^-lv$`),
	"pvecm":                 regexp.MustCompile(`^(create CLUSTER|qdevice setup ADDRESS)$`),
	"pcs":                   regexp.MustCompile(`^cluster setup CLUSTER NODE\.\.\.$`),
	"ufw":                   regexp.MustCompile(`^allow \d+/tcp$`),
	"firewall-cmd":          regexp.MustCompile(`^(--permanent --add-port=\d+/tcp|--reload)$`),
	"nft":                   regexp.MustCompile(`^insert rule inet filter input tcp dport \d+ accept$`),
	"ss":                    regexp.MustCompile(`^-ltnp 'sport = :\d+'$`),
	"dmesg":                 regexp.MustCompile(`^$`),
	"cat":                   regexp.MustCompile(`^\S+$`),
	"cd":                    regexp.MustCompile(`^\S+$`),
	"rm":                    regexp.MustCompile(`^(-r |-f )?\S+( \S+)*$`),
	"mv":                    regexp.MustCompile(`^(\S+) \S+\.(old|damaged|expired)$`),
	"chmod":                 regexp.MustCompile(`^o(\+x|-rwx) \S+$`),
	"chown":                 regexp.MustCompile(`^-R \S+ \S+$`),
	"install":               regexp.MustCompile(`^-d -o \S+ -g \S+ -m 0770 \S+$`),
}

// knownCommand says what is wrong with a command, or returns "".
func knownCommand(line string) string {
	program, rest, _ := strings.Cut(line, " ")
	switch form := known[program]; {
	case program == "quorate":
		return ourCommand(rest)
	case strings.HasPrefix(program, "-"):
		return ourFlag(line)
	case form == nil:
		return "nobody knows the program " + program
	case !form.MatchString(rest):
		return program + " is not known to take " + rest
	}
	return ""
}

// ourCommand holds a command line of quorate against its commands: they exist, and take
// these flags and as many words.
func ourCommand(rest string) string {
	cmd, args, err := newRoot().Find(wordsOf(rest))
	if err == nil {
		err = cmd.ParseFlags(args)
	}
	if err == nil && cmd.HasAvailableSubCommands() {
		return rest + " is not the name of a command that does something"
	}
	if err == nil {
		err = cmd.ValidateArgs(cmd.Flags().Args())
	}
	if err != nil {
		return err.Error()
	}
	var out, errs bytes.Buffer
	line := append(append([]string{"quorate"}, wordsOf(rest)...), "--help")
	if code := Main(context.Background(), line, &out, &errs); code != 0 || !strings.Contains(out.String(), "Usage:\n  "+cmd.CommandPath()) {
		return "--help: " + out.String() + errs.String()
	}
	return ""
}

// wordsOf splits a command line as a shell does, as far as advice needs it.
func wordsOf(line string) []string {
	return strings.Fields(strings.ReplaceAll(line, "'", ""))
}

// ourFlag looks for a flag that stands alone, as in: another one with `--port`.
func ourFlag(line string) string {
	name, value, _ := strings.Cut(line, " ")
	if line == "-s off" {
		_, err := parseTLS(value)
		return errorText(err)
	}
	long, ok := strings.CutPrefix(name, "--")
	for _, c := range newRoot().Commands() {
		if ok && c.Flags().Lookup(long) != nil {
			return ""
		}
	}
	return "no command has the flag " + name
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestAdviceCommands: each command that advice names exists, and takes what it is given.
func TestAdviceCommands(t *testing.T) {
	for name, raw := range adviceTexts(t) {
		for _, c := range commandsIn(filled(t, name, raw)) {
			if wrong := knownCommand(c); wrong != "" {
				t.Errorf("%s: `%s`: %s", name, c, wrong)
			}
		}
	}
	for line, bad := range map[string]bool{
		"quorate cert list": true, "quorate cert init --owner x": true, "quorate cert sign prod": true, "quorate cert": true, "quorate status now": true,
		"systemctl begin corosync": true, "frobnicate": true, "--prot": true,
		"quorate cert sign prod x": false, "quorate doctor": false, "--port": false,
	} {
		if wrong := knownCommand(line); (wrong != "") != bad {
			t.Errorf("%s: %q", line, wrong)
		}
	}
}

// namedInConf finds commands in the texts of package corosync/conf, which is public and
// has its own.
var namedInConf = regexp.MustCompile("(quorate (?:cert|clusters|corosync|doctor|explain|lab|qdevice|qnetd|sim|status|version)(?: [a-z]+)?|systemctl [a-z-]+ [a-z-]+|corosync-(?:cfgtool|cmapctl|quorumtool) -?[A-Za-z._]+)")

// TestConfCommands: each command that a text about corosync.conf names exists.
func TestConfCommands(t *testing.T) {
	found := 0
	err := filepath.WalkDir("../../corosync/conf", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			for _, c := range namedInConf.FindAllString(lit.Value, -1) {
				found++
				if wrong := knownCommand(c); wrong != "" && knownCommand(strings.Join(strings.Fields(c)[:2], " ")) != "" {
					t.Errorf("%s: %s names `%s`: %s", path, lit.Value, c, wrong)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d commands", found)
}
