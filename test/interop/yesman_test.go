// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package interop

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/quorate/quorate/test/interop/lab"
	"github.com/quorate/quorate/test/results"
)

// The test of these tests: with an arbiter that acknowledges everybody each row that is
// for any arbiter has to fail. Because a test that has failed stays failed, these pairs
// run in a process of their own, whose word counts the other way round.

// quick are the rows that CI runs with that arbiter.
const quick = "^Test(Split|CutOffFlag|NodeKilled)$/^(lowest,kap=true|yesman)$"

// yesmanRows is the pattern of the rows to run with it, beside a run of these; empty is
// all. If there is nothing to do it is "^$".
func yesmanRows(run string, usual bool) string {
	switch {
	case !usual:
		return run
	case run != "":
		return "^$"
	}
	return quick
}

// apart tells the pairs with that arbiter from the others.
func apart(pairs []pair) (others, liars []pair) {
	for _, p := range pairs {
		if p.arbiter == lab.KindYesman {
			liars = append(liars, p)
		} else {
			others = append(others, p)
		}
	}
	return others, liars
}

// child is that other process.
type child struct {
	cmd  *exec.Cmd
	out  bytes.Buffer
	file string // of its results
}

// startYesman runs the rows with these pairs. There is no child without pairs.
func startYesman(pairs []pair, run string) *child {
	if len(pairs) == 0 || run == "^$" || suite.skip != "" {
		return nil
	}
	var words []string
	for _, p := range pairs {
		words = append(words, p.String())
	}
	c := &child{file: filepath.Join(suite.dir, "yesman.json")}
	// The rows of votequorum are about Corosync: an arbiter has no part in them.
	c.cmd = exec.Command(os.Args[0], "-pairs", strings.Join(words, " "), "-results", c.file,
		"-clusters", strconv.Itoa(max(1, suite.options.clusters/2)), // this process has its own beside these
		"-test.run", run, "-test.skip", "^TestVotequorum", "-test.parallel", "32", "-test.timeout", "0")
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // as when this run is out of time
	c.cmd.Stdout, c.cmd.Stderr = &c.out, &c.out
	if err := c.cmd.Start(); err != nil {
		fmt.Fprintln(&c.out, err) // wait tells it
	}
	return c
}

// wait waits for the child's end and adds its trials to ours.
func (c *child) wait() error {
	if c == nil {
		return nil
	}
	if err := c.cmd.Wait(); err != nil {
		return fmt.Errorf("the run with an arbiter that acknowledges everybody: %w\n%s", err, c.out.String())
	}
	run, err := results.Read(c.file)
	if err != nil {
		return err
	}
	for _, r := range run.Rows {
		pairs, err := parsePairs(r.Pair)
		if err != nil {
			return err
		}
		for _, p := range pairs {
			suite.trials = append(suite.trials, &trial{pair: p, row: r.Name, result: r.Result, text: r.Text})
		}
	}
	return nil
}

// proved returns an error if a row has passed with an arbiter that acknowledges
// everybody, or has failed before there was anything to fail.
func proved() error {
	var bad []string
	for _, r := range suite.trials {
		if r.result != "fails" {
			bad = append(bad, fmt.Sprintf("%s %s: %s", r.row, r.pair, r.result))
		}
	}
	if len(bad) > 0 {
		return fmt.Errorf("rows that prove nothing:\n%s", strings.Join(bad, "\n"))
	}
	fmt.Printf("%d rows have failed with an arbiter that acknowledges everybody, as they must\n", len(suite.trials))
	return nil
}

// yesmanResult is the outcome of a row with an arbiter that acknowledges everybody.
func (r *trial) yesmanResult(failed bool) string {
	whole := false
	for _, l := range r.labs {
		whole = whole || l.Whole
	}
	switch {
	case !failed:
		return "passes, and must not"
	case !whole:
		return "fails, but the nodes were never whole"
	}
	return "fails"
}
