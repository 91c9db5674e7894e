// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/quorate/quorate/internal/advice"
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/doctor"
	"github.com/quorate/quorate/internal/fault"
	"github.com/quorate/quorate/internal/status"
)

// newClustersCommand lists an arbiter's clusters with the reasons for their votes.
func newClustersCommand() *cobra.Command {
	c := clustersCommand{now: time.Now}
	cmd := &cobra.Command{
		Use:   "clusters [CLUSTER]",
		Short: "List the arbiter's clusters: who has the vote, and why",
		Long: `List the clusters whose nodes are connected to the arbiter on this machine: who
has the vote and why, who may still be using it, and what each node last reported.
A node that its cluster's configuration names is listed even if it is not connected.

Exit codes: 0 if the arbiter answered, 1 if it did not or does not know CLUSTER.`,
		Example: `  quorate clusters
  quorate clusters --watch home`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				c.cluster = args[0]
			}
			c.out = cmd.OutOrStdout()
			return c.run(cmd.Context())
		},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().BoolVar(&c.watch, "watch", false, "go on, and show every change")
	cmd.Flags().BoolVar(&c.json, "json", false, "print JSON")
	cmd.Flags().StringVar(&c.socket, "socket", qnetdSocket, "the arbiter's local socket")
	return cmd
}

// clustersCommand is one call of quorate clusters.
type clustersCommand struct {
	cluster     string // the empty name is every cluster
	socket      string
	watch, json bool
	out         io.Writer
	now         func() time.Time
}

func (c *clustersCommand) run(ctx context.Context) error {
	if c.watch {
		return c.follow(ctx)
	}
	st, err := c.ask(ctx)
	if err != nil {
		return err
	}
	b, err := c.text(st, nil)
	if err != nil {
		return err
	}
	_, err = c.out.Write(b)
	return err
}

func (c *clustersCommand) ask(ctx context.Context) (*status.QNetd, error) {
	st, err := askStatus(ctx, c.socket)
	if err != nil {
		return nil, err
	}
	found := st.Find(c.cluster)
	if c.cluster != "" && len(found.Clusters) == 0 {
		return nil, fmt.Errorf("no node of cluster %q is connected to this arbiter", c.cluster)
	}
	return found, nil
}

// text renders a snapshot, or the error that took its place.
func (c *clustersCommand) text(st *status.QNetd, failed error) ([]byte, error) {
	switch {
	case failed != nil && c.json:
		b, err := json.Marshal(map[string]any{"at": c.now().Round(0), "error": failed.Error()})
		return append(status.EscapeJSON(b), '\n'), err
	case failed != nil:
		return []byte(c.now().Format(time.ANSIC) + "\n" + status.EscapeText(failed.Error()) + "\n"), nil
	case c.json:
		return status.AppendJSON(nil, st, "")
	}
	return status.AppendClusters(nil, st, c.now(), colour(c.out)), nil
}

// askTime is how long a daemon of this machine may take to answer: one that needs
// longer is frozen, or as good as that.
const askTime = 4 * time.Second

// askStatus gets a snapshot from the arbiter behind a socket, or says in a line why not.
func askStatus(ctx context.Context, socket string) (*status.QNetd, error) {
	s, isC, err := queryArbiter(ctx, socket)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("the arbiter's socket %s does not let this user in. %s", socket, advice.AsRoot)
	case isC:
		return nil, fmt.Errorf("the arbiter at %s is not quorate's and gives no reasons. %s", socket, advice.UseCTool)
	case errors.Is(err, doctor.ErrFrozen):
		return nil, fmt.Errorf("the arbiter at %s accepts the connection but does not answer: it is frozen. Run `%s`.", socket, advice.RestartArbiter)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return nil, fmt.Errorf("can't connect to the arbiter at %s: %s. %s", socket, strerror(err), advice.StartArbiter)
	case errors.Is(err, control.ErrNoAnswer), errors.Is(err, syscall.ECONNRESET):
		return nil, fmt.Errorf("the arbiter at %s does not answer: it is ending, or too many others ask it. %s", socket, advice.TryAgain)
	case err != nil:
		return nil, fmt.Errorf("the arbiter at %s can't be asked: %s. Run `%s`.", socket, fault.Words(err), advice.RestartArbiter)
	}
	return s, nil
}
