// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// plainMisuse lets cmd and all below it answer misuse with one line that says what is
// wanted, and exit code 1. Left alone, cobra takes a subcommand that does not exist
// for a call for help, which a script would take for success.
func plainMisuse(cmd *cobra.Command) {
	if check := cmd.Args; cmd.Runnable() {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			switch {
			case check == nil || check(cmd, args) == nil:
				return nil
			case len(args) == 0:
				return fmt.Errorf("usage: %s", cmd.UseLine())
			}
			return fmt.Errorf("%q: usage: %s", strings.Join(args, " "), cmd.UseLine())
		}
	} else {
		cmd.Args = noSuchCommand
		cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
	for _, sub := range cmd.Commands() {
		plainMisuse(sub)
	}
}

// helpMisuse is what is wrong with the arguments beside --help: nothing, if there are
// none, or if some more would make the command's.
func helpMisuse(cmd *cobra.Command) error {
	args := cmd.Flags().Args()
	if len(args) == 0 || cmd.Args == nil {
		return nil
	}
	err := cmd.Args(cmd, args)
	for more, n := args, 0; err != nil && n < 3 && !cmd.HasSubCommands(); n++ {
		if more = append(more[:len(more):len(more)], "x"); cmd.Args(cmd, more) == nil {
			return nil
		}
	}
	return err
}

// noSuchCommand is the check of a command that is nothing but its subcommands.
func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return fmt.Errorf("no command %q: %s --help lists them", args[0], cmd.CommandPath())
}

// flagError leaves the name of Go's function out of an error about a number.
func flagError(_ *cobra.Command, err error) error {
	var number *strconv.NumError
	if errors.As(err, &number) {
		return errors.New(strings.ReplaceAll(err.Error(), number.Error(), number.Err.Error()))
	}
	return err
}

// emptyFlag refuses a directory that was given as nothing, as by a variable that is
// not set: files would be made wherever the command is called.
func emptyFlag(cmd *cobra.Command, names ...string) error {
	for _, name := range names {
		if f := cmd.Flag(name); f != nil && f.Value.String() == "" {
			return fmt.Errorf("--%s is empty: it is the %s", name, f.Usage)
		}
	}
	return nil
}
