// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/quorate/quorate/internal/advice"
	"github.com/quorate/quorate/internal/fault"
	"github.com/quorate/quorate/internal/outlook"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/status"
	"github.com/quorate/quorate/internal/term"
)

// daemon asks the node daemon.
func (e *examiner) daemon(ctx context.Context) {
	s, isC, err := e.AskNode(ctx)
	e.nodeHidden = errors.Is(err, fs.ErrPermission)
	switch {
	case err != nil && e.device == nil:
		return // none is needed
	case e.nodeHidden:
		e.add(Fail, "it does not answer on "+e.Settings.SocketFile+": "+fault.Words(err), advice.AsRoot)
		return
	case err != nil:
		e.add(Fail, "it does not answer on "+e.Settings.SocketFile+": "+fault.Words(err),
			advice.StartNodeDaemon, advice.NodeDaemonLog)
		return
	}
	e.node, e.nodeIsC = s, isC
	if e.unused(s) {
		return
	}
	who := "quorate's"
	if isC {
		who = "Corosync's own"
	}
	if s.Refused != "" {
		e.add(Fail, outlook.MayNotVote(e.here(), s), advice.MendConf)
	}
	if text, _ := outlook.NotConnected(e.here(), s, isC); text != "" {
		e.add(Fail, who+", and "+text, advice.SeeFindings)
	}
	if e.q != nil {
		if text := outlook.OldConfig(e.here(), s, e.q); text != "" {
			e.add(Warn, text, advice.RestartNodeDaemon)
		}
	}
	if e.heuristicsOn() && s.Heuristics == qnet.HeuristicsFail {
		e.heuristics(s)
	}
	if len(e.results) > 0 {
		return
	}
	text := who + ", connected to the arbiter"
	if !s.Connected.IsZero() {
		text += " since " + s.Connected.Format("2006-01-02 15:04:05")
	}
	if s.RoundTrip > 0 {
		text += fmt.Sprintf(", round trip %.1f ms", float64(s.RoundTrip)/float64(time.Millisecond))
	}
	e.add(OK, text)
}

// unused reports whether the daemon runs though corosync.conf has no quorum device.
func (e *examiner) unused(s *status.QDevice) bool {
	switch {
	case s.Removed != "":
		e.add(Note, "it runs, but "+s.Removed+" was removed from corosync.conf: it waits without a vote until the device comes back",
			advice.DisableNodeDaemon)
	case e.keys != nil && e.keys["quorum.device.model"] == "":
		e.add(Note, "it runs, but corosync.conf has no quorum.device: nothing uses it",
			advice.DisableNodeDaemon)
	default:
		return false
	}
	return true
}

// heuristics tells which command fails.
func (e *examiner) heuristics(s *status.QDevice) {
	for i := range s.Commands {
		if c := &s.Commands[i]; c.Result == qnet.HeuristicsFail {
			e.add(Warn, outlook.CommandFails(e.here(), c), advice.RunHeuristic.With("name", c.Name))
		}
	}
	if len(s.Commands) == 0 {
		e.add(Warn, outlook.HeuristicsFail(e.here()), advice.RunHeuristics)
	}
}

// here is what this node is called.
func (e *examiner) here() string {
	if e.q == nil {
		return "this node"
	}
	return e.q.Here()
}

// local is this node as Corosync sees it.
func (e *examiner) local() (status.Member, bool) {
	if e.q == nil || e.device == nil || e.q.Votequorum == nil {
		return status.Member{}, false
	}
	for _, m := range e.q.Members {
		if m.Local {
			return m, true
		}
	}
	return status.Member{}, false
}

// registered tells whether Corosync knows of the device.
func (e *examiner) registered(context.Context) {
	m, ok := e.local()
	switch {
	case !ok:
	case !m.Registered && e.q.Votequorum.DeviceBarred:
		e.add(Fail, outlook.DeviceBarred(e.here()), advice.SeeConf, advice.CorosyncQuorum)
	case !m.Registered:
		e.add(Fail, outlook.NoDaemon(e.here()), advice.StartNodeDaemon, advice.EnableNodeDaemon)
	case !m.Alive:
		e.add(Fail, outlook.DaemonStopped(e.here()), advice.RestartNodeDaemon)
	default:
		e.add(OK, fmt.Sprintf("%s, alive, %s", e.q.Votequorum.DeviceName, term.Count(e.q.Votequorum.DeviceVotes, "vote")))
	}
}

// vote tells whether this node uses the arbiter's vote.
func (e *examiner) vote(context.Context) {
	m, ok := e.local()
	switch {
	case !ok:
	case m.Cast:
		e.add(OK, e.here()+" uses the arbiter's vote")
	case e.node != nil && e.node.PollingCast:
		e.add(Warn, outlook.NotCounted(e.here()), advice.LookAgain)
	case e.node != nil && e.node.Reason != "":
		e.add(Fail, outlook.NotUsed(e.here(), e.node.WhyNot()), advice.AskArbiter.WithWord("cluster", e.node.Cluster))
	default:
		e.add(Fail, outlook.NotUsed(e.here(), ""), advice.Status)
	}
}

// others tells what is wrong with other nodes, as far as it can be seen from here.
func (e *examiner) others(context.Context) {
	if e.q == nil {
		return
	}
	r := e.report()
	for _, p := range r.Problems {
		if p.Node != 0 && p.Node != e.q.NodeID {
			e.add(Warn, p.Text)
			last := &e.results[len(e.results)-1]
			last.Do = append(last.Do, p.Do...)
		}
	}
	if n := len(e.q.Members); len(e.results) == 0 && n > 1 {
		e.add(OK, term.Count(n-1, "other member")+", and nothing looks wrong from here")
	}
}

// report is what quorate status would say.
func (e *examiner) report() *status.Report {
	r := &status.Report{At: e.Now(), Quorum: e.q, Daemon: e.node, DaemonIsC: e.nodeIsC, DaemonHidden: e.nodeHidden}
	outlook.Complete(r)
	return r
}

// losses tells which loss would cost somebody the quorum.
func (e *examiner) losses(context.Context) {
	if e.q == nil {
		return
	}
	r := e.report()
	if len(r.Losses) == 0 {
		return // nobody has a quorum to lose
	}
	for i := range r.Losses {
		if l := &r.Losses[i]; len(l.Lose)+len(l.Unknown) > 0 {
			e.add(Note, "if "+l.Called+" is lost now, "+l.Sentence(e.q))
		}
	}
	if len(e.results) == 0 {
		e.add(OK, "if any one of them is lost now, the rest keeps quorum")
	}
}
