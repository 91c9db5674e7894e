// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/cfg"
	"github.com/quorate/quorate/corosync/cmap"
	"github.com/quorate/quorate/corosync/conf"
	"github.com/quorate/quorate/corosync/qb"
	"github.com/quorate/quorate/internal/advice"
	"github.com/quorate/quorate/internal/status"
)

// corosyncMember is a configured node, as quorate corosync members prints it.
type corosyncMember struct {
	ID     uint32         `json:"id"`
	Name   string         `json:"name,omitempty"`
	Local  bool           `json:"local"`
	Member bool           `json:"member"`
	Links  []corosyncLink `json:"links"`
}

// corosyncLink is one link to a node, or of this one.
type corosyncLink struct {
	Number    int    `json:"number"`
	Address   string `json:"address"`
	Connected *bool  `json:"connected,omitempty"` // nil for this node, and if it is not known
	MTU       uint32 `json:"mtu,omitempty"`
}

func newCorosyncMembers(o *qb.Options) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "members",
		Short: "List the configured nodes: who is there, and over which links",
		Long: `List the configured nodes with their addresses, say whether each one is in this
node's partition, and show the state of the links to it.

Exit codes: 0, or 1 if Corosync does not answer.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := patient(cmd.Context())
			defer cancel()
			list, err := readMembers(ctx, o)
			switch {
			case err != nil:
				return err
			case asJSON:
				return writeJSON(cmd.OutOrStdout(), list)
			}
			return writeMembers(cmd.OutOrStdout(), list)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// readNodes reads the node list, and who of it is a member.
func readNodes(ctx context.Context, c *cmap.Client) ([]corosyncMember, error) {
	keys, err := c.Texts(ctx, "nodelist.node.")
	if err != nil {
		return nil, err
	}
	joined, err := c.Texts(ctx, "runtime.members.")
	if err != nil {
		return nil, err
	}
	nodes := map[string]*corosyncMember{}
	for key, value := range keys {
		place, field, _ := strings.Cut(strings.TrimPrefix(key, "nodelist.node."), ".")
		n := nodes[place]
		if n == nil {
			n = &corosyncMember{Links: []corosyncLink{}}
			nodes[place] = n
		}
		n.set(field, value)
	}
	list := make([]corosyncMember, 0, len(nodes))
	for _, n := range nodes {
		n.Member = joined[fmt.Sprintf("runtime.members.%d.status", n.ID)] == "joined"
		slices.SortFunc(n.Links, func(a, b corosyncLink) int { return cmp.Compare(a.Number, b.Number) })
		list = append(list, *n)
	}
	slices.SortFunc(list, func(a, b corosyncMember) int { return cmp.Compare(a.ID, b.ID) })
	return list, nil
}

// set takes a key of the node list.
func (n *corosyncMember) set(field, value string) {
	switch field {
	case "nodeid":
		id, _ := strconv.ParseUint(value, 10, 32)
		n.ID = uint32(id)
		return
	case "name":
		n.Name = value
		return
	}
	number, ring := strings.CutPrefix(field, "ring")
	number, addr := strings.CutSuffix(number, "_addr")
	if i, err := strconv.ParseUint(number, 10, 8); err == nil && ring && addr {
		n.Links = append(n.Links, corosyncLink{Number: int(i), Address: value})
	}
}

// readMembers reads the node list and asks for the links to each node.
func readMembers(ctx context.Context, o *qb.Options) ([]corosyncMember, error) {
	var list []corosyncMember
	err := withCmap(ctx, o, cmap.Config, func(c *cmap.Client) (err error) {
		list, err = readNodes(ctx, c)
		return err
	})
	if err != nil {
		return nil, err
	}
	c, err := cfg.Dial(ctx, *o)
	if err != nil {
		return nil, corosyncError(err)
	}
	defer c.Close()
	us, err := c.LocalNode(ctx)
	if err != nil {
		return nil, corosyncError(err)
	}
	for i := range list {
		n := &list[i]
		if n.ID == us {
			n.Local = true
			continue
		}
		s, err := c.NodeStatus(ctx, n.ID)
		if errors.Is(err, corosync.ErrFailedOperation) || errors.Is(err, corosync.ErrInvalidParam) {
			continue // not known to knet, or a Corosync that can't tell
		}
		if err != nil {
			return nil, corosyncError(err)
		}
		n.addLinks(s.Links)
	}
	return list, nil
}

// addLinks adds what Corosync says of the links.
func (n *corosyncMember) addLinks(links []cfg.NodeLink) {
	for _, l := range links {
		i := slices.IndexFunc(n.Links, func(x corosyncLink) bool { return x.Number == l.Number })
		if i < 0 {
			n.Links = append(n.Links, corosyncLink{Number: l.Number, Address: l.Destination})
			i = len(n.Links) - 1
		}
		up := l.Connected
		n.Links[i].Connected, n.Links[i].MTU = &up, l.MTU
	}
}

// writeMembers writes the list for people, a line for each link.
func writeMembers(w io.Writer, list []corosyncMember) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(w, "The running Corosync has no node list.")
		return err
	}
	lines := []string{"node\tname\tstate\tlink\taddress"}
	for _, n := range list {
		state := "gone"
		if n.Member {
			state = "member"
		}
		first := fmt.Sprintf("%d\t%s\t%s", n.ID, status.EscapeName(n.Name), state)
		if len(n.Links) == 0 {
			lines = append(lines, first)
		}
		for _, l := range n.Links {
			lines = append(lines, fmt.Sprintf("%s\t%d\t%s\t%s", first, l.Number, status.EscapeName(l.Address), l.state(n.Local)))
			first = "\t\t"
		}
	}
	return columns(w, lines...)
}

func (l *corosyncLink) state(local bool) string {
	switch {
	case local:
		return "this node"
	case l.Connected == nil:
		return "unknown"
	case !*l.Connected:
		return "down"
	case l.MTU == 0:
		return "up"
	}
	return fmt.Sprintf("up, MTU %d", l.MTU)
}

// corosyncReloaded is what came of a reload, as JSON has it.
type corosyncReloaded struct {
	Reloaded bool   `json:"reloaded"`                 // always: what was refused is an error
	Version  uint64 `json:"config_version,omitempty"` // in force now; 0 if the file has none
}

func newCorosyncReload(o *qb.Options) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "reload",
		Short: "Make every node of the cluster read its corosync.conf again",
		Long: `Make the Corosync of every node read its corosync.conf again, and say whether this
