// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package interop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/quorate/quorate/test/interop/lab"
)

// The test of these tests: with an arbiter that acknowledges everybody each row that is
// for any arbiter has to fail. Because a test that has failed stays failed, these pairs
// run in a process of their own, whose word counts the other way round.

// quick are the rows that CI runs with that arbiter.
const quick = "^Test(Split|CutOffFlag|NodeKilled)$/^(lowest,kap=true|yesman)$"

// outcomesEnv names the file in which the child tells its outcomes.
const outcomesEnv = "QUORATE_INTEROP_OUTCOMES"

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
	file string // of its outcomes
}

// outcome is a trial as one process tells it to the other.
type outcome struct{ Row, Arbiter, Nodes, Result, Text string }

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
	c.cmd = exec.Command(os.Args[0], "-test.run", run, "-test.skip", "^TestVotequorum", "-test.parallel", "32", "-test.timeout", "0")
	c.cmd.Env = append(os.Environ(), "QUORATE_INTEROP_PAIRS="+strings.Join(words, " "), outcomesEnv+"="+c.file,
		"QUORATE_INTEROP_TABLE=", "QUORATE_INTEROP_DOC=", "QUORATE_DEMO=")
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
	b, err := os.ReadFile(c.file)
	if err != nil {
		return err
	}
	var list []outcome
	if err := json.Unmarshal(b, &list); err != nil {
		return err
	}
	for _, o := range list {
		suite.trials = append(suite.trials, &trial{pair: pair{lab.Kind(o.Arbiter), lab.Kind(o.Nodes)}, row: o.Row, result: o.Result, text: o.Text})
	}
	return nil
}

// proved returns an error if a row has passed with an arbiter that acknowledges
// everybody, or has failed before there was anything to fail.
func proved() error {
	var bad []string
	var list []outcome
	for _, r := range suite.trials {
		if r.result != "fails" {
			bad = append(bad, fmt.Sprintf("%s %s: %s", r.row, r.pair, r.result))
		}
		list = append(list, outcome{r.row, string(r.arbiter), string(r.nodes), r.result, r.text})
	}
	if path := os.Getenv(outcomesEnv); path != "" {
		b, err := json.Marshal(list)
		if err != nil {
			return err
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			return err
		}
	}
	if len(bad) > 0 {
		return fmt.Errorf("rows that prove nothing:\n%s", strings.Join(bad, "\n"))
	}
	fmt.Printf("%d rows have failed with an arbiter that acknowledges everybody, as they must\n", len(list))
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
