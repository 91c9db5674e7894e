// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package words

import (
	"strconv"
	"strings"
)

// Switch reads a word that turns something on or off, in any case. ok is whether it does.
func Switch(word string) (on, ok bool) {
	switch strings.ToLower(word) {
	case "yes", "on", "1":
		return true, true
	case "no", "off", "0":
		return false, true
	}
	return false, false
}

// Number reads a decimal number as strtoll does, with leading blanks and a sign. ok is
// whether it is one from low to high.
func Number(word string, low, high int64) (n int64, ok bool) {
	n, err := strconv.ParseInt(strings.TrimLeft(word, " \t\n\v\f\r"), 10, 64)
	return n, err == nil && low <= n && n <= high
}
