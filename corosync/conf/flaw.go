// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A flaw is why a value does not have the form of its key. The zero flaw is none.
type flaw struct {
	why  string
	mend string // the value as it was meant; empty if that can't be told
	todo string // where mend is not all
	bare bool   // it says no more than that the value is wrong
}

func (f flaw) is() bool { return f.why != "" }

// look finds what people write around a value that Corosync takes for a part of it.
// In strict forms no value can hold the characters that are looked for.
func look(v string, strict bool) flaw {
	for _, find := range []func(string, bool) flaw{comment, foreign, quoted, placeholder, ended, begun} {
		if f := find(v, strict); f.is() {
			if f.mend == v {
				f.mend = ""
			}
			return f
		}
	}
	return flaw{}
}

// tidy takes all that look finds away.
func tidy(v string, strict bool) string {
	for range 8 {
		f := look(v, strict)
		if !f.is() || f.mend == "" {
			break
		}
		v = f.mend
	}
	return v
}

// lookalikes are characters that look like others, and those.
var lookalikes = []struct{ chars, like, name string }{
	{"\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " ", "a blank"},
	{"\u00ad\u200b\u200c\u200d\u2060\ufeff\u200e\u200f", "", "an invisible character"},
	{"\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d", "-", "a dash"},
	{"\u2018\u2019\u201a\u201b\u2032\u00b4", "'", "a quotation mark"},
	{"\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", `"`, "a quotation mark"},
}

// foreign finds characters that only look like those of the keyboard, control
// characters, and in strict forms all that is no ASCII.
func foreign(v string, strict bool) flaw {
	for i, r := range v {
		size := utf8.RuneLen(r)
		for _, l := range lookalikes {
			if strings.ContainsRune(l.chars, r) {
				return flaw{why: fmt.Sprintf("it holds %s (%U) as word processors and web pages write it", l.name, r),
					mend: strings.Trim(v[:i]+l.like+v[i+size:], " ")}
			}
		}
		switch {
		case r == '\t' && strict:
			return flaw{why: "it holds a tab", mend: v[:i] + " " + v[i+1:]}
		case r != '\t' && unicode.IsControl(r):
			return flaw{why: fmt.Sprintf("it holds a control character (%U)", r)}
		case r >= utf8.RuneSelf && strict:
			return flaw{why: fmt.Sprintf("it holds %q (%U)", r, r)}
		}
	}
	return flaw{}
}

// comment finds a comment behind the value.
func comment(v string, strict bool) flaw {
	at := len(v)
	marks := []string{"#", "//", "/*", ";", "<!--"}
	if strict {
		marks = append(marks, "--")
	}
	for _, mark := range marks {
		for i := range v {
			if !strings.HasPrefix(v[i:], mark) {
				continue
			}
			own := i == 0 || strings.IndexByte(blanks, v[i-1]) >= 0
			follows := i+len(mark) < len(v)
			if own || strict && (mark == "#" || mark == "/*" || mark == ";" && follows) {
				at = min(at, i)
			}
		}
	}
	if at == len(v) {
		return flaw{}
	}
	return flaw{
		why:  fmt.Sprintf("Corosync has no comments after a value, so %q is part of it", v[at:]),
		mend: strings.TrimRight(v[:at], blanks), todo: "write the comment on its own line",
	}
}

// quoted finds quotation marks around the value.
func quoted(v string, _ bool) flaw {
	if v == "" || strings.IndexByte("\"'`", v[0]) < 0 && strings.IndexByte("\"'`", v[len(v)-1]) < 0 {
		return flaw{}
	}
	return flaw{why: "the quotation marks are part of it", mend: strings.Trim(v, "\"'`"+blanks)}
}

// placeholder finds a value that was to be filled in.
func placeholder(v string, strict bool) flaw {
	between := func(open, end string) bool {
		i := strings.Index(v, open)
		return i >= 0 && strings.Contains(v[i+len(open):], end)
	}
	switch {
	case between("<", ">"), between("{{", "}}"), between("${", "}"), between("$(", ")"), between("{%", "%}"),
		len(v) > 2 && strings.Trim(v, "%@_") != v && strings.IndexByte("%@", v[0]) >= 0 && v[0] == v[len(v)-1],
		strict && strings.HasPrefix(v, "$"), strings.HasPrefix(strings.ToUpper(v), "CHANGE_ME"), strings.EqualFold(v, "changeme"),
		strict && (crossed(v) || capitals(v)):
		return flaw{why: "it is a placeholder that was not filled in"}
	}
	return flaw{}
}

// crossed tells whether a text is an address with numbers left open: 192.0.2.x.
func crossed(v string) bool {
	parts := strings.Split(strings.ToLower(v), ".")
	open := func(p string) bool { return p != "" && strings.Trim(p, "x") == "" }
	return len(parts) == 4 && slices.ContainsFunc(parts, open) &&
		!slices.ContainsFunc(parts, func(p string) bool { return !open(p) && (p == "" || strings.Trim(p, "0123456789") != "") })
}

// capitals tells whether a text stands for an address in somebody's instructions:
// QNETD_IP, YOUR-ARBITER, ADDRESS.
func capitals(v string) bool {
	words := strings.FieldsFunc(v, func(r rune) bool { return r == '_' || r == '-' })
	if v != strings.ToUpper(v) || len(words) == 0 {
		return false
	}
	return words[0] == "YOUR" || slices.ContainsFunc([]string{"IP", "ADDR", "ADDRESS", "HOSTNAME", "IPADDRESS"},
		func(w string) bool { return words[len(words)-1] == w || words[0] == w })
}

// ended finds a comma or a semicolon at the end.
func ended(v string, _ bool) flaw {
	if mend := strings.TrimRight(v, ",;"+blanks); mend != v && mend != "" {
		return flaw{why: fmt.Sprintf("the %q at its end is part of it", v[len(mend):]), mend: mend}
	}
	return flaw{}
}

// begun finds a second mark between key and value, or a second key.
func begun(v string, strict bool) flaw {
	if key, rest, ok := strings.Cut(v, ": "); ok && strict && key != "" && strings.Trim(key, "abcdefghijklmnopqrstuvwxyz0123456789_") == "" {
		return flaw{why: fmt.Sprintf("the %q at its beginning is part of it", key+":"), mend: strings.TrimLeft(rest, blanks)}
	}
	if mend := strings.TrimLeft(v, "=:"+blanks); mend != v && mend != "" && !strings.HasPrefix(v, "::") && strings.IndexByte("=:", v[0]) >= 0 {
		return flaw{why: fmt.Sprintf("the %q at its beginning is part of it", v[:len(v)-len(mend)]), mend: mend}
	}
	return flaw{}
}

// parts splits a value where it names several things.
func parts(v string) []string {
	return strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == ';' })
}

