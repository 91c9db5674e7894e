// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// selectors are the sections that there are several of, and the key that tells
// them apart. Its value stands in the names of their keys.
var selectors = map[string]string{
	"totem.interface":       "linknumber",
	"logging.logger_subsys": "subsys",
}

// insert puts a value where there was none.
func (f *File) insert(name, value string) error {
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 {
		return errors.New("a value must be in a section")
	}
	where, key := name[:dot], name[dot+1:]
	if key == "" || strings.HasPrefix(where, "uidgid.") {
		return errors.New("can't be set by this name")
	}
	if s := f.section(where); s != nil {
		f.write(f.body(s), f.line(s, key, value))
		return nil
	}
	parent, missing := f.parent(where)
	text, err := f.nest(parent, missing, key, value)
	if err != nil {
		return err
	}
	f.write(parent.close.start, text)
	return nil
}

// section finds the last section whose keys begin with the prefix.
func (f *File) section(prefix string) *section {
	var found *section
	for s := range f.sections() {
		if s.prefix == prefix && (found == nil || s.named()) {
			found = s
		}
	}
	return found
}

// parent finds the innermost section on the way to a prefix, and what of the
// way is missing.
func (f *File) parent(where string) (s *section, missing string) {
	for rest := where; ; {
		dot := strings.LastIndexByte(rest, '.')
		if dot < 0 {
			return f.root, where
		}
		rest = rest[:dot]
		if s := f.section(rest); s != nil {
			return s, where[dot+1:]
		}
	}
}

// nest writes the sections that are missing, one in the other, with the value
// in the innermost.
func (f *File) nest(parent *section, missing, key, value string) (string, error) {
	var open strings.Builder
	path, margin, step, eol := parent.path, f.margin(parent), f.step(), f.eol()
	tail := ""
	for rest := missing; rest != ""; {
		name, more, _ := strings.Cut(rest, ".")
		path = strings.TrimPrefix(path+"."+name, ".")
		if path == "nodelist.node" {
			return "", errors.New("there is no such node")
		}
		open.WriteString(margin + name + " {" + eol)
		tail = margin + "}" + eol + tail
		margin += step
		if sel := selectors[path]; sel != "" {
			name, more, _ = strings.Cut(more, ".")
			if name == "" {
				return "", fmt.Errorf("%s has no value", sel)
			}
			open.WriteString(margin + sel + ": " + name + eol)
			if key == sel {
				key = ""
			}
		}
		rest = more
	}
	if key != "" {
		open.WriteString(margin + key + ": " + value + eol)
	}
	return f.gap(parent) + open.String() + tail, nil
}

// gap is the blank line before a new section at the top, if the file has such.
func (f *File) gap(s *section) string {
	if s != f.root || len(s.body) == 0 {
		return ""
	}
	eol := f.eol()
	if text := string(f.data); strings.HasSuffix(text, eol+eol) || !strings.Contains(text, eol+eol) {
		return ""
	}
	return eol
}

// body returns where a new value of the section goes: behind its last one, or
// at its start.
func (f *File) body(s *section) int {
	at := s.open.end
	for _, e := range s.body {
		if e.item != nil {
			at = e.item.end
		}
	}
	return at
}

// line writes one value as the others of its section are written.
func (f *File) line(s *section, key, value string) string {
	return f.margin(s) + key + ":" + f.pad(s, key) + value + f.eol()
}

// pad returns what stands between the colon and the value of a new key: as much
// as puts the value under the others, if these are in one column, or the same
// as in the last of them.
func (f *File) pad(s *section, key string) string {
	pad, column, aligned, n := " ", 0, true, 0
	for _, e := range s.body {
		if e.item == nil || e.item.value == "" {
			continue
		}
		it := e.item
		pad = string(f.data[it.colon:it.at])
		at := it.at - it.start - len(indent(it.text))
		aligned = aligned && strings.Trim(pad, " ") == "" && (n == 0 || at == column)
		column = at
		n++
	}
	if aligned && (n > 1 || len(pad) > 1) {
		return strings.Repeat(" ", max(1, column-len(key)-1))
	}
	return pad
}

// margin returns the indentation of what stands in a section.
func (f *File) margin(s *section) string {
	for i := len(s.body) - 1; i >= 0; i-- {
		if e := s.body[i]; e.item != nil {
			return indent(e.item.text)
		} else if e.sub != nil {
			return indent(e.sub.open.text)
		}
	}
	if s.parent == nil {
		return ""
	}
	return indent(s.open.text) + f.step()
}

// step returns what the file indents a level with: a tab if it has nothing to
// go by, as Corosync's own example does.
func (f *File) step() string {
	for it := range f.items() {
		if it.section.parent == nil {
			continue
		}
		if in, ok := strings.CutPrefix(indent(it.text), indent(it.section.open.text)); ok && in != "" {
			return in
		}
	}
	return "\t"
}

func (f *File) eol() string {
	if i := bytes.IndexByte(f.data, '\n'); i > 0 && f.data[i-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// write puts whole lines at an offset. A last line without an end gets one.
func (f *File) write(at int, text string) {
	if at > 0 && f.data[at-1] != '\n' {
		text = f.eol() + text
	}
	f.splice(at, at, text)
}
