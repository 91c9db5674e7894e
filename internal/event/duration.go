// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package event

import (
	"strconv"
	"time"
)

// Duration returns a time as people say it: "300 ms", "4 s", "2.1 s", "28 s", "3 min",
// "2 h", "5 days". It rounds: what needs the exact value has it elsewhere.
func Duration(d time.Duration) string {
	switch d = d.Abs(); {
	case d < 950*time.Microsecond:
		return number(float64(d.Microseconds())/1000, 1) + " ms"
	case d < 950*time.Millisecond:
		return number(float64(d.Microseconds())/1000, 0) + " ms"
	case d < 9950*time.Millisecond:
		return number(d.Seconds(), 1) + " s"
	case d < 119500*time.Millisecond:
		return number(d.Seconds(), 0) + " s"
	case d < 119*time.Minute+30*time.Second:
		return number(d.Minutes(), 0) + " min"
	case d < 47*time.Hour+30*time.Minute:
		return number(d.Hours(), 0) + " h"
	}
	return number(d.Hours()/24, 0) + " days"
}

// number prints a number with so many decimals, less trailing zeros.
func number(f float64, decimals int) string {
	s := strconv.FormatFloat(f, 'f', decimals, 64)
	if decimals > 0 && s[len(s)-1] == '0' {
		return s[:len(s)-2]
	}
	return s
}