node could use its own. First copy the file to all nodes, with a higher
config_version.

Exit codes: 0, or 1 if Corosync refuses this node's file or does not answer.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := patient(cmd.Context())
			defer cancel()
			r, err := reloadCorosync(ctx, o)
			switch out := cmd.OutOrStdout(); {
			case err != nil:
				return err
			case asJSON:
				return writeJSON(out, r)
			case r.Version == 0:
				_, err = fmt.Fprintln(out, "reloaded")
			default:
				_, err = fmt.Fprintf(out, "reloaded: configuration version %d\n", r.Version)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// reloadCorosync reloads, and asks for the version that is in force then.
func reloadCorosync(ctx context.Context, o *qb.Options) (*corosyncReloaded, error) {
	r := &corosyncReloaded{Reloaded: true}
	err := withCmap(ctx, o, cmap.Config, func(keys *cmap.Client) error {
		c, err := cfg.Dial(ctx, *o)
		if err != nil {
			return err
		}
		defer c.Close()
		if err := c.Reload(ctx); errors.Is(err, corosync.ErrInvalidParam) {
			return fmt.Errorf("Corosync keeps its old configuration: it refuses this node's corosync.conf%s", whyRefused())
		} else if err != nil {
			return err
		}
		version, err := keys.Get(ctx, "totem.config_version")
		if err == nil {
			r.Version, _ = version.Uint()
		} else if !errors.Is(err, corosync.ErrNotExist) {
			return err
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// corosyncConf is where Corosync reads its configuration.
const corosyncConf = "/etc/corosync/corosync.conf"

// whyRefused says what is wrong with the file, if that can be found out here.
func whyRefused() string {
	f, err := conf.ReadFile(corosyncConf)
	if err == nil {
		err = f.Check(conf.ThisHost())
	}
	if err == nil {
		return ". " + advice.SeeCorosyncLog.String()
	}
	return ": " + err.Error()
}
