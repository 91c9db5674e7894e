// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package votequorum_test

import (
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/golden"
	"github.com/quorate/quorate/internal/votequorum/vqtest"
)

// TestTranscripts plays testdata/*.txt. test/interop plays the same files on
// real Corosync nodes.
func TestTranscripts(t *testing.T) {
	golden.Play(t, "testdata/*.txt", 1, play)
}

// play runs a transcript and returns it with what the machines say now.
func play(t *testing.T, text string) string {
	t.Helper()
	var b strings.Builder
	c := vqtest.New(time.Unix(1_000_000, 0))
	for _, s := range vqtest.ParseScript(text) {
		for _, line := range s.Comment {
			b.WriteString(line + "\n")
		}
		b.WriteString(s.Text + "\n")
		if err := c.Play(s.Command); err != nil {
			t.Fatal(err)
		}
		for _, line := range output(c, s.Command) {
			b.WriteString("  " + line + "\n")
		}
	}
	return b.String()
}

func output(c *vqtest.Cluster, cmd vqtest.Command) []string {
	lines := c.Table()
	if cmd.IsCall() {
		first := cmd
		first.Args = cmd.Args[:1]
		if ids, err := first.IDs(); err == nil {
			lines = append([]string{c.LastAnswer(ids[0]).String()}, lines...)
		}
	}
	return lines
}
