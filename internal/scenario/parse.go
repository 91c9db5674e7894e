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

// commands reads the commands from a line on.
func (f *File) commands(lines []string, from int) error {
	var comment []string
	for i, line := range lines[from:] {
		line = strings.TrimSuffix(line, "\r")
		switch trimmed := strings.TrimSpace(line); {
		case !f.Script && (trimmed == "" || line[0] == ' ' || line[0] == '\t'):
			continue // what somebody has printed
		case trimmed == "" && len(f.Commands) == 0 && comment == nil:
			continue
		case trimmed == "":
			comment = append(comment, "")
			continue
		case trimmed[0] == '#':
			if err := plain(line); err != nil && f.Script {
				return f.errorf(from+i+1, "%v", err)
			}
			comment = append(comment, trimmed)
			continue
		case strings.Fields(trimmed)[0] == "cluster" && f.Script:
			return f.errorf(from+i+1, "cluster must be the first command")
		case strings.Fields(trimmed)[0] == "cluster":
			return f.errorf(from+i+1, "there is a cluster already")
		}
		commands, err := parseLine(line, f.Cluster.Nodes, f.Script)
		if err != nil {
			return f.errorf(from+i+1, "%v", err)
		}
		for k, c := range commands {
			if c.Verb == Quit {
				return nil
			}
			c.Line = from + i + 1
			f.Commands = append(f.Commands, Step{Comment: comment, Command: c, Same: k > 0})
			comment = nil
		}
	}
	if f.Script {
		f.end = comment
	}
	return nil
}
