// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/quorate/quorate/internal/limited"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/scenario"
	"github.com/quorate/quorate/internal/sim"
	"github.com/quorate/quorate/internal/status"
)

// simOptions are the flags of "quorate sim".
type simOptions struct {
	steps     int
	seed      uint64
	nodes     int
	algorithm string
	daemons   string
	arbiter   string
	json      bool
}

func newSimCommand() *cobra.Command {
	var o simOptions
	cmd := &cobra.Command{
		Use:   "sim [FILE...]",
		Short: "Play scenarios, or random histories, in the simulator",
		Long: `Play scenario files in virtual time, with the code that decides on real machines,
and print what happens: rings, votes, who is active, and why.

Without a file, play random histories of splits, lost links, crashes, frozen
programs and restarts, and print a summary. After each step, no two parts of a
cluster may be active with the arbiter's vote, and once it is calm, the votes must
settle. If a history breaks that, the simulator makes it as short as possible and
prints it as a scenario.

Exit codes: 0 if all promises were kept, 1 if one was broken or a file can't be read.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return playFiles(cmd.OutOrStdout(), args, o)
			}
			return playRandom(cmd.Context(), cmd.OutOrStdout(), o)
		},
	}
	f := cmd.Flags()
	f.IntVar(&o.steps, "steps", 1_000_000, "how many events of random histories to play")
	f.Uint64Var(&o.seed, "seed", 0, "seed of the first history; the others count up from it")
	f.IntVar(&o.nodes, "nodes", 0, "how many nodes, 2 to 16 (default: 2 to 4 at random)")
	f.StringVar(&o.algorithm, "algorithm", "", "ffsplit or lms (default: at random)")
	f.StringVar(&o.daemons, "daemons", "", "node daemons: go, c or mixed (default: at random)")
	f.StringVar(&o.arbiter, "arbiter", "go", "the arbiter: go, or c for corosync-qnetd's rules")
	f.BoolVar(&o.json, "json", false, "print JSON")
	return cmd
}

// cluster is the one that a script is played on, which does not say which.
func (o *simOptions) cluster() (scenario.Cluster, error) {
	words := []string{"arbiter=" + o.arbiter}
	if o.nodes != 0 {
		words = append(words, "nodes="+strconv.Itoa(o.nodes))
	}
	if o.algorithm != "" {
		words = append(words, "algorithm="+o.algorithm)
	}
	return scenario.ParseCluster(words)
}

// readScenario reads a file that the simulator can play.
func readScenario(name string, c scenario.Cluster) (*scenario.File, error) {
	text, err := limited.ReadFile(name, scenario.MaxSize)
	if err != nil {
		return nil, err
	}
	f, err := scenario.Parse(name, string(text), c)
	if err != nil {
		return nil, err
	}
	if err := f.Check(scenario.Simulator); err != nil {
		return nil, err
	}
	return f.Timed()
}

// playFiles plays scenarios and prints them with what happened.
func playFiles(out io.Writer, names []string, o simOptions) error {
	c, err := o.cluster()
	if err != nil {
		return err
	}
	var files []*scenario.File
	for _, name := range names {
		f, err := readScenario(name, c)
		if err != nil {
			return err
		}
		files = append(files, f)
	}
	broken := 0
	for i, f := range files {
		if len(files) > 1 {
			if i > 0 {
				fmt.Fprintln(out)
			}
			fmt.Fprintf(out, "==> %s <==\n", status.EscapeName(names[i]))
		}
		if _, err := io.WriteString(out, status.EscapeText(sim.Transcript(f))); err != nil {
			return err
		}
		if sim.Play(f).Violation() != nil {
			broken++
		}
	}
	if broken > 0 {
		return fmt.Errorf("%d of %d scenarios broke a promise", broken, len(files))
	}
	return nil
}

// histories turns the flags into the simulator's options.
func (o *simOptions) histories() (sim.Options, error) {
	h := sim.Options{Nodes: o.nodes}
	if o.nodes != 0 && (o.nodes < 2 || o.nodes > scenario.MaxNodes) {
		return h, fmt.Errorf("--nodes is %d: want 2 to %d", o.nodes, scenario.MaxNodes)
	}
	var ok bool
	if h.Algorithm, ok = map[string]qnet.Algorithm{"": qnet.Test, qnet.FFSplit.Name(): qnet.FFSplit, qnet.LMS.Name(): qnet.LMS}[o.algorithm]; !ok {
		return h, fmt.Errorf("--algorithm is %q: want ffsplit or lms", o.algorithm)
	}
	if h.Arbiter, ok = map[string]scenario.Program{"go": scenario.Ours, "c": scenario.C}[o.arbiter]; !ok {
		return h, fmt.Errorf("--arbiter is %q: want go or c", o.arbiter)
	}
	if h.Arbiter == scenario.C && h.Algorithm == qnet.LMS {
		return h, errors.New("--arbiter c works with ffsplit only")
	}
	if h.Mode, ok = map[string]sim.Mode{"": sim.AnyDaemons, "go": sim.OnlyOurs, "c": sim.OnlyC, "mixed": sim.Mixed}[o.daemons]; !ok {
		return h, fmt.Errorf("--daemons is %q: want go, c or mixed", o.daemons)
	}
	if o.steps < 1 {
		return h, fmt.Errorf("--steps is %d: want 1 or more", o.steps)
	}
	return h, nil
}

// batch is how many histories are played before it is looked whether they are
// enough: equal flags play equal histories, however many processors there are.
const batch = 64

// found is the outcome of one history.
type found struct {
	stats sim.Stats
	bad   *sim.Violation
}

func playRandom(ctx context.Context, out io.Writer, o simOptions) error {
	h, err := o.histories()
	if err != nil {
		return err
	}
	ctx, stop := untilSignal(ctx)
	defer stop()
	began := time.Now()
	var sum sim.Stats
	seed, count := o.seed, 0
	for sum.Steps < o.steps {
		if err := ctx.Err(); err != nil {
			return errors.New("interrupted")
		}
		list := playBatch(h, seed)
		for i := range list {
			sum.Add(list[i].stats)
			count++
			if list[i].bad != nil {
				return reportBroken(out, h, seed+uint64(i), list[i].bad)
			}
		}
		seed += batch
	}
	report := sim.NewReport(sum, count, o.seed)
	if o.json {
		return writeJSON(out, report)
	}
	_, err = fmt.Fprintf(out, "%s\nplayed in %.1f s\n", report, time.Since(began).Seconds())
	return err
}

// playBatch plays a batch of histories on all processors.
func playBatch(h sim.Options, seed uint64) []found {
	list := make([]found, batch)
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for k := range workers {
		wg.Go(func() {
			for i := k; i < batch; i += workers {
				w := sim.Play(sim.History(h, seed+uint64(i)))
				list[i] = found{stats: w.Stats(), bad: w.Violation()}
			}
		})
	}
	wg.Wait()
	return list
}

// shrinkTries bounds how many scenarios are played to make one smaller.
const shrinkTries = 5000

func reportBroken(out io.Writer, h sim.Options, seed uint64, v *sim.Violation) error {
	f := sim.Shrink(sim.History(h, seed), shrinkTries)
	f.Comment = append(slices.Clone(f.Comment), fmt.Sprintf("# Found in history %d, and made smaller.", seed))
	if _, err := io.WriteString(out, status.EscapeText(sim.Transcript(f))); err != nil {
		return err
	}
	return fmt.Errorf("history %d broke a promise: %w", seed, v)
}
