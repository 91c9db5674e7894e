// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package leak counts what a test must not leave behind. Only tests use it.
package leak

import (
	"bytes"
	"runtime"
)

// Goroutines returns how many goroutines there are, exactly. runtime.NumGoroutine adds up
// counters while they change, and is off by some thirty now and then.
func Goroutines() int {
	for b := make([]byte, 64<<10); ; b = make([]byte, 2*len(b)) {
		if n := runtime.Stack(b, true); n < len(b) {
			return 1 + bytes.Count(b[:n], []byte("\n\ngoroutine "))
		}
	}
}
