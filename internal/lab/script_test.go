// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package lab

import (
	"fmt"
	"strings"
	"testing"

	"github.com/quorate/quorate/internal/golden"
	"github.com/quorate/quorate/internal/scenario"
)

func TestParse(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"up 1 2", "up [1 2]"},
		{"up 2,1,2", "up [1 2]"},
		{"down node2", "down [2]"},
		{"leave 4; freeze 3", "leave [4] / pause [3]"},
		{"  # nothing", ""},
		{"thaw 1 # and a comment", "resume [1]"},
		{"split 1,2", "split [[1 2] [3 4]]"},
		{"move 1 2,3", "split [[1] [2 3] [4]]"},
		{"split 0:1,2 1:3,4", "split [[1 2] [3 4]]"},
		{"join", "join"},
		{"cut 1 arbiter", "cut [1]-[0]"},
		{"drop 1,2 3,qnetd", "drop [1 2]-[0 3]"},
		{"heal", "heal []-[]"},
		{"heal 2 1", "heal [2]-[1]"},
		{"arbiter stop", "arbiter stop"},
		{"qnetd start", "arbiter start"},
		{"qdevice off", "device off"},
		{"wait", "settle"},
		{"wait 5", "wait 5s"},
		{"wait 250ms", "wait 250ms"},
		{"guest create web on 1", "guest create web 1"},
		{"guest start web", "guest start web 0"},
		{"guest start web on node2", "guest start web 2"},
		{"guest stop web", "guest stop web 0"},
		{"show; q", "status / quit"},
		{"pause 1; resume 1; kill 2; calm", "pause [1] / resume [1] / kill [2] / calm"},
		{"forget 1", "forget 1: the laboratory numbers all rings in one sequence"},

		{"up", "up: which node? usage: up NODE..."},
		{"up 5", "up: there is no node \"5\": nodes are 1 to 4"},
		{"up 0", "up: there is no node \"0\": nodes are 1 to 4"},
		{"up arbiter", "up: there is no node \"arbiter\": nodes are 1 to 4"},
		{"up 1,", "up: there is no node \"\": nodes are 1 to 4"},
		{"fence 1", "no command \"fence\": try help"},
		{"join 1 2", "join: \"1 2\" is too much; usage: join"},
		{"cut 1", "cut: between which two? usage: cut A B"},
		{"cut 1 1", "cut: there is no link from node 1 to itself"},
		{"cut arbiter qnetd", "cut: there is no link from the arbiter to itself"},
		{"cut 1 9", "cut: there is no node \"9\": nodes are 1 to 4, and there is the arbiter"},
		{"split 1,2,3,4", "split: that leaves all nodes together; usage: split NODES [NODES...]"},
		{"split", "split: that leaves all nodes together; usage: split NODES [NODES...]"},
		{"split 1,2 2,3", "split: node 2 is in two parts"},
		{"split x:1", "split: \"x\" is not a number of a partition"},
		{"arbiter", "arbiter: start or stop? usage: arbiter stop|start"},
		{"wait 1h", "wait: \"1h\" is not a time from 1ms to 10m0s"},
		{"wait -1s", "wait: \"-1s\" is not a time from 1ms to 10m0s"},
		{"guest", "guest: usage: guest create NAME on NODE, or guest start NAME [on NODE], or guest stop NAME"},
		{"guest create web", "guest: on which node? usage: guest create NAME on NODE, or guest start NAME [on NODE], or guest stop NAME"},
		{"guest create a/b on 1", "guest: \"a/b\" is not a name: 1 to 20 letters, digits, - and _"},
		{"guest stop web on 1", "guest: \"on 1\" is too much; usage: guest create NAME on NODE, or guest start NAME [on NODE], or guest stop NAME"},
		{"up \x1b[2J", "byte 4, \"\\x1b\", can't be printed: commands are plain text"},
		{"up 1 \u202e2", "byte 6, \"\\u202e\", can't be printed: commands are plain text"},
		{"up\xff" + strings.Repeat("\xfe", 900), "byte 3, \"\\xff\", can't be printed: commands are plain text"},
		{strings.Repeat("x", 900), "no command \"" + strings.Repeat("x", 40) + "...\": try help"},
		{"join " + strings.Repeat("é ", 100), "join: \"" + strings.Repeat("é ", 20) + "...\" is too much; usage: join"},
		{"up " + strings.Repeat("9", 900), "up: there is no node \"" + strings.Repeat("9", 40) + "...\": nodes are 1 to 4"},
		{strings.Repeat("x", 1001), "the line has 1001 bytes, and at most 1000 are allowed"},
		{strings.Repeat("join;", 21), "more than 20 commands on one line"},
	} {
		commands, err := Parse(c.line, 4)
		got := describe(commands)
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%q:\n got %s\nwant %s", c.line, got, c.want)
		}
	}
}

