// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"encoding/json"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/quorate/quorate/corosync/cmap"
	"github.com/quorate/quorate/internal/status"
)

// completion is what a shell is told, and how to take it.
func completion(t *testing.T, args ...string) (list []string, directive string) {
	t.Helper()
	code, out, _ := call(append([]string{"quorate", "__completeNoDesc"}, args...)...)
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if code != 0 {
		t.Fatalf("%q: exit %d", args, code)
	}
	return lines[:len(lines)-1], lines[len(lines)-1]
}

// TestCompletion: values of which this machine knows something are proposed, files
// where files belong, and nothing where nothing does.
func TestCompletion(t *testing.T) {
	c := newCluster(t)
	c.keys.Set("test.bad"+evil, cmap.StringValue("x"))
	j, err := status.AppendJSON(nil, &status.QNetd{Clusters: []status.Cluster{{Name: "pve"}, {Name: "prod"}, {Name: "p" + evil}}}, "")
	if err != nil {
		t.Fatal(err)
	}
	arbiter := scripted(t, "OK\n"+string(j))
	state := t.TempDir()
	if code, _, errs := call("quorate", "cert", "init", "--state", state); code != 0 {
		t.Fatal(errs)
	}
	const words, prefix, files, nothing, dirs = ":4", ":6", ":0", ":4", ":16"
	for _, x := range []struct {
		args, want, directive string
	}{
		{"|vers", "version", words},
		{"|compl", "completion", words},
		{"completion|", "bash fish powershell zsh", words},
		{"qnetd --tls|", "required req on off", words},
		{"qnetd --tls|o", "on off", words},
		{"qnetd --set|hold", "hold_time=", prefix},
		{"qdevice --set|net_max_s", "net_max_send_buffers=", prefix},
		{"doctor --set|withdraw", "withdraw_time=", prefix},
		{"lab --algorithm|", "ffsplit lms 2nodelms", words},
		{"lab --tie-breaker|", "lowest highest", words},
		{"sim --daemons|", "go c mixed", words},
		{"sim --arbiter|", "go c", words},
		{"sim --algorithm|", "ffsplit lms", words},
		{"clusters --socket " + arbiter + "|", "pve prod", words},
		{"clusters --socket " + arbiter + "|pr", "prod", words},
		{"clusters --socket " + arbiter + " pve|", "", nothing},
		{"clusters --socket /none|", "", nothing},
		{"cert sign --state " + state + "|", "", nothing},
		{"cert sign pve|", "", files},
		{"cert trust|", "", files},
		{"cert import|", "", files},
		{"explain|", "", files},
		{"explain f|", "", nothing},
		{"sim f g|", "", files},
		{"status|", "", nothing},
		{"version|", "", nothing},
		{"qnetd --state|", "", dirs},
		{"cert show --node-dir|", "", dirs},
		{"corosync get --sockets|", "", dirs},
		{"qnetd --socket|", "", files},
		{"corosync --sockets " + c.dir + " get|totem.c", "totem.cluster_name totem.config_version", words},
		{"corosync --sockets " + c.dir + " watch|test.", "test.odd", words},
	} {
		before, typed, _ := strings.Cut(x.args, "|")
		got, directive := completion(t, append(strings.Fields(before), typed)...)
		if !slices.Equal(got, strings.Fields(x.want)) || directive != x.directive {
			t.Errorf("%s: %q %s, want %q %s", x.args, got, directive, x.want, x.directive)
		}
	}
}

// TestCompletionTable: what the tables name is there, and each flag is in one of them or
// takes what nobody can list.
func TestCompletionTable(t *testing.T) {
	paths, flags := map[string]bool{}, map[string]bool{}
	free := []string{"help", "version", "user", "listen", "port", "nodes", "max-clients", "hold-time", "probe-time", "withdraw-time", "seed", "steps"}
	everyCommand(func(c *cobra.Command) {
		paths[c.CommandPath()] = true
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			name := c.CommandPath() + " --" + f.Name
			flags[name] = true
			_, known := flagValues[name]
			if !known && f.Value.Type() != "bool" && !slices.Contains(slices.Concat(directories, files, free), f.Name) {
				t.Errorf("%s is of no table", name)
			}
		})
	})
	for name := range flagValues {
		if !flags[name] {
			t.Errorf("there is no %s", name)
		}
	}
	for path := range argumentValues {
		if !paths[path] {
			t.Errorf("there is no %s", path)
		}
	}
	for _, path := range takesFiles {
		if !paths[path] {
			t.Errorf("there is no %s", path)
		}
	}
}

// TestTLSWords: what --tls takes is what its help says, and all of that.
func TestTLSWords(t *testing.T) {
	help := newQNetdCommand().Flag("tls").Usage
	for _, w := range tlsWords {
		if _, err := parseTLS(w); err != nil || !strings.Contains(help, w) {
			t.Errorf("%s: %v, help %q", w, err, help)
		}
	}
}

// TestVersion: what is printed is what was built.
func TestVersion(t *testing.T) {
	code, out, _ := call("quorate", "version", "--json")
	var v versionInfo
	if err := json.Unmarshal([]byte(out), &v); err != nil || code != 0 {
		t.Fatalf("exit %d, %v: %s", code, err, out)
	}
	if v.Version != Version || v.Go != runtime.Version() || v.OS != runtime.GOOS || v.Arch != runtime.GOARCH || v.Compat != CompatVersion {
		t.Errorf("%+v", v)
	}
	if code, out, _ := call("quorate", "version"); code != 0 || !strings.HasPrefix(out, "quorate     "+Version+"\n") || !strings.Contains(out, runtime.GOOS+"/"+runtime.GOARCH) {
		t.Errorf("exit %d, %s", code, out)
	}
	if code, out, _ := call("quorate", "--version"); code != 0 || !strings.HasPrefix(out, "quorate "+Version) || strings.Count(out, "\n") != 1 {
		t.Errorf("exit %d, %s", code, out)
	}
	built := versionInfo{Version: "1.2.3", Commit: strings.Repeat("0123456789", 4), Date: "2026-11-30T10:00:00Z", Modified: true, Go: "go1", OS: "linux", Arch: "arm", Variant: "GOARM=7"}
	var b strings.Builder
	if err := built.write(&b); err != nil {
		t.Fatal(err)
	}
	const want = "quorate     1.2.3\ncommit      0123456789012345678901234567890123456789 of 2026-11-30, with changes\nGo          go1\n" +
		"built for   linux/arm, GOARM=7\nbehaves as  corosync-qdevice 3.0.3\n"
	if b.String() != want || built.short() != "quorate 1.2.3 (012345678901)" {
		t.Errorf("%s\n%s", b.String(), built.short())
	}
}

// TestCompletionScript: each shell gets one.
func TestCompletionScript(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if code, out, errs := call("quorate", "completion", shell); code != 0 || errs != "" || len(out) < 1000 {
			t.Errorf("%s: exit %d, %d bytes, %s", shell, code, len(out), errs)
		}
	}
	if _, out, _ := call("quorate", "--help"); !strings.Contains(out, "\n  completion  ") || !strings.Contains(out, "\n  version  ") {
		t.Errorf("not in the help:\n%s", out)
	}
}
