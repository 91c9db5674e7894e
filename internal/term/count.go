// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package term

import (
	"fmt"
	"strings"
)

// Count is "1 node" or "2 nodes".
func Count[N int | uint32](n N, noun string) string {
	return fmt.Sprintf("%d %s", n, Plural(n, noun, noun+"s"))
}

// Plural is the word for one, or that for any other number.
func Plural[N int | uint32](n N, one, others string) string {
	if n == 1 {
		return one
	}
	return others
}

// And joins words as a sentence does: "pve1, pve2 and pve3".
func And(words []string) string { return List(words, "and") }

// List joins words with a conjunction before the last.
func List(words []string, conjunction string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " " + conjunction + " " + words[last]
}
