// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Hosts reads the value of quorum.device.net.host: names or addresses of the one
// arbiter, with commas or blanks between them. Corosync's own daemon takes the whole
// for one name. Addresses of IPv4 that are written as C alone reads them are returned
// as everybody does. The error tells what can be no host; an empty value has none.
func Hosts(text string) ([]string, error) {
	text = strings.Trim(text, ","+blanks)
	if text == "" {
		return nil, nil
	}
	if f := look(text, false); f.is() {
		return nil, errors.New(f.why)
	}
	list := parts(text)
	for i, host := range list {
		if a, ok := oldAddr(host); ok {
			list[i] = a.String()
			host = list[i]
		}
		if f := hostFlaw(host); f.is() && len(list) > 1 {
			return nil, fmt.Errorf("%q: %s", host, f.why)
		} else if f.is() {
			return nil, errors.New(f.why)
		}
	}
	return list, nil
}

// flaw is why a value does not have the form of its key.
func (s spec) flaw(v string) flaw {
	switch s.form {
	case formNumber, formFlag, formMillis:
		return s.numberFlaw(v)
	case formOne, formEnum, formFold:
		return s.choiceFlaw(v)
	case formHost:
		return nodeHostFlaw(v)
	case formHosts:
		return hostsFlaw(v)
	case formNetwork, formGroup:
		return s.networkFlaw(v)
	case formNodes:
		return nodesFlaw(v)
	case formCommand:
		return commandFlaw(v)
	}
	if v == "" && s.form != formText {
		return flaw{why: "it is empty"}
	}
	f := look(v, false)
	return f.mended(tidy(v, false), func(string) flaw { return flaw{} })
}

// nodeHostFlaw is why a value is no address of a node. A link-local one can be: the
// nodes' links say in which network.
func nodeHostFlaw(v string) flaw {
	if f := hostFlaw(v); f.why != linkLocal {
		return f
	}
	return flaw{}
}

// hostsFlaw is why a value does not name the arbiter.
func hostsFlaw(v string) flaw {
	list := parts(v)
	if f := look(v, true); f.is() {
		return f.mended(tidy(v, true), hostsFlaw)
	}
	if len(list) < 2 {
		return hostFlaw(v)
	}
	for _, host := range list {
		if f := hostFlaw(host); f.is() {
			return flaw{why: fmt.Sprintf("%q: %s", host, f.why)}
		}
	}
	for piece := range strings.SplitSeq(v, ",") {
		words := strings.Fields(piece)
		dotted := func(w string) bool { return strings.ContainsAny(w, ".:") }
		if slices.ContainsFunc(words, dotted) && slices.ContainsFunc(words, func(w string) bool { return !dotted(w) }) {
			return flaw{why: fmt.Sprintf("each of its %d words is taken for a name or an address of the arbiter", len(list)), mend: list[0]}
		}
	}
	return flaw{}
}

// nodesFlaw is why a value is neither lowest nor highest nor IDs of nodes, as far as
// can be told without the nodes.
func nodesFlaw(v string) flaw {
	if f := look(v, true); f.is() {
		return f.mended(tidy(v, true), nodesFlaw)
	}
	for _, word := range []string{"lowest", "highest"} {
		if v != word && strings.EqualFold(v, word) {
			return flaw{why: "case matters there", mend: word}
		}
	}
	return flaw{}
}

// networkFlaw is why a value is no address of a network, or of a multicast group.
func (s spec) networkFlaw(v string) flaw {
	f := hostFlaw(v)
	switch {
	case strings.Contains(f.why, "multicast") && s.form == formGroup:
		return flaw{}
	case !f.is() && s.form == formGroup && strings.Trim(v, "0123456789.") == "":
		return flaw{why: "it is not a multicast address: those begin with 224 to 239"}
	case strings.Contains(f.why, "for a network") && f.mend != "":
		_, length, _ := strings.Cut(v, "/")
		f.why = fmt.Sprintf("%q does not belong to it: Corosync asks the network card how large the network is", "/"+length)
	case f.why == linkLocal:
		return flaw{}
	case strings.Contains(f.why, "every address") && s.form == formNetwork:
		return flaw{why: "it is not a network of this machine"}
	}
	return f
}

// commandFlaw finds what in a command no shell takes away, for there is none.
func commandFlaw(v string) flaw {
	if strings.Trim(v, blanks) == "" {
		return flaw{why: "it is empty"}
	}
	if f := foreign(v, false); f.is() {
		return f
	}
	if f := comment(v, false); f.is() && strings.HasPrefix(v[len(f.mend):], " #") {
		return f
	}
	for word := range strings.FieldsSeq(unquoted(v)) {
		if slices.Contains([]string{"|", "||", "&&", "&", ";", ">", ">>", "<", "2>&1", "2>/dev/null", ">/dev/null"}, word) {
			return flaw{why: fmt.Sprintf("no shell reads it, so that %q is an argument", word), todo: "put it into a script"}
		}
	}
	return flaw{}
}

// unquoted is a command without what stands between double quotes, as in
// /bin/sh -c "a | b": there a shell may read it.
func unquoted(v string) string {
	var b strings.Builder
	quoted := false
	for i := 0; i < len(v); i++ {
		switch {
		case v[i] == '\\':
			i++
		case v[i] == '"':
			quoted = !quoted
			b.WriteByte('"')
		case !quoted:
			b.WriteByte(v[i])
		}
	}
	return b.String()
}