// hostFlaw is why a value names no machine.
func hostFlaw(v string) flaw {
	if v == "" {
		return flaw{why: "it is empty"}
	}
	if f := look(v, true); f.is() {
		return f.mended(tidy(v, true), hostFlaw)
	}
	for _, find := range []func(string) flaw{aURL, bracketed, prefixed, several, addressFlaw, ported, badAddress, nameFlaw} {
		f := find(v)
		if f.why == fine {
			return flaw{}
		}
		if f.is() {
			return f.mended(f.mend, hostFlaw)
		}
	}
	return flaw{}
}

// mended has a mended value that is well, if one can be had.
func (f flaw) mended(v string, find func(string) flaw) flaw {
	if f.mend == "" || v == "" {
		return f
	}
	f.mend = v
	if again := find(v); again.is() {
		f.mend = again.mend
	}
	return f
}

// fine ends the search: the value is known to be well.
const fine = "fine"

func aURL(v string) flaw {
	_, rest, ok := strings.Cut(v, "://")
	if !ok {
		return flaw{}
	}
	host, _, _ := strings.Cut(rest, "/")
	if at := strings.LastIndexByte(host, '@'); at >= 0 {
		host = host[at+1:]
	}
	return flaw{why: "it is a URL", mend: host}
}

func bracketed(v string) flaw {
	if strings.ContainsAny(v, "[]") {
		inner, port, _ := strings.Cut(strings.TrimLeft(v, "["), "]")
		why := "an address stands without brackets"
		if strings.HasPrefix(port, ":") {
			why += " and without a port"
		}
		return flaw{why: why, mend: inner}
	}
	if strings.ContainsAny(v, "(){}") {
		return flaw{why: "brackets are not allowed in a name or an address"}
	}
	return flaw{}
}

