// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package scenario_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/quorate/quorate/internal/golden"
	"github.com/quorate/quorate/internal/scenario"
)

const every = `# what it is about
cluster nodes=4 algorithm=lms tie-breaker=3 kap=off daemons=c,go,c,go arbiter=c wait-for-all=on heuristics=sync timeout=5s heartbeat-max=3s sync-timeout=15s token=3s delay=20ms slow=on drift=0,-20000 seed=7
up 1 2 3 4 arbiter
down 4
split 1,2 3,4
join
kill 1
leave 2
forget 4
# silently
cut 1 arbiter
drop 1 2,3
drop arbiter to 3
heal
heal 1 2
freeze 2 arbiter
thaw 2 arbiter
pause 2
resume 2
daemon start 1
daemon stop 1 2
daemon kill 3
arbiter start
arbiter stop
arbiter kill
arbiter lose
heuristics fail 1 2
disk slow
device off
guest create web on 1
guest start web
guest stop web
losses 2
losses
wait 1.5s
wait
status
help; calm
`

func TestRoundTrip(t *testing.T) {
	f, err := scenario.Parse("", every, scenario.Cluster{})
	if err != nil {
		t.Fatal(err)
	}
	if f.String() != every {
		t.Errorf("got\n%s", f)
	}
	if c := f.Commands[9]; !c.OneWay || c.Line != 13 || f.Commands[7].Comment[0] != "# silently" {
		t.Errorf("%+v", c)
	}
	seen := map[scenario.Verb]bool{}
	for _, c := range f.Commands {
		seen[c.Verb] = true
	}
	for _, s := range scenario.Syntaxes() {
		if !seen[s.Verb] && s.Verb != scenario.Quit {
			t.Errorf("%s is not tried", s.Verb)
		}
	}
}