// choiceFlaw is why a value is none of the words.
func (s spec) choiceFlaw(v string) flaw {
	at := func(v string) bool {
		return slices.ContainsFunc(s.words, func(w string) bool { return w == v || s.form == formFold && strings.EqualFold(w, v) })
	}
	if at(v) {
		return flaw{}
	}
	f := flaw{why: "it is not one of: " + strings.Join(s.words, ", "), bare: true}
	if strange := look(v, true); strange.is() {
		f = strange
	}
	if v == "" {
		f = flaw{why: "it is empty"}
	}
	f.mend = s.meant(tidy(v, true))
	return f
}

// meant is the word that somebody meant by another.
func (s spec) meant(v string) string {
	if v == "" {
		return ""
	}
	for _, w := range s.words {
		if strings.EqualFold(w, v) {
			return w
		}
	}
	for _, same := range [][]string{{"yes", "on", "true", "1", "enable", "enabled"}, {"no", "off", "false", "0", "disable", "disabled", "none"}} {
		if slices.Contains(same, strings.ToLower(v)) {
			for _, w := range s.words {
				if slices.Contains(same, w) {
					return w
				}
			}
		}
	}
	w, _ := nearest(v, s.words)
	return w
}

// numberFlaw is why a value is not a number that its key may have.
func (s spec) numberFlaw(v string) flaw {
	t := s.typ
	if t == "" || t == String {
		t = Uint64
	}
	if n, ok := number(v, t); ok && s.within(n) {
		return flaw{}
	}
	if v == "" {
		return flaw{why: "it is empty"}
	}
	if f := look(v, true); f.is() {
		return f.mended(tidy(v, true), s.numberFlaw)
	}
	for _, find := range []func(string) flaw{s.yes, unit, grouped, hexadecimal, decimal} {
		if f := find(v); f.is() {
			if n, ok := number(f.mend, t); !ok || !s.within(n) {
				f.mend = ""
			}
			return f
		}
	}
	switch list := parts(v); {
	case len(list) > 1:
		return flaw{why: fmt.Sprintf("there are %d words, but only one number is allowed", len(list))}
	case strings.Trim(v, "0123456789+-") == "":
		return flaw{why: "it is not from " + s.span(), bare: true}
	}
	return flaw{why: "it is not a number", bare: true}
}

// span is the numbers that the key may have.
func (s spec) span() string {
	if s.typ != "" && s.typ != String {
		return ranges[s.typ]
	}
	return fmt.Sprintf("%d to %d", s.lo, s.hi)
}

func (s spec) within(n string) bool {
	if s.hi == 0 && s.lo == 0 {
		return true
	}
	i, err := strconv.ParseInt(n, 10, 64)
	return err == nil && s.lo <= i && i <= s.hi
}

// yes finds a word where 1 or 0 is wanted.
func (s spec) yes(v string) flaw {
	if s.form != formFlag {
		return flaw{}
	}
	switch strings.ToLower(v) {
	case "yes", "on", "true", "enable", "enabled":
		return flaw{why: "yes is 1 there", mend: "1"}
	case "no", "off", "false", "disable", "disabled":
		return flaw{why: "no is 0 there", mend: "0"}
	}
	return flaw{}
}

// units are how many milliseconds they are.
var units = map[string]int64{
	"ms": 1, "msec": 1, "msecs": 1, "millisecond": 1, "milliseconds": 1, "s": 1000, "sec": 1000, "secs": 1000, "second": 1000, "seconds": 1000,
	"m": 60000, "min": 60000, "minute": 60000, "minutes": 60000,
}

// unit finds a unit behind a number. All times are in milliseconds.
func unit(v string) flaw {
	digits := v[:len(v)-len(strings.TrimLeft(v, "0123456789"))]
	name := strings.ToLower(strings.Trim(v[len(digits):], blanks))
	if digits == "" || name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz%") != "" || strings.HasPrefix(v, "0x") || strings.HasPrefix(v, "0X") {
		return flaw{}
	}
	f := flaw{why: fmt.Sprintf("a number has no unit there: %q does not belong to it", name)}
	if ms, ok := units[name]; ok {
		if n, err := strconv.ParseInt(digits, 10, 64); err == nil && n < math.MaxInt64/ms {
			f.why, f.mend = "a time is a number of milliseconds without a unit", strconv.FormatInt(n*ms, 10)
		}
	}
	return f
}

// grouped finds a number whose digits are in groups: 10,000.
func grouped(v string) flaw {
	groups := strings.FieldsFunc(v, func(r rune) bool { return strings.ContainsRune(",._' ", r) })
	for i, g := range groups {
		if strings.Trim(g, "0123456789") != "" || i > 0 && len(g) != 3 || len(g) > 3 {
			return flaw{}
		}
	}
	if len(groups) < 2 {
		return flaw{}
	}
	return flaw{why: "a number has digits only", mend: strings.Join(groups, "")}
}

func hexadecimal(v string) flaw {
	digits, ok := strings.CutPrefix(strings.ToLower(v), "0x")
	if !ok {
		return flaw{}
	}
	n, err := strconv.ParseUint(digits, 16, 64)
	if err != nil {
		return flaw{why: "it is not a decimal number"}
	}
	return flaw{why: "it is not a decimal number", mend: strconv.FormatUint(n, 10)}
}

func decimal(v string) flaw {
	if _, err := strconv.ParseFloat(v, 64); err == nil && strings.ContainsAny(v, ".eE") {
		return flaw{why: "it is not a whole number"}
	}
	return flaw{}
}

// style is how a number is not written, though it is read.
func (s spec) style(v string) flaw {
	t := s.typ
	if s.form != formNumber && s.form != formFlag && s.form != formMillis || t == String {
		return flaw{}
	}
	if t == "" {
		t = Uint64
	}
	n, ok := number(v, t)
	if !ok || n == v {
		return flaw{}
	}
	return flaw{why: "it is read as " + n, mend: n}
}
