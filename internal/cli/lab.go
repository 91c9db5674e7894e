// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/spf13/cobra"

	laboratory "github.com/quorate/quorate/internal/lab"
	"github.com/quorate/quorate/internal/lab/ui"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/scenario"
)

// labOptions are the flags of quorate lab.
type labOptions struct {
	cfg                   laboratory.Config
	algorithm, tieBreaker string
	noDevice              bool
	script, log           string
	demo, plain           bool
}

func newLabCommand() *cobra.Command {
	o := labOptions{cfg: laboratory.Defaults()}
	cmd := &cobra.Command{
		Use:   "lab",
		Short: "Try it: an arbiter and some nodes in one process, for you to break",
		Long: `Start an arbiter and the daemons of a few nodes in one process. Then break the links
between them and see what happens. The arbiter and the node daemons are the real
ones and speak TLS over loopback; only Corosync is simulated. You need no root, and
nothing is left behind.

On a terminal you get a live table and a prompt; help lists the commands. When you
leave, what has happened stays on the terminal. Without a terminal the commands are
read from standard input, checked and played, and a transcript is printed.

Exit codes: 0 if all went well; 1 if something can't be done, or if two partitions
were ever quorate at once; 130 if interrupted.`,
		Example: `  quorate lab --demo
  quorate lab --nodes 4
  echo "cut 1 2; drop 1 arbiter" | quorate lab
  quorate lab --nodes 3 --algorithm lms --script FILE`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.IntVar(&o.cfg.Nodes, "nodes", o.cfg.Nodes, "how many nodes, 1 to 16")
	f.StringVar(&o.algorithm, "algorithm", o.cfg.Algorithm.Name(), "ffsplit, lms or 2nodelms")
	f.StringVar(&o.tieBreaker, "tie-breaker", o.cfg.TieBreaker.Name(), qnet.TieBreakerChoice())
	f.BoolVar(&o.cfg.WaitForAll, "wait-for-all", false, "Corosync's wait_for_all: after a cold start, nodes wait until there are as many votes as they have together; the arbiter's vote counts too")
	f.BoolVar(&o.noDevice, "no-device", false, "start without the arbiter, to see the difference; device on adds it")
	f.StringVar(&o.script, "script", "", "play the commands of this file (- is standard input) and print a transcript")
	f.BoolVar(&o.demo, "demo", false, "play a demonstration: two nodes, first without and then with an arbiter")
	f.BoolVar(&o.plain, "plain", false, "on a terminal, print a transcript instead of the live table")
	f.StringVar(&o.log, "log", "", "write the log of every daemon to this file")
	return cmd
}

// run checks everything that can be checked, and only then starts anything.
func (o *labOptions) run(cmd *cobra.Command) error {
	for _, name := range []string{"nodes", "algorithm", "tie-breaker", "wait-for-all", "no-device", "script"} {
		if o.demo && cmd.Flags().Changed(name) {
			return fmt.Errorf("--demo brings its own laboratory and script: leave --%s out", name)
		}
	}
	cfg, script, err := o.prepare(cmd.InOrStdin())
	if err != nil {
		return err
	}
	if script != nil && !script.Script {
		for _, name := range []string{"nodes", "algorithm", "tie-breaker", "wait-for-all", "no-device"} {
			if cmd.Flags().Changed(name) {
				return fmt.Errorf("%s says which cluster it is for: leave --%s out", script.Name, name)
			}
		}
	}
	if o.log != "" {
		f, err := os.OpenFile(o.log, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			return fmt.Errorf("--log: %w", err)
		}
		defer f.Close()
		cfg.Log = f
	}
	// Who closes the terminal's window must not leave a directory behind, nor who reads
	// the beginning only: while somebody is told of SIGPIPE, the write fails instead.
	ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	closed := make(chan os.Signal, 1)
	signal.Notify(closed, syscall.SIGPIPE)
	defer signal.Stop(closed)
	l, err := laboratory.Start(ctx, cfg)
	if err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	err = o.play(ctx, l, script, cmd.InOrStdin(), cmd.OutOrStdout())
	if cerr := l.Close(); cerr != nil {
		err = errors.Join(err, fmt.Errorf("lab: ending it: %w", cerr))
	}
	if errors.Is(err, context.Canceled) {
		return exitCode(130)
	}
	return err
}

// prepare returns the laboratory and its script, which is nil if commands come
// from a terminal.
func (o *labOptions) prepare(in io.Reader) (laboratory.Config, *scenario.File, error) {
	if o.demo {
		return laboratory.Demo()
	}
	cfg := o.cfg
	cfg.Device = !o.noDevice
	var err error
	if cfg.Algorithm, err = laboratory.ParseAlgorithm(o.algorithm); err != nil {
		return cfg, nil, fmt.Errorf("--algorithm: %w", err)
	}
	if cfg.TieBreaker, err = laboratory.ParseTieBreaker(o.tieBreaker); err != nil {
		return cfg, nil, fmt.Errorf("--tie-breaker: %w", err)
	}
	if err := cfg.Check(); err != nil {
		return cfg, nil, fmt.Errorf("lab: %w", err)
	}
	name, text := o.script, io.Reader(nil)
	switch {
	case o.script == "-", o.script == "" && !isTerminal(in):
		name, text = "input", in
	case o.script == "":
		return cfg, nil, nil
	default:
		f, err := os.Open(o.script)
		if err != nil {
			return cfg, nil, fmt.Errorf("--script: %w", err)
		}
		defer f.Close()
		text = f
	}
	b, err := io.ReadAll(io.LimitReader(text, scenario.MaxSize+1))
	if err != nil {
		return cfg, nil, fmt.Errorf("%s: %w", name, err)
	}
	s, err := laboratory.ParseScript(name, string(b), &cfg)
	return cfg, s, err
}

// play plays the script, or what is typed.
func (o *labOptions) play(ctx context.Context, l *laboratory.Lab, s *scenario.File, in io.Reader, out io.Writer) error {
	if s == nil && !o.plain && isTerminal(out) && !slices.Contains([]string{"", "dumb"}, os.Getenv("TERM")) {
		return ui.Run(ctx, l, in, out)
	}
	p := &laboratory.Player{Lab: l, Out: out}
	if colour(out) {
		p.Paint = ui.Paint
	}
	if err := p.Begin(ctx); err != nil {
		return err
	}
	if s != nil {
		return p.Play(ctx, s)
	}
	return typed(ctx, p, in)
}

// typed does what is typed on a terminal, line by line.
func typed(ctx context.Context, p *laboratory.Player, in io.Reader) error {
	lines := make(chan string)
	go func() { // it ends with the process: a read of a terminal can't be given up
		defer close(lines)
		for sc := bufio.NewScanner(in); sc.Scan(); {
			lines <- sc.Text()
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case line, ok := <-lines:
			if !ok {
				return p.End()
			}
			quit, err := p.Type(ctx, line)
			if err != nil {
				return err
			}
			if quit {
				return p.End()
			}
		}
	}
}
