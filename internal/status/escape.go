// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package status

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// EscapeName returns s with every control byte written as \xNN: the C0 and C1
// controls, DEL, what turns the direction of a text around, and stray bytes that an
// 8-bit terminal takes for C1. All else, quotes and backslashes too, stays as it is.
func EscapeName(s string) string {
	return escape(s, "")
}

// EscapeText returns s as [EscapeName] does, but keeps line feeds and tabs. It
// makes another daemon's text fit for a terminal.
func EscapeText(s string) string {
	return escape(s, "\n\t")
}

// EscapeJSON returns JSON that means the same, with what encoding/json leaves of the
// characters that EscapeName replaces as \uNNNN: it escapes those below 0x20 alone.
// They occur in strings only.
func EscapeJSON(j []byte) []byte {
	s := string(j)
	if !hasControl(s, "\n\t") {
		return j
	}
	b := make([]byte, 0, len(j)+16)
	for i, r := range s {
		if n := utf8.RuneLen(r); r >= 0x20 && n > 0 && control(r, n, s[i]) {
			b = fmt.Appendf(b, `\u%04x`, r)
			continue
		}
		b = utf8.AppendRune(b, r)
	}
	return b
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
	return r < 0x20 || r >= 0x7f && r < 0xa0 || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}
