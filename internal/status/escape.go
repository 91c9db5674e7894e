// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package status

import (
	"strings"
	"unicode/utf8"
)

// EscapeName returns s with every control byte written as \xNN: the C0 and C1
// controls, DEL, and stray bytes that an 8-bit terminal takes for C1. All else,
// quotes and backslashes too, stays as it is.
func EscapeName(s string) string {
	return escape(s, "")
}

// EscapeText returns s as [EscapeName] does, but keeps line feeds and tabs. It
// makes another daemon's text fit for a terminal.
func EscapeText(s string) string {
	return escape(s, "\n\t")
}

func escape(s, keep string) string {
	if !hasControl(s, keep) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if control(r, n, s[i]) && strings.IndexByte(keep, s[i]) < 0 {
			for _, c := range []byte(s[i : i+n]) {
				const hex = "0123456789abcdef"
				b.WriteString(`\x`)
				b.WriteByte(hex[c>>4])
				b.WriteByte(hex[c&15])
			}
		} else {
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

func hasControl(s, keep string) bool {
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if control(r, n, s[i]) && strings.IndexByte(keep, s[i]) < 0 {
			return true
		}
		i += n
	}
	return false
}

// control reports whether the rune r of n bytes, which starts with the byte
// first, is a control. For a byte that is no UTF-8 the byte itself counts.
func control(r rune, n int, first byte) bool {
	if r == utf8.RuneError && n == 1 {
		r = rune(first)
	}
	return r < 0x20 || r >= 0x7f && r < 0xa0
}
