// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quorate/quorate/corosync/cmap"
	"github.com/quorate/quorate/corosync/qb"
	"github.com/quorate/quorate/corosync/quorum"
	"github.com/quorate/quorate/corosync/votequorum"
	"github.com/quorate/quorate/internal/status"
)

// corosyncState is what quorate corosync status prints.
type corosyncState struct {
	Cluster  string         `json:"cluster"`
	Version  uint64         `json:"config_version,omitempty"`
	Ring     string         `json:"ring"`
	Quorate  bool           `json:"quorate"`
	Provided bool           `json:"quorum_provided"` // or else every partition is quorate
	Members  []uint32       `json:"members"`
	Votes    *corosyncVotes `json:"votequorum,omitempty"` // nil without votequorum
}

// corosyncVotes is what votequorum says of this node, and of each that it knows.
type corosyncVotes struct {
	Total           uint32         `json:"total_votes"`
	Expected        uint32         `json:"expected_votes"`
	HighestExpected uint32         `json:"highest_expected"`
	Quorum          uint32         `json:"quorum"`
	Flags           []string       `json:"flags"`
	DeviceName      string         `json:"device,omitempty"`
	DeviceVotes     uint32         `json:"device_votes"`
	DeviceCast      bool           `json:"device_vote_cast"`
	Nodes           []corosyncNode `json:"nodes"`
}

type corosyncNode struct {
	ID         uint32 `json:"id"`
	Name       string `json:"name,omitempty"`
	Local      bool   `json:"local"`
	State      string `json:"state"` // member, gone or leaving
	Votes      uint32 `json:"votes"`
	Registered bool   `json:"device_registered"`
	Alive      bool   `json:"device_alive"`
	Cast       bool   `json:"device_vote_cast"`
	MasterWins bool   `json:"device_master_wins"`
}

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
			ctx, cancel := patient(cmd.Context())
			defer cancel()
			st, err := readCorosync(ctx, o)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if asJSON {
				err = writeJSON(out, st)
			} else {
				err = writeCorosync(out, st)
			}
			if err == nil && !st.Quorate {
				return exitCode(2)
			}
			return err
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

// readCorosync asks the services one after the other.
func readCorosync(ctx context.Context, o *qb.Options) (*corosyncState, error) {
	st := &corosyncState{}
	names := map[uint32]string{}
	err := withCmap(ctx, o, cmap.Config, func(c *cmap.Client) error {
		totem, err := c.Texts(ctx, "totem.c") // cluster_name and config_version among them
		if err != nil {
			return err
		}
		st.Cluster = totem["totem.cluster_name"]
		st.Version, _ = strconv.ParseUint(totem["totem.config_version"], 10, 64) // 0 if it has none
		nodes, err := readNodes(ctx, c)
		for _, n := range nodes {
			names[n.ID] = n.Name
		}
		return err
	})
	if err == nil {
		err = st.readQuorum(ctx, o)
	}
	if err == nil && st.Provided {
		err = st.readVotes(ctx, o, names)
	}
	if err != nil {
		return nil, corosyncError(err)
	}
	return st, nil
}

