// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/cfg"
	"github.com/quorate/quorate/corosync/cmap"
	"github.com/quorate/quorate/corosync/conf"
	"github.com/quorate/quorate/corosync/qb"
	"github.com/quorate/quorate/internal/advice"
	live "github.com/quorate/quorate/internal/cluster"
	"github.com/quorate/quorate/internal/status"
)

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
			list, err := ask(cmd.Context(), o, (*live.Client).Links)
			switch out := cmd.OutOrStdout(); {
			case err != nil:
				return err
			case asJSON:
				return writeJSON(out, list)
			default:
				_, err = out.Write(status.AppendLinks(nil, list))
				return err
			}
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
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
