// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package explain

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/golden"
	"github.com/quorate/quorate/internal/votequorum/vqtest"
)

// TestNotesOfTranscripts: lint and explain say nothing untrue of the clusters of
// votequorum's transcripts, which test/interop plays on real nodes.
func TestNotesOfTranscripts(t *testing.T) {
	seen := tried{}
	golden.Each(t, "../votequorum/testdata/*.txt", 28, func(t *testing.T, _, text string) {
		first := vqtest.ParseScript(text)[0]
		if first.Verb != "cluster" {
			t.Fatalf("it begins with %q", first.Text)
		}
		seen.check(t, fileOf(t, first.Args))
	})
	if len(seen) < 5 {
		t.Errorf("too little was tried: %v", seen)
	}
}

// fileOf writes the file of a transcript's cluster.
func fileOf(t *testing.T, settings []string) string {
	t.Helper()
	given := map[string]string{}
	for _, s := range settings {
		k, v, _ := strings.Cut(s, "=")
		given[k] = v
	}
	nodes, err := strconv.Atoi(given["nodes"])
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString(head)
	votes := strings.Split(given["votes"], ",")
	for i := range nodes {
		fmt.Fprintf(&b, " node {\n  nodeid: %d\n  ring0_addr: 192.0.2.%d\n", i+1, i+1)
		if i < len(votes) && votes[i] != "" {
			fmt.Fprintf(&b, "  quorum_votes: %s\n", votes[i])
		}
		b.WriteString(" }\n")
	}
	b.WriteString("}\nquorum {\n provider: corosync_votequorum\n")
	write := func(keys ...string) {
		for _, k := range keys {
			v, ok := given[k]
			if d, err := time.ParseDuration(v); err == nil && v != "0" {
				v = strconv.FormatInt(d.Milliseconds(), 10)
			}
			if ok {
				fmt.Fprintf(&b, "  %s: %s\n", k, strings.ReplaceAll(v, ",", " "))
			}
		}
	}
	write("two_node", "wait_for_all", "auto_tie_breaker", "auto_tie_breaker_node", "last_man_standing", "last_man_standing_window",
		"allow_downscale", "expected_votes", "expected_votes_tracking")
	if v, ok := given["device"]; ok {
		b.WriteString(" device {\n  model: net\n")
		algorithm := "lms"
		switch v {
		case "1":
			algorithm = "ffsplit"
			fallthrough
		default:
			fmt.Fprintf(&b, "  votes: %s\n", v)
		case "auto":
		}
		write("timeout", "sync_timeout")
		fmt.Fprintf(&b, "  net {\n   host: 192.0.2.99\n   tls: on\n   algorithm: %s\n  }\n }\n", algorithm)
	}
	return b.String() + "}\n"
}
