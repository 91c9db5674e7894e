// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/cmap"
	"github.com/quorate/quorate/corosync/qb"

	"github.com/quorate/quorate/internal/advice"
)

// corosyncPatience is how long an answer of Corosync is waited for. While it
// synchronises a new membership it answers nothing: some seconds.
const corosyncPatience = 10 * time.Second

// newCorosyncCommand asks the Corosync of this machine.
func newCorosyncCommand() *cobra.Command {
	o := &qb.Options{}
	cmd := &cobra.Command{
		Use:   "corosync",
		Short: "Ask the Corosync of this machine: quorum, keys, members; reload its file",
		Long: `Ask the Corosync that runs on this machine, or make it read corosync.conf again.
You need only Corosync for this: none of its tools, and no arbiter.`,
	}
	cmd.PersistentFlags().StringVar(&o.Dir, "sockets", "", "directory of Corosync's sockets, if libqb was told to use one")
	cmd.AddCommand(newCorosyncStatus(o), newCorosyncMembers(o), newCorosyncGet(o), newCorosyncWatch(o), newCorosyncReload(o))
	return cmd
}

// patient bounds a command that is not to last.
func patient(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, corosyncPatience)
}

// corosyncError says what to do about an error of Corosync.
func corosyncError(err error) error {
	var e *corosync.Error
	if !errors.As(err, &e) {
		return err
	}
	switch {
	case errors.Is(err, qb.ErrLost):
		return fmt.Errorf("Corosync has ended. %s", advice.SeeCorosyncLog)
	case e.Call == "connect" && errors.Is(err, corosync.ErrLibrary) && e.Service == "cmap":
		return fmt.Errorf("Corosync does not answer on this machine. %s", advice.RunCorosync)
	case e.Call == "connect" && errors.Is(err, corosync.ErrLibrary):
		return fmt.Errorf("Corosync runs here without its service %s. %s", e.Service, advice.UseVotequorum)
	case errors.Is(err, corosync.ErrTryAgain):
		return fmt.Errorf("Corosync is busy starting or synchronising. %s", advice.TryAgain)
	case e.Call == "connect" && errors.Is(err, corosync.ErrAccess):
		return fmt.Errorf("Corosync does not let this user in. %s", advice.LetUserIn)
	case errors.Is(err, corosync.ErrTimeout):
		return fmt.Errorf("Corosync does not answer within %s: it is synchronising or stands still (%w)", corosyncPatience, err)
	}
	return err
}

// withCmap runs f with a client of cmap.
func withCmap(ctx context.Context, o *qb.Options, m cmap.Map, f func(*cmap.Client) error) error {
	c, err := cmap.DialMap(ctx, m, *o)
	if err != nil {
		return corosyncError(err)
	}
	defer c.Close()
	return corosyncError(f(c))
}

// columns aligns lines whose cells are apart by tabs, and writes them.
func columns(w io.Writer, lines ...string) error {
	var b bytes.Buffer
	tw := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, line := range lines {
		fmt.Fprintln(tw, line+"\t")
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(b.String()) {
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}