func TestSkipsOutput(t *testing.T) {
	f, err := scenario.Parse("", "cluster nodes=2\r\n\n    0.000  something\nup 1\n\t0.1 more\n", scenario.Cluster{})
	if err != nil || len(f.Commands) != 1 || f.Cluster.Nodes != 2 || len(f.Cluster.Daemons) != 2 {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"up 1\ncluster", "x:2: cluster must be the first command"},
		{"cluster\ncluster", "x:2: there is a cluster already"},
		{"cluster nodes=0", "x:1: nodes=0: want a number from 1 to 16"},
		{"cluster nodes=17", "x:1: nodes=17: want a number from 1 to 16"},
		{"cluster colour=red", `x:1: a cluster has no setting "colour=red"`},
		{"cluster algorithm=x", "x:1: algorithm=x: want one of test, ffsplit, 2nodelms, lms"},
		{"cluster nodes=3 algorithm=2nodelms", "x:1: 2nodelms is for 2 nodes, and here are 3"},
		{"cluster tie-breaker=none", "x:1: tie-breaker=none: want lowest, highest or a node ID"},
		{"cluster daemons=c,go,c", "x:1: 3 daemons for 2 nodes"},
		{"cluster daemons=rust", "x:1: daemons=rust: want go or c"},
		{"cluster drift=1,2,3,4", "x:1: 4 clocks for 3 hosts"},
		{"cluster drift=200000", "x:1: drift=200000: want a number from -100000 to 100000"},
		{"cluster token=0s", "x:1: token=0s: want more than nothing"},
		{"cluster kap=1", "x:1: kap=1: want on or off"},
		{"cluster seed=-1", `x:1: seed=-1: strconv.ParseUint: parsing "-1": invalid syntax`},
		{"cluster\nexplode", `x:2: no command "explode"`},
		{"explode", `x:1: no command "explode": try help`},
		{"cluster\nup", "x:2: up: which node? usage: up NODE..."},
		{"cluster\nup 3", `x:2: up: there is no node "3": nodes are 1 to 2, and there is the arbiter`},
		{"cluster\nup one", `x:2: up: there is no node "one": nodes are 1 to 2, and there is the arbiter`},
		{"cluster\nkill arbiter", `x:2: kill: there is no node "arbiter": nodes are 1 to 2`},
		{"cluster\nsplit", "x:2: split: that leaves all nodes together; usage: split NODES [NODES...]"},
		{"cluster\nsplit 1 1", "x:2: split: node 1 is in two parts"},
		{"cluster\nsplit 1 arbiter", `x:2: split: there is no node "arbiter": nodes are 1 to 2`},
		{"cluster\njoin 1", `x:2: join: "1" is too much; usage: join`},
		{"cluster\ncut 1", "x:2: cut: between which two? usage: cut A B"},
		{"cluster\ndrop 1 from 2", `x:2: drop: there is no node "from": nodes are 1 to 2, and there is the arbiter`},
		{"cluster\ncut 1 to 2", `x:2: cut: there is no node "to": nodes are 1 to 2, and there is the arbiter`},
		{"cluster\nheal 1", "x:2: heal: between which two? usage: heal [A B]"},
		{"cluster\ndrop 1", "x:2: drop: between which two? usage: drop A B, or drop A to B"},
		{"cluster\ndaemon pause 1", "x:2: daemon: usage: daemon start|stop|kill NODE..."},
		{"cluster\narbiter", "x:2: arbiter: start or stop? usage: arbiter stop|start, or arbiter kill|lose"},
		{"cluster\narbiter start 1", `x:2: arbiter: "1" is too much; usage: arbiter stop|start, or arbiter kill|lose`},
		{"cluster\n\nwait -1s", `x:3: wait: "-1s" is not a time from 0s to 24h0m0s`},
		{"cluster\nwait 25h", `x:2: wait: "25h" is not a time from 0s to 24h0m0s`},
		{"# \x1b", `x:1: byte 3, "\x1b", can't be printed: commands are plain text`},
		{"wait 0", `x:1: wait: "0" is not a time from 1ms to 10m0s`},
		{"cluster\n" + strings.Repeat(" ", scenario.MaxSize), "x:1: a scenario has 1048576 bytes at most"},
	} {
		_, err := scenario.Parse("x", c.text, scenario.Cluster{})
		var e *scenario.Error
		if !errors.As(err, &e) || err.Error() != c.want {
			t.Errorf("%.40q: got %v, want %s", c.text, err, c.want)
		}
	}
	if _, err := new(scenario.Cluster).Command("  "); err == nil {
		t.Error("an empty command was taken")
	}
}

// FuzzParse: what is taken is printed as it was understood.
func FuzzParse(f *testing.F) {
	f.Add(every)
	golden.Seeds(f, "../sim/testdata/*.txt", "../lab/testdata/*.txt", "testdata/*.txt")
	f.Fuzz(func(t *testing.T, text string) {
		file, err := scenario.Parse("", text, scenario.Cluster{})
		if err != nil {
			var e *scenario.Error
			if !errors.As(err, &e) || e.Line < 1 || strings.ContainsAny(err.Error(), "\n\x1b") {
				t.Fatalf("%q", err)
			}
			return
		}
		again, err := scenario.Parse("", file.String(), scenario.Cluster{})
		if err != nil || again.String() != file.String() {
			t.Fatalf("%v\n%s\n%s", err, file, again)
		}
		timed, err := file.Timed()
		if err != nil {
			return
		}
		again, err = scenario.Parse("", timed.String(), scenario.Cluster{})
		if err != nil || again.String() != timed.String() {
			t.Fatalf("timed: %v\n%s\n%s", err, timed, again)
		}
	})
}

const script = `# a script
down 2 1; cut 1 2

 move 1 # alone
freeze 1
thaw 1
heal
join
wait 5
wait
# the end
`

