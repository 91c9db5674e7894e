// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/cmap"
	"github.com/quorate/quorate/corosync/qb"
	"github.com/quorate/quorate/internal/advice"
	"github.com/quorate/quorate/internal/status"
)

// corosyncKey is a key as JSON has it.
type corosyncKey struct {
	Key   string `json:"key"`
	Type  string `json:"type"` // of corosync-cmapctl: u32, str, ...
	Value any    `json:"value"`
}

// corosyncChange is a change of a key as JSON has it.
type corosyncChange struct {
	Time  time.Time    `json:"time"`
	Key   string       `json:"key"`
	Event string       `json:"event"` // added, modified or deleted
	Old   *corosyncKey `json:"old,omitempty"`
	New   *corosyncKey `json:"new,omitempty"`
}

func newCorosyncGet(o *qb.Options) *cobra.Command {
	var asJSON, stats bool
	cmd := &cobra.Command{
		Use:   "get KEY | PREFIX*",
		Short: "Print a key of Corosync's map, or all keys that start with a prefix",
		Long: `Print the value of a key, or all keys that start with a prefix, with their values.
The keys are those of cmap_keys(8), and everything in corosync.conf.

Exit codes: 0, or 1 if there is no such key or Corosync does not answer.`,
		Example: `  quorate corosync get totem.cluster_name
  quorate corosync get 'nodelist.*'
  quorate corosync get --stats 'stats.srp.*'`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, cancel := patient(cmd.Context())
			defer cancel()
			return withCmap(ctx, o, mapOf(stats), func(c *cmap.Client) error {
				return getKeys(ctx, c, cmd.OutOrStdout(), args[0], asJSON)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&stats, "stats", false, "use the map of statistics")
	return cmd
}

func mapOf(stats bool) cmap.Map {
	if stats {
		return cmap.Stats
	}
	return cmap.Config
}

// getKeys prints a key, or those that start with a prefix.
func getKeys(ctx context.Context, c *cmap.Client, w io.Writer, key string, asJSON bool) error {
	prefix, many := strings.CutSuffix(key, "*")
	if !many {
		v, err := c.Get(ctx, key)
		switch {
		case errors.Is(err, corosync.ErrNotExist):
			return fmt.Errorf("there is no key %s. %s", key, advice.ListKeys)
		case err != nil:
			return err
		case asJSON:
			return writeJSON(w, jsonKey(key, v))
		}
		_, err = fmt.Fprintln(w, status.EscapeName(v.String()))
		return err
	}
	list := []*corosyncKey{}
	for item, err := range c.Items(ctx, prefix) {
		switch {
		case err != nil:
			return err
		case asJSON:
			list = append(list, jsonKey(item.Key, item.Value))
		default:
			if _, err := fmt.Fprintf(w, "%s = %s\n", status.EscapeName(item.Key), status.EscapeName(item.Value.String())); err != nil {
				return err
			}
		}
	}
	if asJSON {
		return writeJSON(w, list)
	}
	return nil
}

// jsonKey returns a key with numbers as numbers; binary values are in hexadecimal.
func jsonKey(key string, v cmap.Value) *corosyncKey {
	k := &corosyncKey{Key: key, Type: v.Type().String(), Value: v.String()}
	if n, ok := v.Int(); ok {
		k.Value = n
	} else if n, ok := v.Uint(); ok {
		k.Value = n
	} else if _, ok := v.Float(); ok {
		k.Value = json.Number(v.String())
	}
	return k
}

func newCorosyncWatch(o *qb.Options) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "watch [PREFIX]",
		Short: "Print changes of Corosync's map as they happen",
		Long: `Print each change of the keys that start with a prefix, with the old and the new
value, until you interrupt it. Without a prefix, it prints every change.

Exit codes: 0 if it was interrupted, 1 if Corosync does not answer, or ends.`,
		Example: `  quorate corosync watch runtime.members.
  quorate corosync watch --json quorum.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			prefix := strings.TrimSuffix(strings.Join(args, ""), "*")
			ctx, stop := untilSignal(cmd.Context())
			defer stop()
			return withCmap(ctx, o, cmap.Config, func(c *cmap.Client) error {
				return watchKeys(ctx, c, cmd.OutOrStdout(), prefix, asJSON)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object for each change")
	return cmd
}

// watchKeys prints changes until the context ends.
func watchKeys(ctx context.Context, c *cmap.Client, w io.Writer, prefix string, asJSON bool) error {
	start, cancel := patient(ctx)
	defer cancel()
	t, err := c.TrackPrefix(start, prefix, cmap.Any)
	if err != nil {
		return err
	}
	for {
		select {
		case ch, ok := <-t.Changes():
			if !ok {
				return c.Err()
			}
			if err := writeChange(w, ch, asJSON, time.Now()); err != nil {
				return err
			}
		case <-ctx.Done():
			return nil
		}
	}
}

func writeChange(w io.Writer, ch cmap.Change, asJSON bool, now time.Time) error {
	if asJSON {
		x := corosyncChange{Time: now, Key: ch.Key, Event: ch.Event.String()}
		if ch.Old.Type() != cmap.None {
			x.Old = jsonKey(ch.Key, ch.Old)
		}
		if ch.New.Type() != cmap.None {
			x.New = jsonKey(ch.Key, ch.New)
		}
		return writeJSONLine(w, x)
	}
	text := func(v cmap.Value) string {
		if v.Type() == cmap.None {
			return "(none)"
		}
		return status.EscapeName(v.String())
	}
	_, err := fmt.Fprintf(w, "%s  %s: %s -> %s\n", now.Format("15:04:05.000"), status.EscapeName(ch.Key), text(ch.Old), text(ch.New))
	return err
}
