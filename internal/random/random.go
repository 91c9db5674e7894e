// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package random has the numbers that a machine or a simulator draws: the same from the same
// seed, on every machine and in every version. They keep nothing secret.
package random

// Source is splitmix64 (Steele, Lea, Flood, 2014). Its value is the seed of what is to come.
type Source uint64

// gamma is the odd number by which the state moves on.
const gamma = 0x9e3779b97f4a7c15

// Uint64 is the next number.
func (s *Source) Uint64() uint64 {
	z := Mix(uint64(*s))
	*s += gamma
	return z
}

// Mix is the number that a Source of that value begins with: whoever has numbered what it
// needs chance for can have any of them without those before.
func Mix(seed uint64) uint64 {
	z := seed + gamma
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Bytes is a source that a fuzzer has chosen: zeros after its end.
type Bytes []byte

// Byte is the next one.
func (b *Bytes) Byte() byte {
	if len(*b) == 0 {
		return 0
	}
	next := (*b)[0]
	*b = (*b)[1:]
	return next
}
