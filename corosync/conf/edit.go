// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ErrMissing is what Delete and RemoveNode return, wrapped, if there is nothing
// of that name.
var ErrMissing = errors.New("not in corosync.conf")

// versionKey counts the changes of the file.
const versionKey = "totem.config_version"

// Get returns the text of the value that has the name in cmap. Where the file
// gives several, it is the one that counts for Corosync.
func (f *File) Get(name string) (value string, ok bool) {
	it := f.item(name)
	if it == nil {
		return "", false
	}
	return it.value, true
}

// item finds the item that counts under a name: the one that made the key, or
// the last one if all are refused.
func (f *File) item(name string) *item {
	var found *item
	for it := range f.items() {
		if name == "" || it.name != name {
			continue
		}
		if found = it; f.keys[name].Line == it.no {
			break
		}
	}
	return found
}

// Set gives the value of that name. A value that is there is replaced in its
// line; otherwise the line comes behind its section's last value, and sections
// that are missing are made. Only nodes are not: see AddNode.
//
// The error tells why Corosync would not read the value as it was given, or
// would refuse it.
func (f *File) Set(name, value string) error {
	return f.edit(name, value, func() error {
		if strings.ContainsAny(value, "{\n") {
			return fmt.Errorf("%q can't be written in a corosync.conf", value)
		}
		if it := f.item(name); it != nil {
			f.replace(it, value)
			return nil
		}
		return f.insert(name, value)
	})
}

// edit runs change and keeps its result if the file then parses, holds the
// value under its name and has no new error.
func (f *File) edit(name, value string, change func() error) error {
	old := *f
	fail := func(err error) error {
		*f = old
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := change(); err != nil {
		return fail(err)
	}
	if err := f.reload(&old); err != nil {
		return fail(err)
	}
	if got, ok := f.Get(name); !ok || got != value {
		return fail(fmt.Errorf("%q can't be written in a corosync.conf", value))
	}
	return nil
}

// reload parses the changed text; an error if Corosync takes it worse than the
// old one.
func (f *File) reload(old *File) error {
	g, err := Parse(f.data)
	if e := (*Error)(nil); errors.As(err, &e) {
		return errors.New(e.Text) // its line is not the caller's
	}
	*f = *g
	if len(f.errs) <= len(old.errs) {
		return nil
	}
	known := map[string]bool{}
	for _, e := range old.errs {
		known[e.Text] = true
	}
	for _, e := range f.errs {
		if !known[e.Text] {
			return errors.New(e.Text)
		}
	}
	return errors.New(f.errs[0].Text)
}

// splice puts text in the place of the bytes from start to end.
func (f *File) splice(start, end int, text string) {
	f.data = slices.Concat(f.data[:start], []byte(text), f.data[end:])
}

func (f *File) replace(it *item, value string) {
	start, end := it.at, it.at+len(it.value)
	if it.value == "" {
		value, start = " "+value, it.colon
	}
	f.splice(start, end, value)
}

// Delete removes the value of that name, all its lines if it has several, or
// the sections of that name with all they hold: quorum.device,
// totem.interface.0. The error wraps ErrMissing if there is neither.
func (f *File) Delete(name string) error {
	var cut [][2]int
	for it := range f.items() {
		if it.name == name && name != "" {
			cut = append(cut, [2]int{it.start, it.end})
		}
	}
	for s := range f.sections() {
		if s.prefix == name && name != "" && s.named() {
			cut = append(cut, f.whole(s))
		}
	}
	if len(cut) == 0 {
		return fmt.Errorf("%s: %w", name, ErrMissing)
	}
	return f.remove(name, cut)
}

// named tells whether the section's prefix is its own and not its parent's.
func (s *section) named() bool {
	return s.parent != nil && (s.parent.prefix != s.prefix || s.parent.kind != s.kind)
}

// whole returns the range of a section, with one of the two blank lines around
// it or the one before it at the end of the file.
func (f *File) whole(s *section) [2]int {
	start, end, eol := s.open.start, s.close.end, []byte(f.eol())
	alone := start == 0 || bytes.HasSuffix(f.data[:start], append([]byte("\n"), eol...))
	switch {
	case alone && start > 0 && end == len(f.data):
		start -= len(eol)
	case alone && bytes.HasPrefix(f.data[end:], eol):
		end += len(eol)
	}
	return [2]int{start, end}
}

// remove cuts the ranges out. Of those that overlap, as a section and what is in
// it do, the first reaches as far as the last.
func (f *File) remove(name string, cut [][2]int) error {
	old := *f
	slices.SortFunc(cut, func(a, b [2]int) int { return cmp.Compare(a[0], b[0]) })
	var rest []byte
	at := 0
	for _, c := range cut {
		if c[0] > at {
			rest = append(rest, f.data[at:c[0]]...)
		}
		at = max(at, c[1])
	}
	f.data = append(rest, f.data[at:]...)
	if err := f.reload(&old); err != nil {
		*f = old
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// RaiseVersion adds one to totem.config_version, which is how Corosync's tools
// tell an older file from a newer, and returns it. A file without one gets 1.
func (f *File) RaiseVersion() (uint64, error) {
	version := uint64(1)
	if text, ok := f.Get(versionKey); ok {
		old, ok := f.keys[versionKey]
		if !ok || old.Type != Uint64 {
			return 0, fmt.Errorf("%s: %q is not a version", versionKey, text)
		}
		if version = old.number() + 1; version == 0 {
			return 0, fmt.Errorf("%s: %s can't be raised", versionKey, text)
		}
	}
	return version, f.Set(versionKey, strconv.FormatUint(version, 10))
}

// indent returns the blanks that a line begins with.
func indent(text string) string {
	return text[:len(text)-len(strings.TrimLeft(text, blanks))]
}
