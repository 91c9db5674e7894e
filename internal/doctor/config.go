// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/conf"
	"github.com/quorate/quorate/internal/advice"
	"github.com/quorate/quorate/internal/cluster"
	"github.com/quorate/quorate/internal/fault"
	"github.com/quorate/quorate/internal/nodeconf"
	"github.com/quorate/quorate/internal/qdevice"
	"github.com/quorate/quorate/internal/term"
)

// file reads corosync.conf as corosync -t does, and lints it.
func (e *examiner) file(context.Context) {
	f, err := conf.ReadFile(e.ConfFile)
	if err != nil {
		e.unreadable(err)
		return
	}
	e.conf = f
	e.keys = map[string]string{}
	for _, k := range f.Keys() {
		e.keys[k.Name] = k.Value
	}
	bad, refused := false, ""
	if err := f.Check(*e.Host); err != nil {
		bad, refused = true, err.Error()
		do := advice.MendFile
		var at *conf.Error
		if errors.As(err, &at) && at.WhatToDo != "" {
			do = advice.Advice(at.WhatToDo) // a public library has its own
		}
		e.add(Fail, "Corosync would refuse the file: "+err.Error(), do)
	}
	for _, p := range f.Lint() {
		if p.Timers {
			e.lint = append(e.lint, p)
			continue
		}
		if p.Level == conf.Fault && (strings.Contains(refused, p.Text) || e.moved(p.Key)) {
			continue // the same again, or for the node daemon's own reading to say
		}
		bad = bad || p.Level != conf.Note
		e.problem(p)
	}
	if !bad {
		e.add(OK, fmt.Sprintf("version %s, %s", cmp.Or(e.keys["totem.config_version"], "0"), term.Count(len(f.Nodes()), "node")))
	}
}

// moved reports whether the node daemon's settings change what it takes for a key. Lint
// knows the daemon without settings.
func (e *examiner) moved(key string) bool {
	s, usual := e.Settings, nodeconf.DefaultSettings()
	switch key {
	case "quorum.device.net.algorithm":
		return s.TestAlgorithm
	case "quorum.device.net.connect_timeout":
		return s.ConnectTimeoutMin != usual.ConnectTimeoutMin || s.ConnectTimeoutMax != usual.ConnectTimeoutMax
	case "quorum.device.heuristics.timeout", "quorum.device.heuristics.sync_timeout":
		return s.HeuristicsTimeoutMin != usual.HeuristicsTimeoutMin || s.HeuristicsTimeoutMax != usual.HeuristicsTimeoutMax
	case "quorum.device.heuristics.interval":
		return s.HeuristicsIntervalMin != usual.HeuristicsIntervalMin || s.HeuristicsIntervalMax != usual.HeuristicsIntervalMax
	}
	return false
}

// unreadable says why the file can't be examined.
func (e *examiner) unreadable(err error) {
	var at *conf.Error
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.add(Fail, e.ConfFile+" is not there: this machine is not a node of a cluster", advice.SetUpCorosync)
	case errors.As(err, &at) && at.Line > 0:
		e.add(Fail, fmt.Sprintf("%s: line %d: %s", e.ConfFile, at.Line, at.Text), advice.MendLine)
	case errors.As(err, &at):
		e.add(Fail, e.ConfFile+": "+at.Text, advice.LookIntoFile)
	case errors.Is(err, syscall.EISDIR):
		e.add(Fail, e.ConfFile+" is a directory", advice.NameConf.WithWord("file", filepath.Join(e.ConfFile, "corosync.conf")))
	case errors.Is(err, fs.ErrPermission):
		e.add(Fail, fault.Words(err), advice.AsRoot)
	default:
		e.add(Fail, fault.Words(err), advice.TryToRead.WithWord("file", e.ConfFile))
	}
}

func (e *examiner) problem(p conf.Problem) {
	verdict := map[conf.Level]Verdict{conf.Note: Note, conf.Warning: Warn, conf.Fault: Fail}[p.Level]
	text := p.Text
	if p.Line > 0 {
		text = fmt.Sprintf("line %d: %s", p.Line, text)
	}
	var do []advice.Advice
	if p.WhatToDo != "" {
		do = append(do, advice.Advice(p.WhatToDo)) // a public library has its own
	}
	for line := range strings.Lines(p.Draft) {
		do = append(do, advice.Advice(strings.TrimRight(line, "\r\n")))
	}
	e.add(verdict, text, do...)
}

