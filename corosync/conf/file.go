// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

import (
	"bytes"
	"fmt"
	"iter"
)

// MaxSize is the length in bytes of the longest file that Parse takes.
const MaxSize = 1 << 20

const (
	maxName = 255 // of a cmap name, and so of nesting
	minName = 3
	maxLine = 511 // with its end
)

// An Error says what Corosync would not accept, and where.
type Error struct {
	Line int    // from 1; 0 if no one line is to blame
	Text string // what Corosync does not accept, in one line

	WhatToDo string // if something other than the file has to be mended

	key string // in cmap, whose value is to blame; empty if there is none
}

// Error returns the text with the line before it.
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Text
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.Text)
}

func errorf(line int, format string, args ...any) *Error {
	return &Error{Line: line, Text: fmt.Sprintf(format, args...)}
}

// A File is the text of a corosync.conf and what Corosync reads in it.
type File struct {
	data []byte
	root *section
	keys map[string]Key
	errs []*Error // values that Corosync refuses, in the order of the file
	ids  []idItem // users and groups, to be looked up on a host

	sorted []Key // by name
}

// Parse reads the text of a corosync.conf. The error is an *Error with the line
// that is no section, no value and no comment. Values are not looked at: a file
// with a wrong one can be parsed and mended; see Check.
func Parse(data []byte) (*File, error) {
	if len(data) > MaxSize {
		return nil, errorf(0, "it is longer than allowed for a corosync.conf (%d bytes)", MaxSize)
	}
	f := &File{data: bytes.Clone(data)}
	root, err := parse(f.data)
	if err != nil {
		return nil, encoded(f.data, err)
	}
	f.root = root
	f.load()
	return f, nil
}

// Bytes returns the text.
func (f *File) Bytes() []byte { return bytes.Clone(f.data) }

// A section is a pair of braces and what is between them, or the whole file.
type section struct {
	name   string
	path   string // names from the root on, joined by dots
	prefix string // what cmap puts before the section's keys; "" if nothing
	kind   kind
	parent *section
	body   []entry
	open   line // the line with the opening brace
	close  line
}

// An item is a line "key: value".
type item struct {
	line
	key, value string
	name       string // in cmap; "" if it is none
	section    *section
	at         int // offset of the value
	colon      int // offset behind the colon
}

// An entry of a section is either an item or a section.
type entry struct {
	item *item
	sub  *section
}

// A line is a line of the file, or what Corosync takes for one.
type line struct {
	no         int
	start, end int    // with the line's end
	text       string // without its end and the blanks before it
}

// sections returns the sections, outer ones first, in the order of the file.
func (f *File) sections() iter.Seq[*section] {
	return func(yield func(*section) bool) { f.root.walk(yield, func(*item) bool { return true }) }
}

// items returns the items in the order of the file.
func (f *File) items() iter.Seq[*item] {
	return func(yield func(*item) bool) { f.root.walk(func(*section) bool { return true }, yield) }
}

// walk calls the functions for all that is in the section, until one says no.
func (s *section) walk(sub func(*section) bool, it func(*item) bool) bool {
	for _, e := range s.body {
		if e.item != nil && !it(e.item) {
			return false
		}
		if e.sub != nil && (!sub(e.sub) || !e.sub.walk(sub, it)) {
			return false
		}
	}
	return true
}
