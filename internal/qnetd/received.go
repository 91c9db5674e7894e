// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnetd

import (
	"slices"
	"strconv"
	"time"

	"quorate/internal/qnet"
	"quorate/internal/wire"
)

// received handles one message of a client (protocol sheet, section 2.1).
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
		s.note(c.notice(Warning, "client refused: it starts TLS, which is off", ""))
		s.close(c, "TLS is off")
	case c.tlsOn || c.cluster != nil:
		s.refuse(c, m.Seq, wire.ErrUnexpectedMessage)
	default:
		c.tlsOn = true
		s.emit(StartTLS{Conn: c.conn})
	}
}

func (s *Server) setOption(c *client, m wire.SetOption) {
	if m.Heartbeat.Set {
		if m.Heartbeat.V < s.cfg.HeartbeatMin || m.Heartbeat.V > s.cfg.HeartbeatMax {
			s.refuse(c, m.Seq, wire.ErrInvalidHeartbeat)
			return
		}
		// A longer interval lets a holder notice silence later than what is on disk says (H2).
		if h := c.cluster.holder(c.node); h != nil && pace(m.Heartbeat.V, c.timeout) > h.heartbeat {
			s.refuse(c, m.Seq, wire.ErrInvalidHeartbeat)
			return
		}
		c.heartbeat = m.Heartbeat.V
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
		c.configList, c.config, c.version = m.Nodes, c.cluster.sameConfig(m.Nodes.IDs()), m.ConfigVersion
		s.presume(now, c.cluster)
		settle = c.members != nil
		c.cluster.forgive()
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
		settle = c.cluster.quorum(c, m.Quorate.V == 1)
	}
	c.lastVote = vote
	s.send(c, wire.NodeListReply{Seq: m.Seq, ListType: m.ListType, RingID: wire.Some(c.ring), Vote: wire.Some(vote), Reason: c.reason()})
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
	c.ring, c.memberList, c.members = m.RingID.V, m.Nodes, m.Nodes.IDs()
	c.membershipHeur = m.Heuristics
	c.heuristics = m.Heuristics
	cl.reports++
	c.report, c.reportedAt = cl.reports, now
	c.told, c.why = qnet.VoteUndefined, because{reason: whyToCome}
	c.silent, c.awaitSince = false, time.Time{}
	cl.forgive()
	r := cl.ring(c.ring, c.members, c.node)
	c.members = r.members // equal lists are one list: they need not be compared
	if cl.lastRing(c.node) != r {
		c.quorate = wire.Opt[bool]{}
	}
	cl.reported(c.node, r)
	s.note(c.notice(Info, "node reports members "+qnet.FormatIDs(c.members), ""))
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
	s.note(c.notice(Info, "node reports heuristics "+m.Heuristics.String(), ""))
	s.send(c, wire.HeuristicsChangeReply{Seq: m.Seq, Vote: wire.Some(vote), RingID: wire.Some(c.ring), Heuristics: m.Heuristics, Reason: c.reason()})
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
	vote := c.told
	switch {
	case vote == qnet.VoteACK && !c.cluster.holds(c):
		vote = qnet.VoteNoChange // its hold has passed: it can't be told again without a grant
	case vote == qnet.VoteUndefined && c.complete():
		vote = qnet.VoteWaitForReply
	case vote == qnet.VoteUndefined:
		vote = qnet.VoteAskLater
	}
	c.lastVote = vote
	s.send(c, wire.AskForVoteReply{Seq: m.Seq, Vote: wire.Some(vote), RingID: wire.Some(c.ring), Reason: c.reason()})
}

// init handles Init (section 2.3). The first check that fails decides the
// code (Q2), and nothing of a refused Init is kept.
func (s *Server) init(now time.Time, c *client, m wire.Init) {
	if c.cluster != nil {
		s.refuse(c, m.Seq, wire.ErrUnexpectedMessage) // one Init a connection (SEC-3)
		return
	}
	code, why := s.checkInit(now, c, m)
	reply := wire.InitReply{
		Code:                wire.Some(code),
		Seq:                 m.Seq,
		MaxRequestSize:      wire.Some(s.cfg.MaxRequestSize),
		MaxReplySize:        wire.Some(s.cfg.MaxReplySize),
		SupportedAlgorithms: wire.Some([]uint16{uint16(qnet.Test), uint16(qnet.FFSplit), uint16(qnet.TwoNodeLMS), uint16(qnet.LMS)}),
	}
	if m.SupportedMessages.Set {
		reply.SupportedMessages = wire.Some(wire.SupportedMessages())
	}
	if m.SupportedOptions.Set {
		reply.SupportedOptions = wire.Some(wire.SupportedOptions())
	}
	if code != wire.NoError {
		n := c.notice(Error, "node refused: "+code.String(), why)
		n.Node = m.NodeID.V
		if wire.TakesReasons(m.SupportedOptions.V) {
			reply.Reason = wire.Reason(why)
		}
		s.note(n)
		s.send(c, reply)
		return
	}
	if g := s.cfg.grace(m.Heartbeat.V, m.DeviceTimeout.V); g > 0 {
		reply.Grace = wire.Some(uint32(g.Milliseconds()))
	}
	if r := s.cfg.Register; !r.IsZero() && wire.TakesRegister(m.SupportedOptions.V) {
		reply.Register = wire.Some(r)
	}
	s.send(c, reply)
	s.join(now, c, m)
}

