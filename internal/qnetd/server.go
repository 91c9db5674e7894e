// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnetd

import (
	"slices"
	"time"

	"github.com/quorate/quorate/internal/decision"
	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/hold"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/wire"
)

// Server is the arbiter machine. Its methods must be called from one goroutine.
type Server struct {
	cfg     Config
	started time.Time

	clients  map[ConnID]*client
	nodes    int // connections that are nodes
	clusters map[string]*cluster
	enrolled int        // of these
	idle     []*cluster // the others without a node, from the one that has been for longest

	firsts    uint64 // counts clusters that got their first connected node
	persistID uint64
	persists  map[uint64]*cluster // under way
	storeErr  string              // why the last Persist was refused, "" when it was not

	timers timers
	out    []Output
	view   []decision.Client // room for the next decision's view
}

// Stored is what the store knows of a cluster when the arbiter starts.
type Stored struct {
	Cluster string
	Grant   qnet.Grant
}

// New returns an arbiter without connections. The holders in stored hold for a
// full hold time from now on (rule H6): no older clock is trusted.
func New(cfg Config, now time.Time, stored []Stored) *Server {
	s := &Server{
		cfg:      cfg,
		started:  now,
		clients:  make(map[ConnID]*client),
		clusters: make(map[string]*cluster),
		persists: make(map[uint64]*cluster),
	}
	for _, st := range stored {
		cl := &cluster{name: st.Cluster, ledger: hold.Restore(cfg.holdTimes(), now, st.Grant), known: true, saved: st.Grant}
		s.clusters[st.Cluster] = cl
		if cfg.TLS == wire.TLSRequired || st.Grant.Enrolled {
			s.markEnrolled(cl)
		}
		s.abandoned(now, cl)
	}
	return s
}

// Step applies one input at the instant now and returns what to do, in order.
// Equal histories give equal outputs. Inputs for a connection that the machine
// has closed are ignored. The returned slice is valid until the next Step.
func (s *Server) Step(now time.Time, in Input) []Output {
	s.Apply(now, in)
	s.tick(now)
	return s.out
}

// Apply is Step without the timers that are due, which run in the next Step. A shell applies
// so what has arrived: a client whose message lies unread must not be found silent.
func (s *Server) Apply(now time.Time, in Input) []Output {
	s.out = s.out[:0]
	switch in := in.(type) {
	case Connected:
		s.connected(now, in)
	case Received:
		if c := s.clients[in.Conn]; c != nil {
			s.heard(now, c)
			s.received(now, c, in.Msg)
		}
	case Garbled:
		if c := s.clients[in.Conn]; c != nil {
			s.garbled(now, c, in.Malformed)
		}
	case Secured:
		if c := s.clients[in.Conn]; c != nil {
			s.secured(c, in)
		}
	case Disconnected:
		if c := s.clients[in.Conn]; c != nil {
			s.drop(now, c, c.event(event.Info, event.NodeDisconnected).WithReason(in.Why))
		}
	case Persisted:
		s.persisted(now, in)
	case RecordChanged:
		s.recordChanged(now, in)
	case Tick:
	}
	return s.out
}

// Cluster returns the cluster whose node a connection is: "" before its Init.
func (s *Server) Cluster(id ConnID) string {
	if c := s.clients[id]; c != nil && c.cluster != nil {
		return c.name
	}
	return ""
}

// Deadline is the next instant at which Step must be called with Tick, or the
// zero Time if there is none.
func (s *Server) Deadline() time.Time { return s.timers.Next() }

func (s *Server) connected(now time.Time, in Connected) {
	if s.cfg.MaxClients > 0 && s.nodes >= s.cfg.MaxClients {
		s.note(event.Event{Kind: event.ClientRefused, Level: event.Error, Addr: in.Addr, Reason: reasonFull})
		s.emit(Close{Conn: in.Conn, Why: "limit of clients reached"})
		return
	}
	c := &client{session: session{conn: in.Conn, addr: in.Addr, since: now}}
	s.clients[in.Conn] = c
	s.note(event.Event{Kind: event.ClientConnected, Level: event.Debug, Addr: in.Addr})
	s.armClient(c)
}

