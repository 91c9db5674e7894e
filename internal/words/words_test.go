// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package words

import (
	"slices"
	"strings"
	"testing"
)

func TestSplit(t *testing.T) {
	for in, want := range map[string][]string{
		"":                           nil,
		"status ":                    {"status"},
		"\t  a\v\f\t b\t":            {"a", "b"},
		"a b\nc":                     {"a", "b"},
		"a b\rc":                     {"a", "b"},
		"  \n a":                     nil,
		`\ab\cd e\fg\ h i\ "x y" ""`: {`\ab\cd`, `e\fg\`, "h", `i\`, `"x`, `y"`, `""`},
	} {
		if got := Split(in); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestSplitQuoted(t *testing.T) {
	for in, want := range map[string][]string{
		"":                                 nil,
		"list  verbose ":                   {"list", "verbose"},
		`list cluster "a b"`:               {"list", "cluster", "a b"},
		`cluster ""`:                       {"cluster", ""},
		`a"b c"d`:                          {"ab cd"},
		`\ab\\cd e\fg\ h i\`:               {`ab\cd`, "efg h", "i"},
		`a\bc "d\e \"f\\  \"  "g hij`:      {"abc", `d\e "f\  "  g`, "hij"},
		"ij\\\na":                          {"ij"},
		"abc \"d e  \r\n x":                {"abc", "d e  "},
		"abc \"d e  \\\"\\\r\n":            {"abc", `d e  "`},
		`"open`:                            {"open"},
		`/bin/sh -c "test 1 -eq $X" 'a b'`: {"/bin/sh", "-c", "test 1 -eq $X", "'a", "b'"},
		"\\\"one\\\" \"\t\" \\":            {`"one"`, "\t", ""},
	} {
		if got := SplitQuoted(in); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// FuzzWords: a quoted text is one word and is itself; no word has a line's end;
// without quotes and backslashes the two ways of splitting agree.
func FuzzWords(f *testing.F) {
	f.Add(`list cluster "a b" \"`)
	f.Add("\\")
	f.Add("a\v\fb\r\nc \"")
	f.Fuzz(func(t *testing.T, s string) {
		for _, w := range append(Split(s), SplitQuoted(s)...) {
			if strings.ContainsAny(w, "\r\n") {
				t.Errorf("%q: word %q", s, w)
			}
		}
		if !strings.ContainsAny(s, `"\`) && !slices.Equal(Split(s), SplitQuoted(s)) {
			t.Errorf("%q: %q and %q", s, Split(s), SplitQuoted(s))
		}
		if strings.ContainsAny(s, "\r\n") {
			return
		}
		if got := SplitQuoted("x " + Quote(s) + " y"); len(got) != 3 || got[1] != s {
			t.Errorf("%q became %q", s, got)
		}
	})
}
