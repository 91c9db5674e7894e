// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

import (
	"bytes"
	"strings"
)

const blanks = " \t"

// next cuts the line that starts at the offset, as a C program does that reads
// lines into a buffer of 512 bytes and sees their ends at a zero byte.
func next(data []byte, start, no int) (line, error) {
	chunk := data[start:min(len(data), start+maxLine)]
	ended := false
	if i := bytes.IndexByte(chunk, '\n'); i >= 0 {
		chunk, ended = chunk[:i+1], true
	}
	l := line{no: no, start: start, end: start + len(chunk)}
	last := !ended && len(chunk) < maxLine
	if zero := bytes.IndexByte(chunk, 0); zero >= 0 {
		if zero > 0 && !last {
			return l, errorf(no, "a zero byte in the line")
		}
		chunk = chunk[:zero]
	} else if !ended && !last {
		return l, errorf(no, "longer than %d bytes", maxLine-1)
	}
	text := strings.TrimSuffix(string(chunk), "\n")
	text = strings.TrimSuffix(text, "\r")
	l.text = strings.TrimRight(text, blanks)
	return l, nil
}

// A parser builds the tree of sections, line by line.
type parser struct {
	root, cur *section
}

func parse(data []byte) (*section, error) {
	p := &parser{root: &section{}}
	p.cur = p.root
	no := 1
	for start := 0; start < len(data); no++ {
		l, err := next(data, start, no)
		if err == nil {
			err = p.line(l)
		}
		if err != nil {
			return nil, err
		}
		start = l.end
	}
	if p.cur != p.root {
		return nil, errorf(no-1, "section %s, opened in line %d, is not closed", p.cur.path, p.cur.open.no)
	}
	p.root.close = line{no: no, start: len(data), end: len(data)}
	return p.root, nil
}

func (p *parser) line(l line) error {
	text := strings.TrimLeft(l.text, blanks)
	switch {
	case text == "" || text[0] == '#':
		return nil
	case strings.IndexByte(text, '{') >= 0:
		return p.section(l)
	case strings.IndexByte(text, ':') >= 0:
		return p.item(l)
	case text == "}":
		return p.end(l)
	case strings.IndexByte(text, '}') >= 0:
		return errorf(l.no, "a closing brace must stand alone in its line")
	}
	return errorf(l.no, "neither a section nor a value: %q%s", short(text), meantLine(text))
}

// split cuts the text at its first sep: the name before, and the offset of what
// follows.
func split(text string, sep byte) (name string, at int) {
	at = strings.IndexByte(text, sep) + 1
	for at < len(text) && strings.IndexByte(blanks, text[at]) >= 0 {
		at++
	}
	// One byte before what follows is cut off, be it sep or a blank. A name
	// that would be trimmed to nothing keeps its first byte.
	name = strings.TrimLeft(text[:at-1], blanks)
	for len(name) > 1 && strings.IndexByte(blanks+":{", name[len(name)-1]) >= 0 {
		name = name[:len(name)-1]
	}
	return name, at
}

func (p *parser) section(l line) error {
	name, at := split(l.text, '{')
	if name == "" {
		return errorf(l.no, "an opening brace without a name before it: write it behind the section's name, in the same line")
	}
	if at < len(l.text) {
		return errorf(l.no, "%q after an opening brace, where nothing is allowed: write it on its own line", short(l.text[at:]))
	}
	path, ok := join(p.cur.path, name)
	if !ok {
		return errorf(l.no, "section %q: with its parents' names it is longer than a cmap name may be", name)
	}
	s := &section{name: name, path: path, parent: p.cur, open: l}
	p.cur.body = append(p.cur.body, entry{sub: s})
	p.cur = s
	return nil
}

func (p *parser) item(l line) error {
	key, at := split(l.text, ':')
	if _, ok := join(p.cur.path, key); !ok {
		return errorf(l.no, "key %q: with its sections' names it is longer than a cmap name may be", key)
	}
	p.cur.body = append(p.cur.body, entry{item: &item{
		line: l, key: key, value: l.text[at:], section: p.cur,
		at: l.start + at, colon: l.start + strings.IndexByte(l.text, ':') + 1,
	}})
	return nil
}

func (p *parser) end(l line) error {
	if p.cur == p.root {
		return errorf(l.no, "a closing brace, and no section is open")
	}
	p.cur.close = l
	p.cur = p.cur.parent
	return nil
}

func join(path, name string) (joined string, ok bool) {
	if len(path)+len(name)+1 >= maxName {
		return "", false
	}
	if path == "" {
		return name, true
	}
	return path + "." + name, true
}
