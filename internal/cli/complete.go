// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quorate/quorate/corosync/cmap"
	"github.com/quorate/quorate/corosync/conf"
	"github.com/quorate/quorate/corosync/qb"
	laboratory "github.com/quorate/quorate/internal/lab"
	"github.com/quorate/quorate/internal/nodeconf"
	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/status"
)

// completeTime is how long a key press may wait for a daemon's answer.
const completeTime = time.Second

// values proposes what may follow; it asks nobody who takes longer than ctx lasts.
type values func(ctx context.Context, cmd *cobra.Command, typed string) []string

// flagValues are the flags of which values are known, by command and flag, or by flag
// alone. A value is any of these, or what completes a path.
var flagValues = map[string]values{
	"quorate qnetd --tls":       oneOf(tlsWords...),
	"quorate qnetd --set":       func(context.Context, *cobra.Command, string) []string { return arbiterSettings() },
	"quorate qdevice --set":     func(context.Context, *cobra.Command, string) []string { return nodeSettings() },
	"quorate doctor --set":      func(context.Context, *cobra.Command, string) []string { return nodeSettings() },
	"quorate lab --algorithm":   oneOf(laboratory.Algorithms()...),
	"quorate lab --tie-breaker": oneOf(qnet.TieBreakerNames()...),
	"quorate sim --algorithm":   oneOf(qnet.FFSplit.Name(), qnet.LMS.Name()),
	"quorate sim --daemons":     oneOf("go", "c", "mixed"),
	"quorate sim --arbiter":     oneOf("go", "c"),
}

// directories and files are flags whose value is a path; numbers and the like have
// nothing to be proposed.
var (
	directories = []string{"state", "certs", "node-dir", "sockets"}
	files       = []string{"socket", "arbiter-socket", "lock-file", "script", "log", "conf", "sbd"}
)

// argumentValues are the arguments of which values are known, in their order. Where a
// command takes more of them, or has none here, files complete.
var argumentValues = map[string][]values{
	"quorate clusters":       {connectedClusters},
	"quorate cert sign":      {enrolledClusters},
	"quorate cert request":   {ownCluster},
	"quorate corosync get":   {mapKeys},
	"quorate corosync watch": {mapKeys},
}

// takesFiles are the commands whose arguments, or those behind the known ones, are files.
var takesFiles = []string{"quorate cert sign", "quorate cert trust", "quorate cert import", "quorate explain", "quorate sim"}

// addCompletions tells cobra of all that, for cmd and those below it.
func addCompletions(cmd *cobra.Command) {
	path := cmd.CommandPath()
	for name, v := range flagValues {
		if flag, ok := strings.CutPrefix(name, path+" --"); ok {
			_ = cmd.RegisterFlagCompletionFunc(flag, v.flag()) // an error is a flag that is not there: a test looks
		}
	}
	for _, name := range directories {
		if cmd.Flags().Lookup(name) != nil {
			_ = cmd.MarkFlagDirname(name)
		}
		if cmd.PersistentFlags().Lookup(name) != nil {
			_ = cmd.MarkPersistentFlagDirname(name)
		}
	}
	if cmd.ValidArgsFunction == nil && !cmd.HasSubCommands() {
		cmd.ValidArgsFunction = argumentsOf(path)
	}
	for _, sub := range cmd.Commands() {
		addCompletions(sub)
	}
}

// argumentsOf completes the arguments of a command.
func argumentsOf(path string) cobra.CompletionFunc {
	known, rest := argumentValues[path], cobra.ShellCompDirectiveNoFileComp
	if slices.Contains(takesFiles, path) {
		rest = cobra.ShellCompDirectiveDefault
	}
	return func(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) < len(known) {
			return known[len(args)].propose(cmd, typed)
		}
		if path == "quorate explain" && len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return nil, rest
	}
}

func oneOf(list ...string) values {
	return func(context.Context, *cobra.Command, string) []string { return list }
}

func (v values) flag() cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return v.propose(cmd, typed)
	}
}

// propose returns those values that begin with what was typed, and are such as can be
// printed: names come from files and from the network.
func (v values) propose(cmd *cobra.Command, typed string) (list []cobra.Completion, d cobra.ShellCompDirective) {
	parent := cmd.Context()
	if parent == nil {
		parent = context.Background()
	}
	ctx, cancel := context.WithTimeout(parent, completeTime)
	defer cancel()
	d = cobra.ShellCompDirectiveNoFileComp
	for _, s := range v(ctx, cmd, typed) {
		if !strings.HasPrefix(s, typed) || s == "" || status.EscapeName(s) != s {
			continue
		}
		if list = append(list, s); strings.HasSuffix(s, "=") {
			d |= cobra.ShellCompDirectiveNoSpace
		}
	}
	return list, d
}

// flagText is the value of a flag, which the command has.
func flagText(cmd *cobra.Command, name string) string { return cmd.Flag(name).Value.String() }

// connectedClusters are those whose nodes are connected to this arbiter.
func connectedClusters(ctx context.Context, cmd *cobra.Command, _ string) (names []string) {
	st, err := askStatus(ctx, flagText(cmd, "socket"))
	if err != nil {
		return nil
	}
	for _, c := range st.Clusters {
		names = append(names, c.Name)
	}
	return names
}

// enrolledClusters are those that this arbiter has signed a certificate for.
func enrolledClusters(_ context.Context, cmd *cobra.Command, _ string) (names []string) {
	dir := flagText(cmd, "certs")
	if dir == "" {
		dir = certDirOf(flagText(cmd, "state"))
	}
	list, _ := pki.Clusters(dir) // an error is about some of them
	for _, c := range list {
		names = append(names, c.Cluster)
	}
	return names
}

// ownCluster is the name in this node's corosync.conf.
func ownCluster(context.Context, *cobra.Command, string) []string {
	f, err := conf.ReadFile(corosyncConf)
	if err != nil {
		return nil
	}
	name, _ := f.Get("totem.cluster_name")
	return []string{name}
}

// mapKeys are the keys of the running Corosync.
func mapKeys(ctx context.Context, cmd *cobra.Command, typed string) (keys []string) {
	m := cmap.Config
	if f := cmd.Flag("stats"); f != nil && f.Value.String() == "true" {
		m = cmap.Stats
	}
	_ = withCmap(ctx, &qb.Options{Dir: flagText(cmd, "sockets")}, m, func(c *cmap.Client) error {
		for e, err := range c.Keys(ctx, typed) {
			if err != nil {
				return err
			}
			keys = append(keys, e.Key)
		}
		return nil
	})
	slices.Sort(keys)
	return keys
}

func arbiterSettings() (names []string) {
	for _, s := range qnetdSettings() {
		names = append(names, s.name+"=")
	}
	return names
}

func nodeSettings() (names []string) {
	for _, name := range nodeconf.SettingNames() {
		names = append(names, name+"=")
	}
	return names
}
