// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"strings"
	"testing"
)

// good is what go test -json says of a run with every outcome.
const good = `{"Action":"start","Package":"q/a"}
{"Action":"run","Package":"q/a","Test":"TestGood"}
{"Action":"output","Package":"q/a","Test":"TestGood","Output":"=== RUN   TestGood\n"}
{"Action":"output","Package":"q/a","Test":"TestGood","Output":"    a_test.go:3: nobody wants to know\n"}
{"Action":"pass","Package":"q/a","Test":"TestGood"}
{"Action":"output","Package":"q/a","Test":"TestRoot","Output":"=== RUN   TestRoot\n"}
{"Action":"output","Package":"q/a","Test":"TestRoot","Output":"    a_test.go:9: needs root\n"}
{"Action":"output","Package":"q/a","Test":"TestRoot","Output":"--- SKIP: TestRoot (0.00s)\n"}
{"Action":"skip","Package":"q/a","Test":"TestRoot"}
{"Action":"output","Package":"q/a","Output":"PASS\n"}
{"Action":"output","Package":"q/a","Output":"ok  \tq/a\t0.1s\n"}
{"Action":"pass","Package":"q/a"}
{"Action":"output","Package":"q/none","Output":"?   \tq/none\t[no test files]\n"}
{"Action":"skip","Package":"q/none"}
`

const bad = `{"Action":"output","Package":"q/b","Test":"TestBad","Output":"    b_test.go:7: got 2\n"}
{"Action":"output","Package":"q/b","Test":"TestBad","Output":"--- FAIL: TestBad (0.00s)\n"}
{"Action":"fail","Package":"q/b","Test":"TestBad"}
{"Action":"output","Package":"q/b","Test":"TestDead","Output":"the program ended in it\n"}
{"Action":"output","Package":"q/b","Output":"FAIL\tq/b\t0.1s\n"}
{"Action":"fail","Package":"q/b"}
{"ImportPath":"q/c","Action":"build-output","Output":"c.go:1: syntax error\n"}
{"ImportPath":"q/c","Action":"build-fail"}
# a line that is no event
`

func TestReport(t *testing.T) {
	const ok = "ok  \tq/a\t0.1s\n?   \tq/none\t[no test files]\n"
	const left = "\nskipped tests: 1\n  q/a TestRoot: needs root\n"
	for _, c := range []struct {
		name, in, want string
		ci, fails      bool
	}{
		{"well", good, ok + left, false, false},
		{"in CI", good, ok + left + "a skipped test is a failure in CI\n", true, true},
		{"nothing skipped", `{"Action":"pass","Package":"q/a"}`, "\nskipped tests: 0\n", true, false},
		{"failures", good + bad, ok + "    b_test.go:7: got 2\n--- FAIL: TestBad (0.00s)\nFAIL\tq/b\t0.1s\nthe program ended in it\n" +
			"c.go:1: syntax error\n# a line that is no event\n" + left, false, true},
		{"a package fails without a test", `{"Action":"fail","Package":"q/a"}`, "\nskipped tests: 0\n", false, true},
	} {
		var out strings.Builder
		r := report{out: &out, kept: map[test][]string{}}
		if err := r.read(strings.NewReader(c.in)); err != nil {
			t.Error(err)
		}
		if fails := r.end(c.ci); fails != c.fails || out.String() != c.want {
			t.Errorf("%s: fails %v\n%s\nwant %v\n%s", c.name, fails, out.String(), c.fails, c.want)
		}
	}
}
