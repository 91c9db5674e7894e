// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"fmt"
	"io"
	"strings"
)

// option is one short option as it stood on the command line.
type option struct {
	Letter byte
	Arg    string // only for an option that takes one
}

// optionError is a misuse that getopt found; the callers word it, because
// glibc's getopt and bash's getopts word it differently.
type optionError struct {
	Letter  byte
	Missing bool // the option is known, its argument is missing
}

// Error words the misuse as glibc does, behind "PROGRAM: ".
func (e *optionError) Error() string {
	if e.Missing {
		return "option requires an argument -- '" + string(e.Letter) + "'"
	}
	return "invalid option -- '" + string(e.Letter) + "'"
}

// asScript words the misuse as C's shell scripts do, and returns their exit code.
func (e *optionError) asScript(stderr io.Writer) int {
	if e.Missing {
		fmt.Fprintf(stderr, "Option -%c requires an argument.\n", e.Letter)
	} else {
		fmt.Fprintf(stderr, "Invalid option: -%c\n", e.Letter)
	}
	return 1
}

// getopt splits args into short options and operands as getopt(3) does: spec
// has each letter, followed by a colon if it takes an argument; letters may be
// clustered; "--" ends the options. With permute, as in glibc, operands may
// stand between options; without, as in bash, the first one ends them. On a
// misuse it returns the options before it.
func getopt(args []string, spec string, permute bool) (opts []option, operands []string, err *optionError) {
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		switch {
		case arg == "--":
			return opts, append(operands, args...), nil
		case len(arg) < 2 || arg[0] != '-':
			if !permute {
				return opts, append(append(operands, arg), args...), nil
			}
			operands = append(operands, arg)
			continue
		}
		for i := 1; i < len(arg); i++ {
			at := strings.IndexByte(spec, arg[i])
			if at < 0 || arg[i] == ':' {
				return opts, operands, &optionError{Letter: arg[i]}
			}
			if at+1 == len(spec) || spec[at+1] != ':' {
				opts = append(opts, option{Letter: arg[i]})
				continue
			}
			value := arg[i+1:]
			if value == "" {
				if len(args) == 0 {
					return opts, operands, &optionError{Letter: arg[i], Missing: true}
				}
				value, args = args[0], args[1:]
			}
			opts = append(opts, option{Letter: arg[i], Arg: value})
			break
		}
	}
	return opts, operands, nil
}