// checkInit returns the code with which an Init is refused, or NoError, and the reason
// where the code does not say it.
func (s *Server) checkInit(now time.Time, c *client, m wire.Init) (code wire.ReplyError, why string) {
	switch {
	case !c.preinit:
		return wire.ErrPreinitRequired, ""
	case !m.NodeID.Set || m.NodeID.V == 0, !m.RingID.Set, !m.Heartbeat.Set:
		return wire.ErrRequiredOptionMissing, ""
	case m.Heartbeat.V < s.cfg.HeartbeatMin || m.Heartbeat.V > s.cfg.HeartbeatMax:
		return wire.ErrInvalidHeartbeat, ""
	case !m.TieBreaker.Set, !m.Algorithm.Set:
		return wire.ErrRequiredOptionMissing, ""
	case !m.Algorithm.V.Known():
		return wire.ErrUnsupportedAlgorithm, ""
	case m.DeviceTimeout.V > s.cfg.deviceTimeoutMax():
		return wire.ErrInvalidHeartbeat, "quorum.device.timeout is " + seconds(m.DeviceTimeout.V) + ", and the arbiter takes " +
			seconds(s.cfg.deviceTimeoutMax()) + " at most: after a crash it would keep the vote from everybody else for that long"
	}
	cl := s.clusters[c.name]
	if cl == nil {
		return wire.NoError, ""
	}
	for _, o := range cl.clients {
		switch {
		case !o.tieBreaker.Equal(m.TieBreaker.V):
			return wire.ErrTieBreakerDiffers, ""
		case o.algorithm != m.Algorithm.V:
			return wire.ErrAlgorithmDiffers, ""
		case o.node == m.NodeID.V:
			s.suspect(now, o)
			return wire.ErrDuplicateNodeID, ""
		}
	}
	return s.checkRoom(now, cl, m)
}

// checkRoom refuses nodes and holders beyond what a cluster can have.
func (s *Server) checkRoom(now time.Time, cl *cluster, m wire.Init) (code wire.ReplyError, why string) {
	if len(cl.clients) >= qnet.MaxNodes {
		return wire.ErrInternal, strconv.Itoa(qnet.MaxNodes) + " nodes of this cluster are connected already, and Corosync allows no more"
	}
	casting := m.StillCasting.Set && m.StillCasting.V == 1
	if !casting || cl.holder(m.NodeID.V) != nil || len(cl.holders) < cl.mostHolders() {
		return wire.NoError, ""
	}
	// The node is not taken at its word, but it may be true: nobody gets the vote until what
	// it casts has ended (H9).
	if end := now.Add(s.cfg.holdTime(pace(m.Heartbeat.V, m.DeviceTimeout.V))); end.After(cl.crowded) {
		cl.crowded = end
	}
	return wire.ErrInternal, "the node says that it still casts the vote, but all nodes of this cluster that can are known already"
}

// mostHolders is how many nodes may say that they are still casting: no more than are
// configured, as far as a connected node has told the arbiter.
func (cl *cluster) mostHolders() int {
	if n := len(cl.configured(nil)); n > 0 {
		return n
	}
	return qnet.MaxNodes
}

// configured returns the nodes in any connected node's config list, but for one node's.
func (cl *cluster) configured(but *client) (ids []qnet.NodeID) {
	for _, c := range cl.clients {
		if c != but {
			ids = qnet.Union(ids, c.config)
		}
	}
	return ids
}

func seconds(ms uint32) string { return strconv.FormatFloat(float64(ms)/1000, 'f', -1, 64) + " s" }

// suspect asks a connection whose node ID another one claims whether it still
// lives: after a silent loss the node comes back before its old connection is
// given up. If it does not answer, it is dropped, and the next try succeeds.
func (s *Server) suspect(now time.Time, c *client) {
	if !c.suspect.IsZero() {
		return
	}
	c.suspect = now
	s.voteInfo(now, c, qnet.VoteNoChange)
	s.armClient(c)
}

// join makes a connection a node of its cluster.
func (s *Server) join(now time.Time, c *client, m wire.Init) {
	cl := s.clusters[c.name]
	if cl == nil {
		cl = newCluster(c.name)
		cl.blank = true
		s.clusters[c.name] = cl
	}
	if len(cl.clients) == 0 {
		s.firsts++
		cl.order = s.firsts
	}
	c.cluster = cl
	c.node, c.heartbeat, c.algorithm, c.tieBreaker = m.NodeID.V, m.Heartbeat.V, m.Algorithm.V, m.TieBreaker.V
	c.timeout = m.DeviceTimeout.V
	c.ring, c.kap = m.RingID.V, s.cfg.KeepActivePartition
	c.reasons, c.why = wire.TakesReasons(m.SupportedOptions.V), because{reason: whyNoLists}
	at, _ := slices.BinarySearchFunc(cl.clients, c.node, byClient)
	cl.clients = slices.Insert(cl.clients, at, c)
	cl.rejoined(now, c, m.StillCasting.Set && m.StillCasting.V == 1, s.presumes(now, cl))
	if c.algorithm == qnet.Test {
		s.note(c.notice(Warning, "node uses the test algorithm: it must not be used in production", ""))
	}
	s.note(c.notice(Info, "node connected: "+c.algorithm.String()+", tie-breaker "+c.tieBreaker.String(), ""))
	s.armClient(c)
	s.settle(now, cl)
}
