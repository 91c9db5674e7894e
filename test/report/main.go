// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Command report runs go test with its arguments, prints what that would print, and
// ends by counting and naming the tests that were skipped, and why: go test alone says
// nothing of them. With CI=true a skip is a failure. It promises to hide nothing that a
// failed test has printed, and does not time or repeat anything.
//
//	go run ./test/report -o skipped -- -count=1 ./...
//
// What was skipped is also written into the file that -o names.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

func main() {
	skipped := flag.String("o", "", "write what was skipped into this `file`, too")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: report [-o FILE] -- ARGUMENTS OF GO TEST")
		flag.PrintDefaults()
	}
	flag.Parse()
	failed, err := run(*skipped, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(2)
	}
	if failed {
		os.Exit(1)
	}
}

// run runs go test, and reports whether it has failed.
func run(skipped string, args []string) (failed bool, err error) {
	cmd := exec.Command("go", append([]string{"test", "-json"}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return true, err
	}
	r := report{out: os.Stdout, kept: map[test][]string{}}
	err = r.read(out)
	failed = cmd.Wait() != nil
	failed = r.end(os.Getenv("CI") == "true") || failed
	if skipped != "" {
		err = errors.Join(err, os.WriteFile(skipped, []byte(r.summary()), 0o644))
	}
	return failed, err
}

// event is one line of go test -json.
type event struct {
	Action, Package, Test, Output string
}

// test is one test, or its package if there is no name.
type test struct{ pkg, name string }

// report is what is to be told of a run.
type report struct {
	out     io.Writer
	kept    map[test][]string // what tests have printed that have not ended yet
	order   []test            // of kept
	skipped []string
	failed  bool
}

func (r *report) read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadString('\n')
		var e event
		switch {
		case line == "":
		case json.Unmarshal([]byte(line), &e) != nil:
			fmt.Fprint(r.out, line) // not from a test
		default:
			r.add(e)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (r *report) add(e event) {
	t := test{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		fmt.Fprint(r.out, e.Output)
	case "build-fail":
		r.failed = true
	case "output":
		if e.Test == "" && e.Output != "PASS\n" {
			fmt.Fprint(r.out, e.Output)
		}
		if e.Test != "" {
			r.keep(t, e.Output)
		}
	case "skip":
		if e.Test != "" { // a package without tests is none that was left out
			r.skipped = append(r.skipped, fmt.Sprintf("%s %s: %s", e.Package, e.Test, reason(r.kept[t])))
		}
		r.drop(t)
	case "pass":
		r.drop(t)
	case "fail":
		r.failed = true
		if e.Test != "" {
			r.print(t)
			return
		}
		for _, t := range append([]test(nil), r.order...) { // of tests that did not come to an end
			if t.pkg == e.Package {
				r.print(t)
			}
		}
	}
}

// keep keeps a line until its test has ended, but for those of go test about its going on.
func (r *report) keep(t test, line string) {
	for _, p := range []string{"=== RUN", "=== PAUSE", "=== CONT", "=== NAME"} {
		if strings.HasPrefix(line, p) {
			return
		}
	}
	if _, ok := r.kept[t]; !ok {
		r.order = append(r.order, t)
	}
	r.kept[t] = append(r.kept[t], line)
}

func (r *report) drop(t test) {
	delete(r.kept, t)
	for i := range r.order {
		if r.order[i] == t {
			r.order = append(r.order[:i], r.order[i+1:]...)
			return
		}
	}
}

func (r *report) print(t test) {
	for _, l := range r.kept[t] {
		fmt.Fprint(r.out, l)
	}
	r.drop(t)
}

// reason is what a test said when it was skipped, without the place.
func reason(lines []string) string {
	var words []string
	for _, l := range lines {
		if l = strings.TrimSpace(l); strings.HasPrefix(l, "--- SKIP") {
			continue
		}
		if place, text, ok := strings.Cut(l, ": "); ok && strings.Contains(place, ".go:") {
			l = text
		}
		words = append(words, l)
	}
	return strings.Join(words, " ")
}

// summary counts and names what was skipped.
func (r *report) summary() string {
	var b strings.Builder
	fmt.Fprintf(&b, "skipped tests: %d\n", len(r.skipped))
	for _, s := range r.skipped {
		b.WriteString("  " + s + "\n")
	}
	return b.String()
}

// end tells what was skipped, and reports whether the run has failed.
func (r *report) end(ci bool) bool {
	fmt.Fprint(r.out, "\n"+r.summary())
	if ci && len(r.skipped) > 0 {
		fmt.Fprintln(r.out, "a skipped test is a failure in CI")
		return true
	}
	return r.failed
}