func describe(commands []scenario.Command) string {
	var list []string
	for _, c := range commands {
		s := string(c.Verb)
		switch c.Verb {
		case scenario.Up, scenario.Down, scenario.Kill, scenario.Leave, scenario.Pause, scenario.Resume:
			s += fmt.Sprintf(" %v", c.Hosts)
		case scenario.Split:
			s += fmt.Sprintf(" %v", c.Groups)
		case scenario.Cut, scenario.Drop, scenario.Heal:
			s += fmt.Sprintf(" %v-%v", c.A, c.B)
		case scenario.Server, scenario.Device:
			s += " " + c.Word
		case scenario.Wait:
			s += fmt.Sprintf(" %v", c.Wait)
		case scenario.Guest:
			s += fmt.Sprintf(" %s %s %v", c.Word, c.Name, nodeOf(c))
		}
		list = append(list, s)
	}
	return strings.Join(list, " / ")
}

// TestScript: what can't be done is told with its place, before anything starts.
func TestScript(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"down 1\nup 1\nfreeze 1\nthaw 1\nfreeze 1\ndown 1", ""},
		{"\n# begin\n\nup 1", "x.txt:4: up 1: node 1 is up already"},
		{"down 1; down 1", "x.txt:1: down 1: node 1 is down already"},
		{"down 1\ndown 1 2", "x.txt:2: down 1 2: node 1 is down already"},
		{"down 2\nfreeze 2", "x.txt:2: freeze 2: node 2 is down already"},
		{"freeze 2\nfreeze 2", "x.txt:2: freeze 2: node 2 is frozen already"},
		{"thaw 2", "x.txt:1: thaw 2: node 2 is not frozen"},
		{"freeze 2\nup 2", "x.txt:2: up 2: node 2 is up already"},
		{"freeze 2\nleave 2", "x.txt:2: leave 2: node 2 is frozen: thaw it, or take its power away (down)"},
		{"arbiter start", "x.txt:1: arbiter start: the arbiter runs already"},
		{"arbiter stop\narbiter stop", "x.txt:2: arbiter stop: the arbiter does not run"},
		{"device on", "x.txt:1: device on: the cluster has a quorum device already"},
		{"device off\ndevice off", "x.txt:2: device off: the cluster has no quorum device"},
		{"device off\narbiter stop", "x.txt:2: arbiter stop: there is no arbiter: device on adds one"},
		{"device off\ncut 1 arbiter", "x.txt:2: cut 1 arbiter: there is no arbiter: device on adds one"},
		{"freeze 1\ndevice off", "x.txt:2: device off: node 1 is frozen and would not take up the new configuration: thaw it first"},
		{"guest start web", "x.txt:1: guest start web: there is no guest web: guest create web on NODE"},
		{"guest create web on 1\nguest start web\nguest create web on 2", ""},
		{"down 1\nguest create web on 1", "x.txt:2: guest create web on 1: node 1 is down"},
		{"guest create web on 1\nfreeze 2\nguest start web on 2", "x.txt:3: guest start web on 2: node 2 is frozen"},
		{"up 1" + strings.Repeat(" 1", 100), "x.txt:1: up 1" + strings.Repeat(" 1", 18) + "...: node 1 is up already"},
		{"up 3", "x.txt:1: up: there is no node \"3\": nodes are 1 to 2"},
		{"down 1; quit; down 1\nnonsense", ""},
		{"status\r\nhelp\r\n", ""},
		{strings.Repeat("#", 1<<20+1), "x.txt: a script of more than 1048576 bytes"},
	} {
		cfg := Defaults()
		_, err := ParseScript("x.txt", c.text, &cfg)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%.40q:\n got %s\nwant %s", c.text, got, c.want)
		}
	}
	var many strings.Builder
	for i := range maxGuests + 1 {
		fmt.Fprintf(&many, "guest create g%d on 1\n", i)
	}
	cfg := Defaults()
	cfg.Nodes = 1
	if _, err := ParseScript("x", many.String(), &cfg); err == nil || !strings.Contains(err.Error(), "x:21: ") {
		t.Errorf("too many guests: %v", err)
	}
}

// FuzzScript: no text makes the parser panic, and what it takes can be planned.
func FuzzScript(f *testing.F) {
	golden.Seeds(f, "testdata/*.txt", "demo.txt")
	f.Fuzz(func(t *testing.T, text string) {
		cfg := Defaults()
		cfg.Nodes = 4
		s, err := ParseScript("fuzz", text, &cfg)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\x1b") {
				t.Errorf("an error of more than one line: %q", err)
			}
			return
		}
		for _, c := range s.Commands {
			if !s.Script {
				continue
			}
			if again, err := Parse(c.Text, 4); err != nil || describe(again) != describe([]scenario.Command{c.Command}) {
				t.Errorf("%q read again: %v, %v", c.Text, describe(again), err)
			}
		}
	})
}

// TestHelp: every verb of the laboratory is explained, here or in docs/scenarios.md,
// and every line of the help fits a terminal.
func TestHelp(t *testing.T) {
	doc := golden.Read(t, "../../docs/scenarios.md")
	text := strings.Join(scenario.HelpText(), "\n")
	for _, s := range scenario.Syntaxes() {
		if s.Help != "" && !strings.Contains(text, s.String()+" ") {
			t.Errorf("%s is not in the help", s)
		}
		if !strings.Contains(doc, "`"+string(s.Verb)) {
			t.Errorf("%s is not in docs/scenarios.md", s.Verb)
		}
	}
	for _, l := range scenario.HelpText() {
		if len(l) > 80 {
			t.Errorf("%d columns: %s", len(l), l)
		}
	}
}