// timers holds Totem's times against the device's.
func (e *examiner) timers(context.Context) {
	if e.conf == nil {
		return
	}
	for _, p := range e.lint {
		e.problem(p)
	}
	if slices.ContainsFunc(e.lint, func(p conf.Problem) bool { return p.Level != conf.Note }) {
		return
	}
	text := fmt.Sprintf("token %s ms", cmp.Or(e.keys["totem.token"], "3000 (default)"))
	if e.keys["quorum.device.model"] != "" {
		text += fmt.Sprintf(", device timeout %s ms, in sync %s ms",
			cmp.Or(e.keys["quorum.device.timeout"], "10000"), cmp.Or(e.keys["quorum.device.sync_timeout"], "30000"))
	}
	e.add(OK, text)
}

// corosync asks the running Corosync, and compares its configuration with the file.
func (e *examiner) corosync(ctx context.Context) {
	fromFile := e.keys
	c, err := cluster.Open(ctx, e.Corosync)
	if err == nil {
		e.client = c
		if e.q, err = c.Quorum(ctx); err == nil {
			e.keys, err = c.Keys(ctx, nodeconf.Prefixes()...)
		}
	}
	if err != nil {
		do := []advice.Advice{advice.StartCorosync, advice.CorosyncState, advice.CorosyncLog}
		if errors.Is(err, corosync.ErrAccess) {
			do = []advice.Advice{advice.AsRoot}
		}
		e.add(Fail, notAnswering(err), do...)
		e.keys = fromFile
		return
	}
	version := fmt.Sprint(e.q.ConfigVersion)
	if inFile := fromFile["totem.config_version"]; e.conf != nil && inFile != version && inFile != "" {
		e.add(Warn, fmt.Sprintf("the running Corosync has version %s of the configuration, the file is version %s", version, inFile), advice.Reload)
		return
	}
	e.add(OK, fmt.Sprintf("running, version %s of the configuration, ring %s", version, e.q.Ring))
}

// notAnswering says that Corosync does not, and why.
func notAnswering(err error) string {
	words := strings.TrimPrefix(fault.Words(err), "connecting to Corosync: ")
	if strings.HasPrefix(words, "Corosync ") {
		return words
	}
	return "Corosync does not answer: " + words
}

// quorum tells whether this node is quorate.
func (e *examiner) quorum(context.Context) {
	if e.q == nil {
		return
	}
	text := term.Count(len(e.q.Members), "member")
	if v := e.q.Votequorum; v != nil {
		text = fmt.Sprintf("%d of %s, %d needed, %s", v.Total, term.Count(v.Expected, "vote"), v.Quorum, text)
	}
	if !e.q.Quorate {
		e.add(Fail, "not quorate: "+text, advice.Status)
		return
	}
	e.add(OK, "quorate: "+text)
}

// parse reads what the node daemon reads, or says why it could not. It returns
// false if there is no quorum device.
func (e *examiner) parse() bool {
	if e.keys["quorum.device.model"] == "" {
		return false
	}
	if e.device != nil {
		return true
	}
	keys := map[string]string{"runtime.votequorum.this_node_id": "1"} // where Corosync does not run
	for k, v := range e.keys {
		keys[k] = v
	}
	d, err := nodeconf.Parse(keys, e.Settings, func(string) (netip.Addr, error) {
		return netip.Addr{}, errors.New("it has no nodeid")
	})
	if err != nil {
		e.add(Fail, "the node daemon can't use the configuration: "+fault.Words(err), advice.MendDevice)
		return true
	}
	for _, w := range d.Warnings {
		e.add(Warn, w)
	}
	e.device = d
	return true
}

func (e *examiner) heuristicsOn() bool {
	return e.device != nil && e.device.Machine.Heuristics != qdevice.HeuristicsOff
}