// secured applies the identity that a TLS handshake has proven.
func (s *Server) secured(c *client, in Secured) {
	c.session.secured(in)
	if s.cfg.ClientCertRequired && !c.certified() {
		s.note(c.event(event.Error, event.ClientRefused).WithReason(c.uncertified()))
		s.close(c, "certificate does not carry the cluster's name")
	}
}

// drop forgets a connection that has ended, which e tells of if it was a node's. What its node
// holds, it goes on holding (H3).
func (s *Server) drop(now time.Time, c *client, e event.Event) {
	s.remove(c)
	cl := c.cluster
	if cl == nil {
		s.note(c.event(event.Debug, event.ClientDisconnected).WithReason(e.Reason))
		return
	}
	s.nodes--
	s.note(e)
	if i := slices.Index(cl.clients, c); i >= 0 {
		cl.clients = slices.Delete(cl.clients, i, i+1)
	}
	cl.ledger.Left(c.node)
	cl.includeLate() // what they seemed late for may have gone with it
	if len(cl.clients) == 0 {
		s.abandoned(now, cl)
	}
	s.settle(now, cl)
}

// close ends a connection from our side and forgets it.
func (s *Server) close(c *client, why string) {
	s.emit(Close{Conn: c.conn, Why: why})
	s.remove(c)
}

func (s *Server) remove(c *client) {
	c.gone = true
	delete(s.clients, c.conn)
}

// hangUp ends a connection that may belong to a cluster.
func (s *Server) hangUp(now time.Time, c *client, why string) {
	s.emit(Close{Conn: c.conn, Why: why})
	s.drop(now, c, c.event(event.Info, event.NodeDisconnected).WithReason(why))
}

// garbled answers a frame that is no message. Only an undecodable message
// counts as a sign of life, as in C.
func (s *Server) garbled(now time.Time, c *client, m wire.Malformed) {
	var code wire.ReplyError
	seq := wire.Opt[uint32]{}
	switch m.Fault {
	case wire.FaultUnknownType:
		code = wire.ErrUnsupportedMessage
	case wire.FaultTooLong:
		code = wire.ErrMessageTooLong
	default:
		code, seq = wire.ErrDecodingMessage, m.Seq
		s.heard(now, c)
	}
	why := ""
	if m.Err != nil {
		why = m.Err.Error()
	}
	s.refuseFor(c, seq, code, joined(code.Sentence(), why))
}

// joined appends a detail to a sentence.
func joined(text, detail string) string {
	if detail == "" {
		return text
	}
	return text + ": " + detail
}

func (s *Server) emit(o Output)                  { s.out = append(s.out, o) }
func (s *Server) note(e event.Event)             { s.out = append(s.out, Notice{e}) }
func (s *Server) send(c *client, m wire.Message) { s.out = append(s.out, Send{Conn: c.conn, Msg: m}) }
func (s *Server) refuse(c *client, seq wire.Opt[uint32], code wire.ReplyError) {
	s.refuseFor(c, seq, code, code.Sentence())
}

// refuseFor is refuse with a reason of its own for the log.
func (s *Server) refuseFor(c *client, seq wire.Opt[uint32], code wire.ReplyError, why string) {
	s.note(c.event(event.Warning, event.MessageRefused).WithReason(why))
	s.send(c, wire.ServerError{Seq: seq, Code: wire.Some(code)})
	s.countRefused(c)
}

// countRefused counts what was refused of a connection that is no node. It is given up when it
// goes on like that.
func (s *Server) countRefused(c *client) {
	if c.cluster != nil || c.gone {
		return
	}
	if c.refused++; c.refused > maxRefused {
		s.note(c.event(event.Warning, event.ClientRefused).WithReason("none of its messages could be used"))
		s.close(c, "too many refused messages")
	}
}
