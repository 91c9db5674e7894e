// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package explain_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/quorate/quorate/corosync/conf"
	"github.com/quorate/quorate/internal/explain"
	"github.com/quorate/quorate/internal/golden"
)

func read(t *testing.T, text string) (*explain.Cluster, error) {
	t.Helper()
	f, err := conf.Parse([]byte(text))
	if err != nil {
		return nil, err
	}
	return explain.Read(f)
}

func run(t *testing.T, text string) *explain.Report {
	t.Helper()
	c, err := read(t, text)
	if err != nil {
		t.Fatal(err)
	}
	r, err := explain.Run(c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestGolden explains testdata/*.conf.
func TestGolden(t *testing.T) {
	golden.Each(t, "testdata/*.conf", 10, func(t *testing.T, file, text string) {
		r := run(t, text)
		stem := strings.TrimSuffix(file, ".conf")
		got := string(explain.AppendText(nil, r, explain.Options{File: "corosync.conf"}))
		golden.Compare(t, stem+".txt", got)
		fits(t, got)
		got = string(explain.AppendText(nil, r, explain.Options{File: "corosync.conf", All: true}))
		golden.Compare(t, stem+".all.txt", got)
		fits(t, got)
		if name := filepath.Base(stem); name == "lms" || name == "four" {
			j, err := json.MarshalIndent(r, "", " ")
			if err != nil {
				t.Fatal(err)
			}
			golden.Compare(t, stem+".json", string(j)+"\n")
		}
	})
}

// fits: no line is wider than 80 columns, and no row of the table is empty.
func fits(t *testing.T, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 || strings.TrimRight(line, " \n")+"\n" != line {
			t.Errorf("%d columns, or blanks at the end: %q", n, line)
		}
	}
	if strings.Contains(text, "\n\n\n") {
		t.Errorf("blank rows:\n%s", text)
	}
}

// TestDocs: the transcripts of docs/explain.md are what is printed.
func TestDocs(t *testing.T) {
	const file = "../../docs/explain.md"
	parts := strings.Split(golden.Read(t, file), "```\n")
	shown := 0
	for i := 1; i < len(parts); i += 2 {
		command, _, _ := strings.Cut(parts[i], "\n")
		name, ok := strings.CutPrefix(command, "$ quorate explain ")
		if !ok {
			continue
		}
		name, all := strings.CutPrefix(name, "--all ")
		conf := golden.Read(t, filepath.Join("testdata", name))
		parts[i] = command + "\n" + string(explain.AppendText(nil, run(t, conf), explain.Options{File: name, All: all}))
		shown++
	}
	if shown < 2 {
		t.Errorf("%d transcripts", shown)
	}
	golden.Compare(t, file, strings.Join(parts, "```\n"))
}

func cluster(nodes int, quorum string) string {
	var b strings.Builder
	b.WriteString("totem {\n version: 2\n cluster_name: c\n config_version: 1\n token: 1000\n}\nnodelist {\n")
	for i := range nodes {
		fmt.Fprintf(&b, " node {\n  nodeid: %d\n  ring0_addr: 192.0.2.%d\n }\n", i+1, i+1)
	}
	return b.String() + "}\nquorum {\n provider: corosync_votequorum\n" + quorum + "}\n"
}

const device = " device {\n model: net\n votes: 1\n net {\n host: a\n algorithm: ffsplit\n }\n }\n"

// TestArithmetic holds what was played against a second, stupid count: one vote
// a node, one for the device, more than half of all.
func TestArithmetic(t *testing.T) {
	for nodes := 2; nodes <= 5; nodes++ {
		r := run(t, cluster(nodes, device))
		for _, c := range r.Cases {
			quorate := 0
			for _, p := range c.Parts {
				votes := len(p.Nodes)
				if p.Device {
					votes++
				}
				if want := 2*votes > nodes+1; want != p.Quorate && c.Kind != explain.ColdBoot || votes != int(p.Votes) {
					t.Errorf("%d nodes, %s: part %v has %d votes, quorate %v", nodes, c.What, p.Nodes, p.Votes, p.Quorate)
				}
				if p.Quorate {
					quorate++
				}
			}
			arbiter := !strings.Contains(c.What, "arbiter")
			switch {
			case quorate > 1:
				t.Errorf("%d nodes, %s: %d parts are quorate", nodes, c.What, quorate)
			case quorate == 0 && arbiter && nodes%2 == 0 && half(c, nodes):
				t.Errorf("%d nodes, %s: no part is quorate, and the arbiter is there", nodes, c.What)
			}
		}
	}
}

// half reports whether a part has at least half of the nodes.
func half(c explain.Case, nodes int) bool {
	for _, p := range c.Parts {
		if 2*len(p.Nodes) >= nodes {
			return true
		}
	}
	return false
}

func TestErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"totem {\n", "line 1: "},
		{cluster(2, " two_node: 1\n"+device), "line 19: two_node with a device: Corosync does not start"},
		{cluster(2, strings.Replace(device, "ffsplit", "magic", 1)), "line 24: corosync-qdevice does not start with the algorithm magic"},
		{cluster(2, strings.Replace(device, "model: net", "model: disk", 1)), "line 20: there is no model disk"},
		{strings.Replace(cluster(2, ""), "corosync_votequorum", "votequorum", 1), "line 18: there is no quorum provider \"votequorum\": Corosync does not start"},
		{strings.Replace(cluster(2, ""), "provider: corosync_votequorum", "x: y", 1), "quorum.provider is not corosync_votequorum"},
		{strings.Replace(cluster(2, ""), "  nodeid: 2\n", "", 1), "line 13: the node has no nodeid, and knet makes none"},
		{strings.Replace(cluster(2, ""), "token: 1000", "token: 4000000", 1), "token, device timeout and last_man_standing_window are too long"},
		{"totem {\n version: 2\n interface {\n bindnetaddr: 192.0.2.0\n }\n}\nquorum {\n provider: corosync_votequorum\n expected_votes: 2\n}\n",
			"line 3: this file is for Corosync 2: it has interface sections, and no nodelist, which Corosync 3 needs with any transport"},
		{"", "the file has no nodelist"},
		{cluster(40, ""), "the nodelist has 40 nodes: 1 to 32 can be explained"},
	} {
		_, err := read(t, c.text)
		var e *conf.Error
		if !errors.As(err, &e) || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

func TestWatchdog(t *testing.T) {
	c, err := read(t, cluster(2, device))
	if err != nil {
		t.Fatal(err)
	}
	before := len(c.Warnings)
	c.WatchdogTimeout(40 * time.Second)
	if len(c.Warnings) != before {
		t.Errorf("warned of 40 s: %+v", c.Warnings)
	}
	c.WatchdogTimeout(5 * time.Second)
	if len(c.Warnings) != before+1 || !strings.Contains(c.Warnings[before].Text, "sbd resets a node after 5 s without quorum") {
		t.Errorf("%+v", c.Warnings)
	}
}

// TestWide: long names, many nodes and unequal votes fit 80 columns, too, and what a
// file has of controls does not reach the terminal.
func TestWide(t *testing.T) {
	long := cluster(5, strings.Replace(device, "ffsplit", "lms", 1))
	for i := range 5 {
		long = strings.Replace(long, fmt.Sprintf("  nodeid: %d\n", i+1),
			fmt.Sprintf("  nodeid: %d\n  quorum_votes: %d\n  name: a-node-with-a-long-name-%d.in.a.domain.example\n", i+1, 1+i*i, i+1), 1)
	}
	long = strings.Replace(long, "cluster_name: c", "cluster_name: c\x1b[31m", 1)
	for _, text := range []string{cluster(1, ""), cluster(1, device), cluster(1, " two_node: 1\n"), cluster(9, device), cluster(32, ""), long} {
		r := run(t, text)
		for _, o := range []explain.Options{{File: "f"}, {File: "f", All: true}} {
			got := string(explain.AppendText(nil, r, o))
			fits(t, got)
			if strings.ContainsAny(got, "\x1b") {
				t.Errorf("a control is printed: %q", got)
			}
		}
	}
}

// TestUDPU: a node without a nodeid has the one that Corosync makes of its address, and
// a node without a name is called by its address.
func TestUDPU(t *testing.T) {
	text := strings.Replace(cluster(3, ""), "version: 2\n", "version: 2\n transport: udpu\n", 1)
	for i := range 3 {
		text = strings.Replace(text, fmt.Sprintf("  nodeid: %d\n", i+1), "", 1)
	}
	r := run(t, text)
	if r.Nodes[2].ID != 0xc0000203 || r.Nodes[2].Name != "192.0.2.3" {
		t.Errorf("%+v", r.Nodes)
	}
}

// TestOneNode: of a cluster of one node no other one is spoken of.
func TestOneNode(t *testing.T) {
	r := run(t, cluster(1, ""))
	got := string(explain.AppendText(nil, r, explain.Options{File: "f"}))
	want := "c: 1 node with 1 vote. 1 of 1 vote is needed.\n\nwhat happens      who goes on  after  why\n192.0.2.1 starts  192.0.2.1    1 s    1 of 1 vote\n"
	if !strings.HasPrefix(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestHeuristics: that they are run is said.
func TestHeuristics(t *testing.T) {
	checks := strings.Replace(device, " }\n }\n", " }\n heuristics {\n mode: sync\n exec_ping: /bin/ping -c1 192.0.2.1\n }\n }\n", 1)
	r := run(t, cluster(2, checks))
	got := string(explain.AppendText(nil, r, explain.Options{File: "f"}))
	if r.Device.Heuristics != "sync" || !strings.Contains(got, "Heuristics (mode sync) are assumed to pass") {
		t.Errorf("%q\n%s", r.Device.Heuristics, got)
	}
	if r := run(t, cluster(2, strings.Replace(checks, "sync", "off", 1))); r.Device.Heuristics != "" {
		t.Errorf("off: %q", r.Device.Heuristics)
	}
}

// TestLarge: 32 nodes are explained in reasonable time, and what is left out is said.
func TestLarge(t *testing.T) {
	r := run(t, cluster(32, device))
	if len(r.Cases) < 30 || !strings.Contains(r.LeftOut, "the loss of two nodes") {
		t.Errorf("%d cases, left out: %q", len(r.Cases), r.LeftOut)
	}
}

// TestJSON: the JSON has the report, and can be read again.
func TestJSON(t *testing.T) {
	r := run(t, cluster(2, device))
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var again explain.Report
	if err := json.Unmarshal(b, &again); err != nil {
		t.Fatal(err)
	}
	for _, all := range []bool{false, true} {
		o := explain.Options{File: "f", All: all}
		if string(explain.AppendText(nil, &again, o)) != string(explain.AppendText(nil, r, o)) {
			t.Errorf("%s", b)
		}
	}
}

// FuzzRead: no file makes it panic, and a small cluster that is read is explained.
func FuzzRead(f *testing.F) {
	golden.Seeds(f, "testdata/*.conf")
	f.Fuzz(func(t *testing.T, text string) {
		file, err := conf.Parse([]byte(text))
		if err != nil {
			return
		}
		c, err := explain.Read(file)
		if err != nil || len(c.Nodes) > 3 {
			return
		}
		r, err := explain.Run(c)
		if err == nil && len(r.Cases) < len(c.Nodes) {
			t.Fatalf("%d cases", len(r.Cases))
		}
	})
}
