// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"quorate/internal/doctor"
	"quorate/internal/status"
)

// newClustersCommand lists an arbiter's clusters with the reasons for their votes.
func newClustersCommand() *cobra.Command {
	var socket string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "clusters [CLUSTER]",
		Short: "List the arbiter's clusters: who has the vote, and why",
		Long: `List the clusters whose nodes are connected to the arbiter on this machine: who
has the vote and why, who may still be using it, and what each node last reported.
A node that its cluster's configuration names is listed even if it is not connected.

Exit codes: 0 if the arbiter answered, 1 if not, or if CLUSTER is not there.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cluster := ""
			if len(args) == 1 {
				cluster = args[0]
			}
			st, err := askStatus(cmd.Context(), socket)
			if err != nil {
				return err
			}
			found := st.Find(cluster)
			if cluster != "" && len(found.Clusters) == 0 {
				return fmt.Errorf("no node of cluster %q is connected to this arbiter", cluster)
			}
			out := cmd.OutOrStdout()
			if asJSON {
				b, err := status.AppendJSON(nil, found, "")
				if err != nil {
					return err
				}
				_, err = out.Write(b)
				return err
			}
			_, err = out.Write(status.AppendClusters(nil, found, time.Now(), colour(out)))
			return err
		},
	}
	cmd.Flags().StringVar(&socket, "socket", qnetdSocket, "the arbiter's local socket")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// askTime is how long a daemon of this machine may take to answer: one that needs
// longer is frozen, or as good as that.
const askTime = 4 * time.Second

// askStatus gets a snapshot from the arbiter behind a socket, or says in a line why not.
func askStatus(ctx context.Context, socket string) (*status.QNetd, error) {
	s, isC, err := queryArbiter(ctx, socket)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("the arbiter's socket %s does not let this user in: run this as root", socket)
	case isC:
		return nil, fmt.Errorf("the arbiter at %s is not quorate's and gives no reasons: use corosync-qnetd-tool -l", socket)
	case errors.Is(err, doctor.ErrFrozen):
		return nil, fmt.Errorf("the arbiter at %s does not answer: %w", socket, err)
	case err != nil:
		return nil, fmt.Errorf("can't connect to the arbiter at %s (is it running?): %s", socket, strerror(err))
	}
	return s, nil
}

// colour reports whether out is a terminal that wants colour.
func colour(out io.Writer) bool {
	f, ok := out.(*os.File)
	return ok && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(f.Fd()))
}
