// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"context"
	"encoding/json"
	"io"

	"github.com/spf13/cobra"

	"github.com/quorate/quorate/corosync/qb"
	live "github.com/quorate/quorate/internal/cluster"
	"github.com/quorate/quorate/internal/status"
)

func newCorosyncStatus(o *qb.Options) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say whether this node is quorate, and whose votes make it so",
		Long: `Say whether this node is quorate, how many votes there are, how many are needed, and
what each node and its quorum device contribute, as corosync-quorumtool -s does.

Exit codes: 0 if this node is quorate, 2 if not, 1 if Corosync does not answer.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			q, err := ask(cmd.Context(), o, (*live.Client).Quorum)
			if err != nil {
				return err
			}
			votes, out := q.Votes(), cmd.OutOrStdout()
			if asJSON {
				err = writeJSON(out, votes)
			} else {
				_, err = out.Write(status.AppendVotes(nil, votes, colour(out)))
			}
			if err != nil {
				return err
			}
			return quorateError(q.Quorate)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// writeJSON writes v, indented, with a line feed.
func writeJSON(w io.Writer, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(status.EscapeJSON(b), '\n'))
	return err
}

// writeJSONLine writes v on one line.
func writeJSONLine(w io.Writer, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = w.Write(append(status.EscapeJSON(b), '\n'))
	return err
}

// ask asks the running Corosync one question.
func ask[T any](ctx context.Context, o *qb.Options, question func(*live.Client, context.Context) (T, error)) (answer T, err error) {
	ctx, cancel := patient(ctx)
	defer cancel()
	c, err := live.Open(ctx, *o)
	if err != nil {
		return answer, corosyncError(err)
	}
	defer c.Close()
	answer, err = question(c, ctx)
	return answer, corosyncError(err)
}
