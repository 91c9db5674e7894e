// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package random

import "testing"

// TestSource: the numbers that splitmix64 is known by, those of the seeds 0 and 1234567.
func TestSource(t *testing.T) {
	for seed, want := range map[Source][3]uint64{
		0:       {0xe220a8397b1dcdaf, 0x6e789e6aa1b965f4, 0x06c45d188009454f},
		1234567: {6457827717110365317, 3203168211198807973, 9817491932198370423},
	} {
		s := seed
		for i, w := range want {
			first := Mix(uint64(s))
			if got := s.Uint64(); got != w || first != w {
				t.Errorf("seed %d, number %d: %#x and %#x, want %#x", seed, i, got, first, w)
			}
		}
	}
}

func TestBytes(t *testing.T) {
	b := Bytes{7, 9}
	for i, want := range []byte{7, 9, 0, 0} {
		if got := b.Byte(); got != want {
			t.Errorf("byte %d: %d, want %d", i, got, want)
		}
	}
}
