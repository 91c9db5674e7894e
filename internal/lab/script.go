// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package lab

import (
	"fmt"
	"strings"
)

// Script is a script that was read and checked.
type Script struct {
	Name  string
	Lines []Line
}

// Line is one line of a script that says anything.
type Line struct {
	Number   int       // from 1
	Comment  string    // what follows the #, for a line that is nothing else
	Commands []Command // done one after the other, without waiting in between
}

// MaxScript is the longest script in bytes.
const MaxScript = 1 << 20

// ParseScript reads a script for a laboratory of so many nodes, and checks that
// every command in it can be done. The error names the place: FILE:LINE. Empty
// lines at the beginning and end are dropped; others separate paragraphs.
func ParseScript(name, text string, nodes int, device bool) (*Script, error) {
	if len(text) > MaxScript {
		return nil, fmt.Errorf("%s: a script of more than %d bytes", name, MaxScript)
	}
	s := &Script{Name: name}
	plan := NewPlan(nodes, device)
	for i, line := range strings.Split(strings.TrimRight(text, "\n\r\t "), "\n") {
		line = strings.TrimSpace(line)
		at := func(err error) error { return fmt.Errorf("%s:%d: %w", name, i+1, err) }
		commands, err := Parse(line, nodes)
		if err != nil {
			return nil, at(err)
		}
		for _, c := range commands {
			if err := plan.Take(c); err != nil {
				return nil, at(fmt.Errorf("%s: %w", abridge(c.Text), err))
			}
			if c.Verb == Quit {
				return s.until(i+1, commands, c), nil
			}
		}
		l := Line{Number: i + 1, Commands: commands}
		if rest, ok := strings.CutPrefix(line, "#"); ok {
			l.Comment = strings.TrimSpace(rest)
		}
		if len(commands) > 0 || l.Comment != "" || len(s.Lines) > 0 && line == "" {
			s.Lines = append(s.Lines, l)
		}
	}
	return s, nil
}

// until ends the script in a line, before its quit.
func (s *Script) until(number int, commands []Command, quit Command) *Script {
	for i, c := range commands {
		if c.Verb == quit.Verb {
			commands = commands[:i]
			break
		}
	}
	if len(commands) > 0 {
		s.Lines = append(s.Lines, Line{Number: number, Commands: commands})
	}
	return s
}
