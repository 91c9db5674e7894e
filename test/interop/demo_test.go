// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package interop

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/test/interop/lab"
)

// demo writes a transcript of commands on the hosts.
type demo struct {
	t   *testing.T
	out io.Writer
}

// say writes a line of explanation.
func (d demo) say(format string, args ...any) { fmt.Fprintf(d.out, "# "+format+"\n", args...) }

// show runs a command on a host and writes what it printed, less the lines
// that hold none of keep, if there are any.
func (d demo) show(h *lab.Host, keep []string, argv ...string) {
	out, _ := h.Run(argv[0], argv[1:]...) // quorumtool exits with 2 without quorum
	fmt.Fprintf(d.out, "%s# %s\n", h.Name, strings.TrimPrefix(strings.Join(argv, " "), "/run/"))
	for line := range strings.SplitSeq(strings.TrimRight(out, "\n"), "\n") {
		for _, k := range keep {
			if strings.Contains(line, k) {
				fmt.Fprintln(d.out, strings.TrimRight(line, " "))
				break
			}
		}
		if len(keep) == 0 {
			fmt.Fprintln(d.out, strings.TrimRight(line, " "))
		}
	}
	fmt.Fprintln(d.out)
}

// compareWithReadme fails unless the README's transcript has the same lines, but for
// what differs from run to run: numbers, times, ports, and the blanks that align them.
func compareWithReadme(t *testing.T, got string) {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, ok := strings.Cut(string(readme), "```\n# two Corosync nodes")
	block, _, end := strings.Cut(block, "```\n")
	if !ok || !end {
		t.Fatal("the README has no transcript of make demo")
	}
	number, blanks := regexp.MustCompile(`[0-9a-f]*[0-9][0-9a-f]*`), regexp.MustCompile(` +`)
	shape := func(text string) (lines []string) {
		for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
			lines = append(lines, blanks.ReplaceAllString(number.ReplaceAllString(strings.TrimRight(line, " "), "0"), " "))
		}
		return lines
	}
	want, have := shape("# two Corosync nodes"+block), shape(got)
	for i := range max(len(want), len(have)) {
		if i >= len(want) || i >= len(have) || want[i] != have[i] {
			t.Errorf("the README's transcript differs from line %d on; run make demo and put what it prints there:\n%s", i+1, got)
			return
		}
	}
}

// TestDemo is the main job from beginning to end, with our programs on all three
// machines, and the README's transcript: with -demo it is printed.
func TestDemo(t *testing.T) {
	r := start(t, pair{arbiter: lab.KindGo, nodes: lab.KindGo})
	var printed strings.Builder
	d := demo{t: t, out: &printed}
	if suite.options.demo {
		d.out = io.MultiWriter(os.Stdout, &printed)
	}
	l := r.newLab(t, lab.Config{Nodes: 2})
	for _, h := range append(hosts(l.Arbiter), l.Nodes...) {
		h.MustRun("ln", "-s", suite.quorate, "/run/quorate")
	}
	l.Start()
	one, two := l.Nodes[0], l.Nodes[1]
	brief := []string{"Quorate:", "Nodes:", "Total votes:", "Quorum:", "Flags:", "node", "Qdevice"}

	d.say("two Corosync nodes, and the arbiter as the third vote")
	d.show(one, []string{"Quorate:", "Total votes:", "Flags:", "NMW", "Used by:", "Why:", "Arbiter's reason:", "Arbiter:", "quorum: ", "is kept: "}, "/run/quorate", "status")

	from := lab.Now()
	lab.Cut(hosts(one), hosts(two, l.Arbiter))
	took := awaitAlone(t, l, from, 30*time.Second, two, 2)
	awaitNotQuorate(t, one)
	d.say("node1 loses power: no packet says so. node2 goes on after %.1f s", took.Seconds())
	d.show(two, brief, "corosync-quorumtool", "-s")
	d.say("the arbiter says who has the vote, and why")
	d.show(l.Arbiter, nil, "/run/quorate", "clusters")
	if !two.Quorum().Quorate || one.Quorum().Quorate {
		t.Errorf("%s\n%s", one.Quorum().Text, two.Quorum().Text)
	}

	lab.Heal(hosts(one), hosts(two, l.Arbiter))
	l.AwaitWhole()
	d.say("the power is back")
	d.show(one, brief, "corosync-quorumtool", "-s")
	oneSide(t, r, l)
	compareWithReadme(t, printed.String())
	r.measured("node 2 active alone after %.1f s", took.Seconds())
}
