// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnetd

import (
	"strconv"
	"time"

	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/hold"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/wire"
)

// received handles one message of a client.
func (s *Server) received(now time.Time, c *client, m wire.Message) {
	switch m := m.(type) {
	case wire.Preinit:
		s.preinit(c, m)
		return
	case wire.StartTLS:
		s.startTLS(c, m)
		return
	case wire.Init, wire.SetOption, wire.EchoRequest, wire.NodeList, wire.AskForVote,
		wire.VoteInfoReply, wire.HeuristicsChange:
	default:
		s.refuse(c, seqOf(m), wire.ErrUnexpectedMessage) // only an arbiter sends it
		return
	}
	if s.cfg.TLS == wire.TLSRequired && !c.tls {
		s.refuse(c, seqOf(m), wire.ErrTLSRequired)
		return
	}
	if init, ok := m.(wire.Init); ok {
		s.init(now, c, init)
		return
	}
	if c.cluster == nil {
		s.beforeInit(c, m)
		return
	}
	switch m := m.(type) {
	case wire.EchoRequest:
		s.send(c, wire.EchoReply(m))
	case wire.SetOption:
		s.setOption(c, m)
	case wire.NodeList:
		s.nodeList(now, c, m)
	case wire.AskForVote:
		s.askForVote(now, c, m)
	case wire.VoteInfoReply:
		if !m.Seq.Set {
			s.refuse(c, m.Seq, wire.ErrRequiredOptionMissing)
			return
		}
		s.voteInfoReply(now, c, m.Seq.V)
	case wire.HeuristicsChange:
		s.heuristicsChange(now, c, m)
	}
}

// beforeInit refuses a message that comes before Init. An echo request is no fault, and
// leaves no warning: quorate doctor asks like that whether its certificate is accepted,
// without saying which node it is.
func (s *Server) beforeInit(c *client, m wire.Message) {
	if echo, ok := m.(wire.EchoRequest); ok {
		s.send(c, wire.ServerError{Seq: echo.Seq, Code: wire.Some(wire.ErrInitRequired)})
		s.countRefused(c)
		return
	}
	s.refuse(c, seqOf(m), wire.ErrInitRequired)
}

// seqOf returns a message's sequence number, for the reply that refuses it.
func seqOf(m wire.Message) wire.Opt[uint32] {
	switch m := m.(type) {
	case wire.Preinit:
		return m.Seq
	case wire.PreinitReply:
		return m.Seq
	case wire.StartTLS:
		return m.Seq
	case wire.Init:
		return m.Seq
	case wire.InitReply:
		return m.Seq
	case wire.ServerError:
		return m.Seq
	case wire.SetOption:
		return m.Seq
	case wire.SetOptionReply:
		return m.Seq
	case wire.EchoRequest:
		return m.Seq
	case wire.EchoReply:
		return m.Seq
	case wire.NodeList:
		return m.Seq
	case wire.NodeListReply:
		return m.Seq
	case wire.AskForVote:
		return m.Seq
	case wire.AskForVoteReply:
		return m.Seq
	case wire.VoteInfo:
		return m.Seq
	case wire.VoteInfoReply:
		return m.Seq
	case wire.HeuristicsChange:
		return m.Seq
	case wire.HeuristicsChangeReply:
		return m.Seq
	}
	return wire.Opt[uint32]{}
}

// preinit takes the cluster's name, once: a connection can't change its
// cluster after its certificate was checked against the first (SEC-4, SEC-6).
func (s *Server) preinit(c *client, m wire.Preinit) {
	switch {
	case c.preinit:
		s.refuse(c, m.Seq, wire.ErrUnexpectedMessage)
		return
	case !m.ClusterName.Set || m.ClusterName.V == "":
		s.refuse(c, m.Seq, wire.ErrRequiredOptionMissing)
		return
	case len(m.ClusterName.V) > maxName:
		s.refuseFor(c, m.Seq, wire.ErrMessageTooLong, "its cluster's name has "+strconv.Itoa(len(m.ClusterName.V))+" bytes, and Corosync allows "+strconv.Itoa(maxName))
		return
	}
	c.preinit, c.name = true, m.ClusterName.V
	required := uint8(0)
	if s.cfg.ClientCertRequired {
		required = 1
	}
	s.send(c, wire.PreinitReply{Seq: m.Seq, TLS: wire.Some(s.cfg.TLS), ClientCertRequired: wire.Some(required)})
}

func (s *Server) startTLS(c *client, m wire.StartTLS) {
	switch {
	case !c.preinit:
		s.refuse(c, m.Seq, wire.ErrPreinitRequired)
	case s.cfg.TLS == wire.TLSUnsupported:
		s.note(c.event(event.Warning, event.ClientRefused).WithReason("it wants TLS, which is off here"))
		s.close(c, "TLS is off")
	case c.session.startTLS || c.cluster != nil:
		s.refuse(c, m.Seq, wire.ErrUnexpectedMessage)
	default:
		c.session.startTLS = true
		s.emit(StartTLS{Conn: c.conn})
	}
}

func (s *Server) setOption(c *client, m wire.SetOption) {
	if m.Heartbeat.Set {
		if m.Heartbeat.V < s.cfg.HeartbeatMin || m.Heartbeat.V > s.cfg.HeartbeatMax {
			s.refuse(c, m.Seq, wire.ErrInvalidHeartbeat)
			return
		}
		if !c.cluster.ledger.Paced(c.node, hold.Pace{Heartbeat: m.Heartbeat.V, Timeout: c.pace().Timeout}) {
			s.refuse(c, m.Seq, wire.ErrInvalidHeartbeat)
			return
		}
		s.armClient(c)
	}
	if m.KeepActivePartition.Set {
		c.kap = m.KeepActivePartition.V == 1
	}
	s.send(c, wire.SetOptionReply(m))
}

