// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package scenario

import "strings"

// MaxSize bounds a file, in bytes.
const MaxSize = 1 << 20

// Parse reads a file; its name is for errors and may be empty. A script, which does
// not say which cluster it is for, is for def; without nodes that is two of [Defaults].
// The error is an [Error].
func Parse(name, text string, def Cluster) (*File, error) {
	if def.Nodes == 0 {
		def = Defaults()
	}
	f := &File{Name: name, Cluster: def, Script: true}
	if len(text) > MaxSize {
		return nil, f.errorf(1, "a scenario has %d bytes at most", MaxSize)
	}
	lines := strings.Split(strings.TrimRight(text, "\n\r\t "), "\n")
	if at := f.begins(lines); at >= 0 {
		f.Script, f.clusterLine = false, at+1
		c, err := ParseCluster(strings.Fields(lines[at])[1:])
		if err != nil {
			return nil, f.errorf(at+1, "%v", err)
		}
		f.Cluster = c
	}
	if err := f.commands(lines, f.clusterLine); err != nil {
		return nil, err
	}
	return f, nil
}

// begins returns the line with the command cluster, if the file begins with it, or
// -1. The comments above it are the file's.
func (f *File) begins(lines []string) int {
	for i, line := range lines {
		switch words := strings.Fields(line); {
		case len(words) == 0 || line[0] == ' ' || line[0] == '\t':
		case line[0] == '#':
			f.Comment = append(f.Comment, strings.TrimSuffix(line, "\r"))
		case words[0] == "cluster":
			return i
		default:
			f.Comment = nil
			return -1
		}
	}
	f.Comment = nil
	return -1
}

// commands reads the commands from a line on, to the end or to quit.
func (f *File) commands(lines []string, from int) error {
	var comment []string
	for i, line := range lines[from:] {
		line = strings.TrimSuffix(line, "\r")
		text := strings.TrimSpace(line)
		switch {
		case !f.Script && (text == "" || line[0] == ' ' || line[0] == '\t'):
			continue // what somebody has printed
		case text == "" || text[0] == '#':
			if err := plain(line); err != nil && f.Script {
				return f.errorf(from+i+1, "%v", err)
			}
			if text != "" || len(f.Commands) > 0 || comment != nil {
				comment = append(comment, text)
			}
			continue
		}
		quit, err := f.line(from+i+1, line, comment)
		if quit || err != nil {
			return err
		}
		comment = nil
	}
	if f.Script {
		f.end = comment
	}
	return nil
}

// line reads the commands of one line, and reports whether quit is among them.
func (f *File) line(number int, line string, comment []string) (quit bool, err error) {
	if strings.Fields(line)[0] == "cluster" {
		if f.Script {
			return false, f.errorf(number, "cluster must be the first command")
		}
		return false, f.errorf(number, "there is a cluster already")
	}
	commands, err := parseLine(line, f.Cluster.Nodes, f.Script)
	if err != nil {
		return false, f.errorf(number, "%v", err)
	}
	for i, c := range commands {
		if c.Verb == Quit {
			return true, nil
		}
		c.Line = number
		f.Commands = append(f.Commands, Step{Comment: comment, Command: c, Same: i > 0})
		comment = nil
	}
	return false, nil
}
