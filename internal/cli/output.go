// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/quorate/quorate/internal/status"
)

// output is where a command prints to. It remembers the first write that failed, so
// that output that got lost is told of in one place, whatever a command makes of it.
type output struct {
	io.Writer
	err error
}

// Write implements io.Writer. After a failure there is no other: the error stays.
func (o *output) Write(p []byte) (n int, err error) {
	if o.err == nil {
		n, o.err = o.Writer.Write(p)
	}
	return n, o.err
}

// watch returns w as commands get it, and what remembers. A terminal stays itself: it
// is asked for its size, and does not fill up.
func watch(w io.Writer) (io.Writer, *output) {
	o := &output{Writer: w}
	if isTerminal(w) {
		return w, o
	}
	return o, o
}

// plain is a writer for what has no colours of ours. It writes control characters
// other than line feeds and tabs as [status.EscapeText] does: names and errors may
// come from a file or from the network. A character must not be cut by a write.
type plain struct{ io.Writer }

// Write implements io.Writer. It counts the bytes that it was given.
func (p plain) Write(b []byte) (int, error) {
	if _, err := io.WriteString(p.Writer, status.EscapeText(string(b))); err != nil {
		return 0, err
	}
	return len(b), nil
}

// pipeClosed is the exit code of a program that SIGPIPE has ended, as shells have it.
const pipeClosed exitCode = 128 + exitCode(syscall.SIGPIPE)

// outcome returns what a command's error comes to: where output was lost that is the
// error, unless the command has failed for something else. Whoever has closed the pipe
// has read enough, and is told nothing.
func (o *output) outcome(err error) error {
	var code exitCode
	switch {
	case o.err == nil, err != nil && !errors.As(err, &code) && !errors.Is(err, o.err):
		return err
	case errors.Is(o.err, syscall.EPIPE):
		return pipeClosed
	}
	return o.lost()
}

// lost says that output was lost, without the name that Go has for the file.
func (o *output) lost() error {
	err := o.err
	var path *os.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return fmt.Errorf("can't write to standard output: %w", err)
}

// printHelp prints a command's help in one piece, unless it was asked for with
// arguments that the command does not take: that is misuse, of which cobra would say
// nothing. Cobra's own way also tells of a failed write, and goes on as if it had not.
func printHelp(cobras func(*cobra.Command, []string), misused *error) func(*cobra.Command, []string) {
	return func(cmd *cobra.Command, args []string) {
		if *misused = helpMisuse(cmd); *misused != nil {
			return
		}
		var b bytes.Buffer
		out := cmd.OutOrStdout()
		cmd.SetOut(&b)
		cobras(cmd, args)
		cmd.SetOut(out)
		_, _ = out.Write(b.Bytes()) // output remembers
	}
}

// newHelpCommand is cobra's, but that it takes a topic that does not exist for misuse.
func newHelpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [command]",
		Short: "Help about any command",
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) (names []cobra.Completion, _ cobra.ShellCompDirective) {
			if topic, rest, err := cmd.Root().Find(args); err == nil && len(rest) == 0 {
				for _, sub := range topic.Commands() {
					if sub.IsAvailableCommand() {
						names = append(names, cobra.CompletionWithDesc(sub.Name(), sub.Short))
					}
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		Args: func(cmd *cobra.Command, args []string) error {
			_, err := helpTopic(cmd, args)
			return err
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			topic, err := helpTopic(cmd, args)
			if err != nil {
				return err
			}
			topic.InitDefaultHelpFlag()
			_ = topic.ParseFlags(nil) // no argument of its own
			return topic.Help()
		},
	}
}

// helpTopic finds the command whose help is asked for.
func helpTopic(cmd *cobra.Command, args []string) (*cobra.Command, error) {
	topic, rest, err := cmd.Root().Find(args)
	if err != nil {
		return nil, err
	}
	for len(rest) > 0 && !topic.HasAvailableSubCommands() {
		rest = append([]string{topic.Name()}, rest...)
		topic = topic.Parent()
	}
	if len(rest) > 0 {
		return nil, noSuchCommand(topic, []string{strings.Join(rest, " ")})
	}
	return topic, nil
}
