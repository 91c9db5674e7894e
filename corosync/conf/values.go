// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// types holds the values that are no strings. Corosync knows them by their full
// name, and only inside the section of that kind.
var types = map[kind]map[string]Type{quorum: typed("quorum"), device: typed("quorum.device"), totem: typed("totem")}

// linkTypes are the types of the values that an interface section keeps until its
// end.
var linkTypes = typed("totem.interface")

// typeOf returns the type that Corosync expects of a value.
func typeOf(k kind, name, key string) Type {
	switch {
	case k == node && (key == "nodeid" || key == "quorum_votes"):
		return Uint32
	case k == resources && key == "watchdog_timeout":
		return Uint32
	case k == monitored && key == "poll_period":
		return Uint64
	}
	if t, ok := types[k][name]; ok {
		return t
	}
	return String
}

type enum struct {
	kind kind
	name string
}

// enums holds the strings that may have certain values only.
var enums = enumerated()

var ranges = map[Type]string{
	Uint8:  "0 to 255",
	Uint16: "0 to 65535",
	Uint32: "0 to 4294967295",
	Uint64: "0 to 18446744073709551615",
	Int32:  "-2147483648 to 2147483647",
}

// number reads a number as C's strtoll and strtoull do: blanks and a sign may
// come first, nothing may follow. It returns the number as cmap prints it.
func number(text string, t Type) (string, bool) {
	text = strings.TrimLeft(text, " \t\n\v\f\r")
	digits, negative := strings.CutPrefix(text, "-")
	if !negative {
		digits = strings.TrimPrefix(digits, "+")
	}
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return "", false
	}
	u, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return "", false
	}
	if t == Uint64 { // strtoull lets a negative number wrap
		if negative {
			u = -u
		}
		return strconv.FormatUint(u, 10), true
	}
	if u > math.MaxInt64 {
		return "", false
	}
	n := int64(u)
	if negative {
		n = -n
	}
	lo, hi := bounds(t)
	return strconv.FormatInt(n, 10), n >= lo && n <= hi
}

func bounds(t Type) (lo, hi int64) {
	switch t {
	case Uint8:
		return 0, math.MaxUint8
	case Uint16:
		return 0, math.MaxUint16
	case Uint32:
		return 0, math.MaxUint32
	}
	return math.MinInt32, math.MaxInt32
}

// known tells whether a string is one of those that Corosync knows.
func known(e enum, v string) bool { return slices.Contains(enums[e], v) }
