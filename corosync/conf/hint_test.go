// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
)

// TestHints: what can't be parsed is told what was meant, and what an editor did to the
// file is told as that.
func TestHints(t *testing.T) {
	good := cluster(2, "")
	var wide []byte
	for _, c := range utf16.Encode([]rune(good)) {
		wide = append(wide, byte(c), byte(c>>8))
	}
	replaced := func(old, with string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("no %q", old)
		}
		return strings.Replace(good, old, with, 1)
	}
	for _, c := range []struct{ text, want string }{
		{string(wide), "seems to be UTF-16"},
		{"\xff\xfe" + string(wide), "seems to be UTF-16"},
		{"\ufeff# mine\n" + good, "byte order mark (U+FEFF)"},
		{"; mine\n" + good, `a comment begins with "#"`},
		{"// mine\n" + good, `a comment begins with "#"`},
		{replaced("version: 2", "version = 2"), "write version: 2"},
		{replaced("version: 2", "version 2"), "write version: 2"},
		{replaced("quorum {", "quorum\n{"), "belongs in the same line: quorum {"},
		{replaced("quorum {", "{"), "behind the section's name, in the same line"},
		{replaced("quorum {", "quorum { # votes"), "write it on its own line"},
		{replaced("version: 2", strings.Repeat("é", 200)), strings.Repeat("é", 60) + "…\""},
	} {
		if _, err := Parse([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.20q: got %v, want %s", c.text, err, c.want)
		}
	}
	found := mustParse(t, "\ufeff"+good).Lint()
	if !slices.ContainsFunc(found, func(p Problem) bool { return p.Level == Fault && strings.Contains(p.Text, "byte order mark") }) ||
		slices.ContainsFunc(found, func(p Problem) bool { return strings.Contains(p.Text+p.WhatToDo, "\ufeff") }) {
		t.Errorf("got %q", found)
	}
}

// TestMisspeltNodelist: a file whose nodes stand in the wrong place is none of an earlier
// Corosync.
func TestMisspeltNodelist(t *testing.T) {
	for _, name := range []string{"nodlist {", "nodes {", "node_list {", "totem {"} {
		text := strings.Replace(cluster(2, ""), "nodelist {", name, 1) + "totem {\ninterface {\nlinknumber: 0\n}\n}\n"
		if found := mustParse(t, text).Lint(); slices.ContainsFunc(found, func(p Problem) bool { return strings.Contains(p.Text, "for Corosync") }) {
			t.Errorf("%s: got %q", name, found)
		}
	}
}

// TestDeviceVotesUnread: votes that are no number are not also said to be the wrong number.
func TestDeviceVotesUnread(t *testing.T) {
	for _, votes := range []string{"votes: one", "votes: 1 # one", "votes: -1"} {
		found := mustParse(t, cluster(2, "wait_for_all: 1\nexpected_votes: 3\n"+withDevice("", votes))).Lint()
		if found = slices.DeleteFunc(found, func(p Problem) bool { return p.Level != Fault }); len(found) != 1 || found[0].Stops != corosync {
			t.Errorf("%s: got %q", votes, found)
		}
	}
}
