// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// byteOrderMark is what some editors put before a text.
const byteOrderMark = "\ufeff"

// What is said of a file that begins with it.
const (
	hasMark  = "the file begins with a byte order mark (U+FEFF), which Corosync takes for a part of the first name"
	saveBare = "save the file as UTF-8 without a byte order mark"
)

// encoded is the error of a file that can't be parsed: if its encoding is to blame, it
// says that.
func encoded(data []byte, err error) error {
	var at *Error
	isFirst := errors.As(err, &at) && at.Line == 1
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")), bytes.Count(data, []byte{0}) > len(data)/3:
		return errorf(1, "the file seems to be UTF-16, which Corosync can't read: %s", saveBare)
	case isFirst && bytes.HasPrefix(data, []byte(byteOrderMark)):
		return errorf(1, "%s: %s", hasMark, saveBare)
	}
	return err
}

// meantLine is a hint at what was meant by a line that is neither a section nor a
// value; empty if that can't be told.
func meantLine(text string) string {
	for _, mark := range []string{";", "//", "/*", "--", "<!--"} {
		if strings.HasPrefix(text, mark) {
			return `: a comment begins with "#"`
		}
	}
	if isSection(text) {
		return ": the opening brace belongs in the same line: " + text + " {"
	}
	if key, value, ok := strings.Cut(text, "="); ok && isKey(strings.Trim(key, blanks)) {
		return fmt.Sprintf(": write %s: %s", strings.Trim(key, blanks), strings.Trim(value, blanks))
	}
	if at := strings.IndexAny(text, blanks); at > 0 && isKey(text[:at]) {
		return fmt.Sprintf(": write %s: %s", text[:at], strings.Trim(text[at:], blanks))
	}
	return ""
}

// isSection tells whether a section has that name, and isKey whether a key does, in any place.
func isSection(name string) bool { return len(whereIs(name, true)) > 0 }

func isKey(name string) bool { return len(whereIs(name, false)) > 0 }

// short cuts a text that is quoted.
func short(text string) string {
	const most = 60
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most]) + "…"
}
