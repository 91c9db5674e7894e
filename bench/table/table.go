// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"slices"
)

// median returns the middle of the figures; they may be in any order.
func median(f []float64) float64 { return percentile(f, 50) }

// percentile returns the smallest figure that is not below p percent of them.
func percentile(f []float64, p int) float64 {
	if len(f) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(f))
	at := (len(s)*p + 99) / 100
	return s[max(0, at-1)]
}