// readQuorum asks what the partition is.
func (st *corosyncState) readQuorum(ctx context.Context, o *qb.Options) error {
	c, err := quorum.Dial(ctx, *o)
	if err != nil {
		return err
	}
	defer c.Close()
	events, err := c.Track(ctx)
	if err != nil {
		return err
	}
	st.Provided = c.Provided()
	for {
		select {
		case e, ok := <-events:
			if !ok {
				return c.Err()
			}
			if q, ok := e.(quorum.Quorum); ok {
				st.Ring, st.Quorate, st.Members = q.Ring.String(), q.Quorate, q.Members
				return nil
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// readVotes asks votequorum for all nodes that it has heard of.
func (st *corosyncState) readVotes(ctx context.Context, o *qb.Options, names map[uint32]string) error {
	c, err := votequorum.Dial(ctx, *o)
	if err != nil {
		return err
	}
	defer c.Close()
	us, err := c.Info(ctx, 0)
	if err != nil {
		return err
	}
	st.Votes = &corosyncVotes{
		Total: us.Total, Expected: us.Expected, HighestExpected: us.HighestExpected, Quorum: us.Quorum, Flags: append([]string{}, us.Flags.Words()...),
		DeviceName: us.DeviceName, DeviceVotes: us.DeviceVotes, DeviceCast: us.Flags.Has(votequorum.CastVote),
	}
	ids := []uint32{us.Node}
	for id := range names {
		ids = append(ids, id)
	}
	ids = append(ids, st.Members...)
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		i, err := c.Info(ctx, id)
		n := corosyncNode{ID: id, Name: names[id], Local: id == us.Node, State: "gone"}
		if err == nil {
			f := i.Flags
			n.State, n.Votes = stateWord(i.State), i.Votes
			n.Registered, n.Alive, n.Cast, n.MasterWins = f.Has(votequorum.Registered), f.Has(votequorum.Alive), f.Has(votequorum.CastVote), f.Has(votequorum.MasterWins)
		} else if c.Err() != nil {
			return c.Err()
		} // or it was never heard of
		st.Votes.Nodes = append(st.Votes.Nodes, n)
	}
	return nil
}

func stateWord(s votequorum.State) string {
	switch s {
	case votequorum.Member:
		return "member"
	case votequorum.Leaving:
		return "leaving"
	}
	return "gone"
}

// writeCorosync writes a snapshot for people.
func writeCorosync(w io.Writer, st *corosyncState) error {
	var lines []string
	add := func(label, format string, args ...any) {
		lines = append(lines, label+"\t"+fmt.Sprintf(format, args...))
	}
	version := ""
	if st.Version != 0 {
		version = fmt.Sprintf(", configuration version %d", st.Version)
	}
	add("cluster", "%s%s", status.EscapeName(st.Cluster), version)
	add("quorate", "%s", st.answer(paint(w)))
	add("ring", "%s, %s", st.Ring, countOf(len(st.Members), "member"))
	v := st.Votes
	if v == nil {
		return columns(w, lines...)
	}
	expected := fmt.Sprint(v.Expected)
	if v.HighestExpected != v.Expected {
		expected = fmt.Sprintf("%d (by others %d)", v.Expected, v.HighestExpected)
	}
	add("votes", "%d of %s expected, %d needed", v.Total, expected, v.Quorum)
	add("flags", "%s", orNone(strings.Join(v.Flags, " ")))
	add("device", "%s", v.device())
	if err := columns(w, append(lines, "")...); err != nil {
		return err
	}
	lines = []string{"node\tname\tstate\tvotes\tdevice"}
	for _, n := range v.Nodes {
		local := ""
		if n.Local {
			local = "\tthis node"
		}
		add(fmt.Sprint(n.ID), "%s\t%s\t%d\t%s%s", status.EscapeName(n.Name), n.State, n.Votes, n.device(), local)
	}
	return columns(w, lines...)
}

func (st *corosyncState) answer(p func(code, s string) string) string {
	switch {
	case !st.Quorate:
		return p("31", "no")
	case !st.Provided:
		return p("32", "yes") + " (no quorum.provider: every partition is)"
	}
	return p("32", "yes")
}

// device says what the quorum device of this node does.
func (v *corosyncVotes) device() string {
	if v.DeviceName == "" {
		return "none registered"
	}
	cast := "not cast by this node"
	if v.DeviceCast {
		cast = "cast by this node"
	}
	return fmt.Sprintf("%s, %s, %s", status.EscapeName(v.DeviceName), countOf(v.DeviceVotes, "vote"), cast)
}

// device says what the quorum device of a node does.
func (n *corosyncNode) device() string {
	if !n.Registered {
		return "none"
	}
	words := []string{"not polled", "no vote"}
	if n.Alive {
		words[0] = "alive"
	}
	if n.Cast {
		words[1] = "vote cast"
	}
	if n.MasterWins {
		words = append(words, "master wins")
	}
	return strings.Join(words, ", ")
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func countOf[N int | uint32](n N, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// paint returns a function that colours text with an SGR code if w is a terminal
// that wants colour.
func paint(w io.Writer) func(code, s string) string {
	on := colour(w)
	return func(code, s string) string {
		if !on {
			return s
		}
		return "\x1b[" + code + "m" + s + "\x1b[0m"
	}
}
