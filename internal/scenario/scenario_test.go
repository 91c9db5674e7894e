// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package scenario_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
drop 1 2
drop arbiter to 3
heal
heal 1 2
freeze 2 arbiter
thaw 2 arbiter
daemon start 1
daemon stop 1 2
daemon kill 3
arbiter start
arbiter stop
arbiter kill
arbiter lose
heuristics fail 1 2
disk slow
wait 1.5s
calm
`

func TestRoundTrip(t *testing.T) {
	f, err := scenario.Parse(every)
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
	if len(seen) != len(scenario.Usage()) {
		t.Errorf("%d verbs of %d are tried", len(seen), len(scenario.Usage()))
	}
}

func TestSkipsOutput(t *testing.T) {
	f, err := scenario.Parse("cluster nodes=2\r\n\n    0.000  something\nup 1\n\t0.1 more\n")
	if err != nil || len(f.Commands) != 1 || f.Cluster.Nodes != 2 || len(f.Cluster.Daemons) != 2 {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "line 1: there is no cluster"},
		{"# only a comment\n", "line 2: there is no cluster"},
		{"up 1", "line 1: the first command must be cluster"},
		{"cluster\ncluster", "line 2: there is a cluster already"},
		{"cluster nodes=0", "line 1: nodes=0: want a number from 1 to 16"},
		{"cluster nodes=17", "line 1: nodes=17: want a number from 1 to 16"},
		{"cluster colour=red", `line 1: a cluster has no setting "colour=red"`},
		{"cluster algorithm=x", "line 1: algorithm=x: want one of test, ffsplit, 2nodelms, lms"},
		{"cluster nodes=3 algorithm=2nodelms", "line 1: 2nodelms is for 2 nodes, and here are 3"},
		{"cluster tie-breaker=none", "line 1: tie-breaker=none: want lowest, highest or a node ID"},
		{"cluster daemons=c,go,c", "line 1: 3 daemons for 2 nodes"},
		{"cluster daemons=rust", "line 1: daemons=rust: want go or c"},
		{"cluster drift=1,2,3,4", "line 1: 4 clocks for 3 hosts"},
		{"cluster drift=200000", "line 1: drift=200000: want a number from -100000 to 100000"},
		{"cluster token=0s", "line 1: token=0s: want more than nothing"},
		{"cluster kap=1", "line 1: kap=1: want on or off"},
		{"cluster seed=-1", `line 1: seed=-1: strconv.ParseUint: parsing "-1": invalid syntax`},
		{"cluster\nexplode", `line 2: there is no command "explode"`},
		{"cluster\nup", "line 2: usage: up HOST..."},
		{"cluster\nup 3", "line 2: there is no node 3: the nodes are 1 to 2"},
		{"cluster\nup one", `line 2: "one" is neither a node ID nor the arbiter`},
		{"cluster\nup 1 1", "line 2: 1 is named twice"},
		{"cluster\nkill arbiter", "line 2: kill is for nodes: usage: kill NODE..."},
		{"cluster\nsplit", "line 2: usage: split NODE,NODE NODE,NODE..."},
		{"cluster\nsplit 1,1", "line 2: node 1 is named twice"},
		{"cluster\nsplit 1 arbiter", "line 2: the arbiter can't be part of a split: use cut or drop"},
		{"cluster\njoin 1", "line 2: usage: join"},
		{"cluster\ncut 1", "line 2: usage: cut HOST HOST"},
		{"cluster\ndrop 1 from 2", "line 2: usage: drop HOST HOST, or drop HOST to HOST"},
		{"cluster\nheal 1", "line 2: usage: heal, or heal HOST HOST"},
		{"cluster\ndaemon pause 1", "line 2: usage: daemon start|stop|kill NODE..."},
		{"cluster\narbiter", "line 2: usage: arbiter start|stop|kill|lose"},
		{"cluster\narbiter start 1", "line 2: usage: arbiter start|stop|kill|lose"},
		{"cluster\n\nwait", "line 3: usage: wait DURATION"},
		{"cluster\nwait -1s", "line 2: want a duration as 400ms or 2m, up to 24h0m0s"},
		{"cluster\nwait 25h", "line 2: want a duration as 400ms or 2m, up to 24h0m0s"},
		{"cluster\n" + strings.Repeat(" ", scenario.MaxSize), "line 1: a scenario has 1048576 bytes at most"},
	} {
		_, err := scenario.Parse(c.text)
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
	files, err := filepath.Glob("../sim/testdata/*.txt")
	if err != nil || len(files) == 0 {
		f.Fatalf("%d scenarios, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		file, err := scenario.Parse(text)
		if err != nil {
			var e *scenario.Error
			if !errors.As(err, &e) || e.Line < 1 {
				t.Fatalf("%v", err)
			}
			return
		}
		again, err := scenario.Parse(file.String())
		if err != nil || again.String() != file.String() {
			t.Fatalf("%v\n%s\n%s", err, file, again)
		}
	})
}