func prefixed(v string) flaw {
	host, length, ok := strings.Cut(v, "/")
	if !ok {
		return flaw{}
	}
	if length != "" && strings.Trim(length, "0123456789.") == "" {
		return flaw{why: fmt.Sprintf("%q is for a network, not for one machine", "/"+length), mend: host}
	}
	return flaw{why: `"/" is not allowed in a name or an address`, mend: host}
}

func several(v string) flaw {
	if list := parts(v); len(list) > 1 {
		return flaw{why: fmt.Sprintf("there are %d words, but only one name or address is allowed", len(list))}
	}
	return flaw{}
}

// addressFlaw looks at what is an address: some belong to no machine.
func addressFlaw(v string) flaw {
	a, err := netip.ParseAddr(v)
	if err != nil {
		return flaw{}
	}
	switch a = a.Unmap(); {
	case a.IsUnspecified():
		return flaw{why: "it means every address of a machine, not one machine"}
	case a.IsMulticast():
		return flaw{why: "it is a multicast address, not one machine's"}
	case a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return flaw{why: "it is the broadcast address, not one machine's"}
	case a.Is6() && a.IsLinkLocalUnicast() && a.Zone() == "":
		return flaw{why: linkLocal, todo: "use another address of that machine, or write the network interface behind it: " + v + "%eth0"}
	}
	return flaw{why: fine}
}

const linkLocal = "it is a link-local address, which says nothing of the network in which it is"

func ported(v string) flaw {
	host, port, ok := strings.Cut(v, ":")
	if !ok || strings.Contains(port, ":") {
		return flaw{}
	}
	if strings.Trim(port, "0123456789") != "" {
		return flaw{why: `":" is not allowed in a name`}
	}
	return flaw{why: fmt.Sprintf("the port %q does not belong to it", ":"+port), mend: host}
}

// badAddress finds what looks like an address and is none, or not the one that it
// looks like.
func badAddress(v string) flaw {
	if strings.Contains(v, ":") {
		if p := strings.Split(v, ":"); len(p) == 6 && !slices.ContainsFunc(p, func(s string) bool { return len(s) != 2 }) {
			return flaw{why: "it is the address of a network card"}
		}
		return flaw{why: "it looks like an IPv6 address, but is not a valid one"}
	}
	if strings.Trim(v, "0123456789.") != "" {
		return flaw{}
	}
	if a, ok := oldAddr(v); ok {
		return flaw{why: fmt.Sprintf("it is an old way to write %s, which C programs understand and others don't", a), mend: a.String()}
	}
	return flaw{why: "it looks like an IPv4 address, but is not a valid one"}
}

// Lengths of host names in bytes.
const (
	maxHost  = 253
	maxLabel = 63
)

func nameFlaw(v string) flaw {
	name := strings.TrimSuffix(v, ".")
	if len(name) > maxHost {
		return flaw{why: fmt.Sprintf("it is longer than a name may be (%d bytes)", maxHost)}
	}
	if strings.ContainsRune(v, '%') {
		return flaw{why: `"%" is allowed only in a link-local IPv6 address`}
	}
	for _, r := range name {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r)) {
			return flaw{why: fmt.Sprintf("%q is not allowed in a name", r)}
		}
	}
	for label := range strings.SplitSeq(name, ".") {
		switch {
		case label == "":
			return flaw{why: "there is nothing between two dots, or before the first"}
		case len(label) > maxLabel:
			return flaw{why: fmt.Sprintf("a part between dots is longer than it may be (%d bytes)", maxLabel)}
		case label[0] == '-' || label[len(label)-1] == '-':
			return flaw{why: `a part between dots begins or ends with "-"`}
		}
	}
	return flaw{}
}
