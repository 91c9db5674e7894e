// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package words splits a line into words as the C programs do: the commands of
// their local sockets, and those of heuristics. It reads switches and numbers as they do.
//
// Blanks between words are the six of C's own locale. A line feed or carriage
// return outside a word, or one that ends a word, is the line's end.
//
// # Limitations
//
// No variables, no single quotes, no patterns: a word is what it says.
package words

import "strings"

// Split returns the words of a line; every other character stands for itself.
func Split(line string) []string {
	return split(line, false)
}

// SplitQuoted returns the words of a line in which a backslash makes the next
// character an ordinary one, and blanks within double quotes are ordinary. Within
// quotes a backslash is special only before a quote or a backslash. A word may be
// empty: "". An open quote ends with the line.
func SplitQuoted(line string) []string {
	return split(line, true)
}

// Quote makes one word of s for SplitQuoted. What has line feeds or carriage
// returns can't be made one.
func Quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(s); i++ {
		if s[i] == '"' || s[i] == '\\' {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	b.WriteByte('"')
	return b.String()
}

func split(line string, quotes bool) []string {
	var list []string
	for {
		line = strings.TrimLeft(line, " \t\v\f")
		if line == "" || endsLine(line[0]) {
			return list
		}
		word, n := next(line, quotes)
		list, line = append(list, word), line[n:]
	}
}

// next reads the word at the start of s and returns how many bytes it took.
func next(s string, quotes bool) (word string, n int) {
	var b strings.Builder
	quoted := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case endsLine(c) || !quoted && strings.IndexByte(" \t\v\f", c) >= 0:
			return b.String(), i
		case quotes && c == '"':
			quoted = !quoted
		case quotes && c == '\\':
			if i+1 == len(s) || endsLine(s[i+1]) {
				return b.String(), i + 1
			}
			if i++; quoted && s[i] != '"' && s[i] != '\\' {
				b.WriteByte('\\')
			}
			b.WriteByte(s[i])
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), len(s)
}

func endsLine(c byte) bool { return c == '\n' || c == '\r' }