// nodeList handles the four kinds of node lists. The reply always goes before
// the votes that the list causes, and never carries an ACK or NACK itself: an
// ACK may have to wait for the disk or for another node.
func (s *Server) nodeList(now time.Time, c *client, m wire.NodeList) {
	code := s.checkNodeList(c, m)
	if code != wire.NoError {
		s.refuse(c, m.Seq, code)
		return
	}
	vote, settle := qnet.VoteNoChange, false
	switch m.ListType.V {
	case qnet.InitialConfig, qnet.ChangedConfig:
		c.configured(m, c.cluster.sameConfig(m.Nodes.IDs()))
		c.cluster.setNames(m.Names.V)
		for _, o := range c.cluster.clients {
			c.cluster.ledger.Configured(now, o.node, o.config)
		}
		settle = c.members != nil
		c.cluster.includeLate()
		if c.algorithm == qnet.FFSplit && (m.ListType.V == qnet.InitialConfig || c.members == nil) {
			vote = qnet.VoteAskLater
		}
	case qnet.Membership:
		s.membership(now, c, m)
		vote, settle = qnet.VoteWaitForReply, true
		if c.config == nil {
			vote = qnet.VoteAskLater
		}
	case qnet.Quorum:
		settle = c.cluster.ledger.Quorate(c.node, m.Quorate.V == 1)
	}
	c.lastVote = vote
	s.send(c, wire.NodeListReply{Seq: m.Seq, ListType: m.ListType, RingID: wire.Some(c.ring), Vote: wire.Some(vote), Reason: c.reasonOption()})
	if settle {
		s.settle(now, c.cluster)
	}
}

// checkNodeList returns the code with which a list is refused, or NoError.
func (s *Server) checkNodeList(c *client, m wire.NodeList) wire.ReplyError {
	switch {
	case !m.ListType.Set || !m.Seq.Set:
		return wire.ErrRequiredOptionMissing
	case len(m.Nodes) > qnet.MaxNodes:
		return wire.ErrMessageTooLong
	}
	switch m.ListType.V {
	case qnet.InitialConfig, qnet.ChangedConfig:
		switch {
		case c.algorithm == qnet.TwoNodeLMS && len(m.Nodes.IDs()) != 2:
			return wire.ErrUnsupportedAlgorithm
		case !m.Nodes.Contains(c.node), len(qnet.Union(c.cluster.configured(c), m.Nodes.IDs())) > qnet.MaxNodes:
			return wire.ErrInvalidConfigNodeList
		}
	case qnet.Membership:
		switch {
		case !m.RingID.Set:
			return wire.ErrRequiredOptionMissing
		case !m.Nodes.Contains(c.node):
			return wire.ErrInvalidMembershipNodeList
		}
	case qnet.Quorum:
		if !m.Quorate.Set {
			return wire.ErrRequiredOptionMissing
		}
	}
	return wire.NoError
}

// membership takes a membership report: the node says which ring it is in.
func (s *Server) membership(now time.Time, c *client, m wire.NodeList) {
	cl := c.cluster
	cl.reports++
	c.report.membership(now, m, cl.ledger.Reported(c.node, m.RingID.V, m.Nodes.IDs()), cl.reports)
	c.voting.reset()
	c.silent = false
	c.stopAwaiting()
	cl.includeLate()
	e := c.event(event.Info, event.NodeReports)
	e.Nodes = c.members
	s.note(e)
}

func (s *Server) heuristicsChange(now time.Time, c *client, m wire.HeuristicsChange) {
	if !m.Seq.Set || m.Heuristics == qnet.HeuristicsUndefined {
		s.refuse(c, m.Seq, wire.ErrRequiredOptionMissing)
		return
	}
	c.heuristics, c.regularHeur = m.Heuristics, m.Heuristics
	vote := qnet.VoteNoChange
	if c.algorithm == qnet.FFSplit && !c.complete() {
		vote = qnet.VoteAskLater
	}
	c.lastVote = vote
	e := c.event(event.Info, event.NodeHeuristics)
	e.What = m.Heuristics.String()
	s.note(e)
	s.send(c, wire.HeuristicsChangeReply{Seq: m.Seq, Vote: wire.Some(vote), RingID: wire.Some(c.ring), Heuristics: m.Heuristics, Reason: c.reasonOption()})
	s.settle(now, c.cluster)
}

// askForVote repeats what the node was told; what it was not told yet will
// come as a Vote info.
func (s *Server) askForVote(now time.Time, c *client, m wire.AskForVote) {
	switch {
	case !m.Seq.Set:
		s.refuse(c, m.Seq, wire.ErrRequiredOptionMissing)
		return
	case c.algorithm == qnet.FFSplit:
		s.refuse(c, m.Seq, wire.ErrUnsupportedForAlgorithm)
		return
	}
	s.settle(now, c.cluster)
	vote := c.sent
	switch {
	case vote == qnet.VoteACK && !c.cluster.ledger.Holds(c.node):
		vote = qnet.VoteNoChange // its hold has passed: it can't be told again without a grant
	case vote == qnet.VoteUndefined && c.complete():
		vote = qnet.VoteWaitForReply
	case vote == qnet.VoteUndefined:
		vote = qnet.VoteAskLater
	}
	c.lastVote = vote
	s.send(c, wire.AskForVoteReply{Seq: m.Seq, Vote: wire.Some(vote), RingID: wire.Some(c.ring), Reason: c.reasonOption()})
}