func mustCluster(t *testing.T) scenario.Cluster {
	t.Helper()
	c, err := scenario.ParseCluster([]string{"nodes=3"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestScript: what is different in a file that does not say which cluster.
func TestScript(t *testing.T) {
	c := mustCluster(t)
	f, err := scenario.Parse("x", script, c)
	if err != nil {
		t.Fatal(err)
	}
	want := "# a script\ndown 1 2; cut 1 2\n\nsplit 1 2,3\nfreeze 1\nthaw 1\nheal\njoin\nwait 5s\nwait\n# the end\n"
	if f.String() != want || !f.Script || f.Commands[3].Verb != scenario.Pause || !f.Commands[1].Same {
		t.Errorf("got\n%s", f)
	}
	if f, err = scenario.Parse("x", "up 1\nquit\nnonsense", c); err != nil || len(f.Commands) != 1 {
		t.Errorf("%v, %v", f, err)
	}
}

// TestTimed: the scenario that a script is.
func TestTimed(t *testing.T) {
	for _, c := range []struct{ text, want, err string }{
		{text: "# both\ndown 1; up 1\nwait 5\n", want: "# both\ndown 1\nup 1\nwait\nwait 5s\n"},
		{text: "split 1\nheal 1 arbiter\njoin\nheal 1 2", want: "split 1 2,3\nwait\nheal 1 arbiter\nwait\njoin\nheal 1 2,3\nheal 2 3\nwait\nheal 1 2\nwait\n"},
		{text: "split 1\nheal\nheal 1 2", want: "split 1 2,3\nwait\nheal\njoin\nwait\nheal 1 2\nwait\n"},
		{text: "split 1\nheal 1 2", err: "x:2: heal 1 2: the simulator can't heal one link of a split: join, or heal"},
	} {
		f, err := scenario.Parse("x", c.text, mustCluster(t))
		if err != nil {
			t.Fatal(err)
		}
		timed, err := f.Timed()
		switch {
		case err != nil && err.Error() == c.err:
		case err != nil || c.err != "":
			t.Errorf("%q: %v, want %q", c.text, err, c.err)
		case timed.String() != "cluster nodes=3\nup 1 2 3\nwait\n"+c.want:
			t.Errorf("%q becomes\n%s", c.text, timed)
		}
	}
}

// TestCheck: what a player can't play is told with its place.
func TestCheck(t *testing.T) {
	for _, c := range []struct {
		text string
		by   scenario.Player
		want string
	}{
		{"cluster\nup 1 2\ncalm", scenario.Laboratory, ""},
		{"down 1\nstatus\nwait", scenario.Simulator, ""},
		{"status\nguest create web on 1", scenario.Simulator, "x:2: guest create web on 1: the simulator has no guests"},
		{"freeze 1", scenario.Simulator, "x:1: freeze 1: the simulator does not stop whole machines: freeze, in a file that begins with cluster, stops a node's daemon"},
		{"cluster\nfreeze 1", scenario.Simulator, ""},
		{"cluster\nfreeze 1", scenario.Laboratory, "x:2: freeze 1: the laboratory's daemons are parts of one process: pause stops a whole node"},
		{"cluster\ndrop 1 to 2", scenario.Laboratory, "x:2: drop 1 to 2: the laboratory loses both directions of a link"},
		{"cluster\ndrop 1 2\narbiter stop", scenario.Laboratory, ""},
		{"arbiter lose", scenario.Laboratory, "x:1: arbiter lose: the laboratory's arbiter is part of the same process, and keeps its state"},
		{"cluster\nup 1 arbiter", scenario.Laboratory, "x:2: up 1 arbiter: the laboratory's arbiter has no power switch: arbiter stop, arbiter start"},
		{"# on C\ncluster daemons=go,c", scenario.Laboratory, "x:2: cluster daemons=go,c: the laboratory runs quorate's own programs"},
		{"cluster\n# \x1b\nup 1", scenario.Simulator, ""},
		{"cluster\n# \x1b\nup 1", scenario.Laboratory, `x:3: the comment above it: byte 3, "\x1b", can't be printed: commands are plain text`},
		{"# \x1b\ncluster", scenario.Laboratory, `x:2: the comment above it: byte 3, "\x1b", can't be printed: commands are plain text`},
		{"cluster slow=on", scenario.Laboratory, "x:1: cluster slow=on: the laboratory's clocks and messages are this machine's"},
	} {
		f, err := scenario.Parse("x", c.text, scenario.Cluster{})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if err := f.Check(c.by); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%q:\n got %s\nwant %s", c.text, got, c.want)
		}
	}
}
