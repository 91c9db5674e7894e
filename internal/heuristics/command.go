// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package heuristics

import (
	"errors"
	"fmt"
	"strings"

	"github.com/quorate/quorate/internal/words"
)

// Command is one check, as corosync.conf has it.
type Command struct {
	Name string // the NAME of exec_NAME
	Line string // the value: program and arguments
}

// keyPrefix is how the keys of commands begin in Corosync's map.
const keyPrefix = "quorum.device.heuristics.exec_"

var errNoWords = errors.New("names no program")

// Parse splits a command's line into the program and its arguments, as C does: at
// blanks, with backslashes and double quotes (package words); a line's end is a blank;
// an empty argument ends the list. There are no variables, patterns or single quotes.
func Parse(line string) ([]string, error) {
	if strings.IndexByte(line, 0) >= 0 {
		return nil, errors.New("has a NUL byte")
	}
	argv := words.SplitQuoted(strings.NewReplacer("\n", " ", "\r", " ").Replace(line))
	for i, w := range argv {
		if w == "" {
			argv = argv[:i]
			break
		}
	}
	if len(argv) == 0 {
		return nil, errNoWords
	}
	return argv, nil
}

// parsed is a command that can be run.
type parsed struct {
	name string
	argv []string
}

// parseAll parses a list, or says what is wrong with its first bad command.
func parseAll(list []Command, most int) ([]parsed, error) {
	if len(list) > most {
		return nil, fmt.Errorf("quorum.device.heuristics: %d commands, more than the %d that heuristics_max_execs allows", len(list), most)
	}
	out := make([]parsed, 0, len(list))
	for _, c := range list {
		argv, err := Parse(c.Line)
		if err != nil {
			return nil, fmt.Errorf("%s%s: %q %w", keyPrefix, c.Name, c.Line, err)
		}
		out = append(out, parsed{c.Name, argv})
	}
	return out, nil
}
