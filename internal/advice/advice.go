// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package advice has every sentence that tells somebody what to do.
//
// A command, a log line or a status that gives advice takes it from here, so that one
// test can list all of it: each command that a piece of advice names exists, and each
// state in which it is given is made, and left by following it.
//
// # Limitations
//
// What quorate says about a line of corosync.conf stands in package corosync/conf,
// which is public and stands alone.
package advice

import "strings"

// Advice says what to do in one state. It is either a command alone, or a sentence
// with its commands in backquotes. Words in braces, as in {node}, are filled in by
// [Advice.With]; words in capitals are for the reader to replace.
type Advice string

// With fills in a placeholder: With("node", "pve1") puts pve1 in the place of {node}.
func (a Advice) With(name, value string) Advice {
	return Advice(strings.ReplaceAll(string(a), "{"+name+"}", value))
}

// WithWord is With for a value that is one word of a command: a shell takes it as such
// whatever is in it.
func (a Advice) WithWord(name, value string) Advice { return a.With(name, Quote(value)) }

// plain are the characters that no shell does anything with.
const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:@%+,=-"

// Quote returns s so that a shell takes it for one word.
func Quote(s string) string {
	if s != "" && strings.Trim(s, plain) == "" && s[0] != '-' {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// String returns the advice as it is printed.
func (a Advice) String() string { return string(a) }

// Strings returns several pieces of advice as they are printed, in their order.
func Strings(list ...Advice) []string {
	s := make([]string, 0, len(list))
	for _, a := range list {
		s = append(s, string(a))
	}
	return s
}

// What to do about a corosync.conf that is explained.
const (
	WriteNodelist        Advice = "Write a nodelist. Give each node its own section in it, called node, with its nodeid, name and ring0_addr."
	NameAFile            Advice = "To explain the file of another cluster: `quorate explain FILE`."
	ExpectRunsAlone      Advice = "Expect one node to run alone after a power cut. Delete wait_for_all if nothing else needs it."
	RaiseWatchdogTimeout Advice = "Set SBD_WATCHDOG_TIMEOUT to more than {seconds}."
)
