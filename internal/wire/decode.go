// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package wire

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/quorate/quorate/internal/qnet"
)

// fields is what the options of one message said. Options that do not belong
// to the message's type are decoded as well, so that a broken one makes the
// whole message fail, as in C.
type fields struct {
	seq           Opt[uint32]
	clusterName   Opt[string]
	tls           Opt[TLSSupport]
	clientCert    Opt[uint8]
	messages      Opt[[]uint16]
	options       Opt[[]uint16]
	code          Opt[ReplyError]
	maxRequest    Opt[uint32]
	maxReply      Opt[uint32]
	nodeID        Opt[qnet.NodeID]
	algorithms    Opt[[]uint16]
	algorithm     Opt[qnet.Algorithm]
	heartbeat     Opt[uint32]
	ringID        Opt[qnet.RingID]
	configVersion Opt[uint64]
	dataCenter    uint32
	nodeState     qnet.NodeState
	nodes         qnet.NodeList
	listType      Opt[qnet.ListType]
	vote          Opt[qnet.Vote]
	quorate       Opt[uint8]
	tieBreaker    Opt[qnet.TieBreaker]
	heuristics    qnet.Heuristics
	kap           Opt[uint8]
	grace         Opt[uint32]
	stillCasting  Opt[uint8]
	reason        Opt[string]
	register      Opt[qnet.RegisterID]
	deviceTimeout Opt[uint32]
	names         Opt[qnet.Names]
}

var errEmpty = errors.New("message without options")

// Decode decodes the body of a message of type t. It keeps nothing of body.
// Known types need at least one option, unknown options are skipped, and of an
// option that stands twice the last one counts, except for node infos, which
// add up. Where it can't, it says so in a Malformed.
func Decode(t MessageType, body []byte) (Message, *Malformed) {
	if t > TypeHeuristicsChangeReply {
		return nil, &Malformed{Fault: FaultUnknownType, Type: t, Err: fmt.Errorf("message type %d is unknown", uint16(t))}
	}
	if (t == TypeEchoRequest || t == TypeEchoReply) && len(body) == 8 && be.Uint32(body) == 4 {
		return echo(t, Some(be.Uint32(body[4:])), body), nil // the usual one: a sequence number and no more
	}
	var f fields
	err := errEmpty
	if len(body) > 0 {
		err = f.decode(body, false)
	}
	if err != nil {
		return nil, &Malformed{Fault: FaultUndecodable, Type: t, Seq: f.seq, Err: fmt.Errorf("%s: %w", t, err)}
	}
	return f.message(t, body), nil
}

func echo(t MessageType, seq Opt[uint32], body []byte) Message {
	if t == TypeEchoRequest {
		return EchoRequest{Seq: seq, Body: bytes.Clone(body)}
	}
	return EchoReply{Seq: seq, Body: bytes.Clone(body)}
}

// decode decodes options until b ends. Within a node info only its own options
// have a meaning.
func (f *fields) decode(b []byte, nodeInfo bool) error {
	for len(b) > 0 {
		if len(b) < optionHeaderSize {
			return fmt.Errorf("%d stray bytes behind the last option", len(b))
		}
		o, n := option(be.Uint16(b)), int(be.Uint16(b[2:]))
		b = b[optionHeaderSize:]
		if n > len(b) {
			return fmt.Errorf("option %d: claims %d bytes, %d are left", o, n, len(b))
		}
		v := value{option: o, b: b[:n]}
		if nodeInfo {
			f.nodeOption(&v)
		} else {
			f.option(&v)
		}
		if v.err != nil {
			return v.err
		}
		b = b[n:]
	}
	return nil
}

// option decodes one option of a message.
func (f *fields) option(v *value) {
	switch v.option {
	case optSeq:
		f.seq = some(v, v.u32())
	case optClusterName:
		f.clusterName = Some(string(v.b))
	case optTLSSupported:
		f.tls = some(v, TLSSupport(v.enum(0, 2)))
	case optClientCertRequired:
		f.clientCert = some(v, v.u8())
	case optSupportedMessages:
		f.messages = some(v, v.u16s())
	case optSupportedOptions:
		f.options = some(v, v.u16s())
	case optReplyErrorCode:
		f.code = some(v, ReplyError(v.u16()))
	case optMaxRequestSize:
		f.maxRequest = some(v, v.u32())
	case optMaxReplySize:
		f.maxReply = some(v, v.u32())
	case optNodeID:
		f.nodeID = some(v, qnet.NodeID(v.u32()))
	case optSupportedAlgorithms:
		f.algorithms = some(v, v.u16s())
	case optAlgorithm:
		f.algorithm = some(v, qnet.Algorithm(v.u16()))
	case optHeartbeat:
		f.heartbeat = some(v, v.u32())
	case optRingID:
		f.ringID = some(v, v.ringID())
	case optConfigVersion:
		f.configVersion = some(v, v.u64())
	case optDataCenterID:
		f.dataCenter = v.u32()
	case optNodeState:
		f.nodeState = qnet.NodeState(v.enum(1, 3))
	case optNodeInfo:
		f.nodes = append(f.nodes, v.node())
	case optNodeListType:
		f.listType = some(v, qnet.ListType(v.enum(0, 3)))
	case optVote:
		f.vote = some(v, qnet.Vote(v.enum(1, 5)))
	case optQuorate:
		f.quorate = some(v, v.enum(0, 1))
	case optTieBreaker:
		f.tieBreaker = some(v, v.tieBreaker())
	case optHeuristics:
		f.heuristics = qnet.Heuristics(v.enum(1, 2))
	case optKeepActivePartition:
		f.kap = some(v, v.enum(0, 1))
	case optGrace:
		f.grace = some(v, v.u32())
	case optStillCasting:
		f.stillCasting = some(v, v.u8())
	case optReason:
		f.reason = some(v, v.reason())
	case optRegister:
		f.register = some(v, v.register())
	case optDeviceTimeout:
		f.deviceTimeout = some(v, v.u32())
	case optNodeNames:
		f.names = decodeNames(v.b)
	}
}

// nodeOption decodes one option of a node info.
func (f *fields) nodeOption(v *value) {
	switch v.option {
	case optNodeID:
		f.nodeID = some(v, qnet.NodeID(v.u32()))
	case optDataCenterID:
		f.dataCenter = v.u32()
	case optNodeState:
		f.nodeState = qnet.NodeState(v.enum(1, 3))
	}
}

func some[T any](v *value, t T) Opt[T] { return Opt[T]{V: t, Set: v.err == nil} }

// message makes the message of type t, which is a known one.
func (f *fields) message(t MessageType, body []byte) Message {
	switch t {
	case TypePreinit:
		return Preinit{Seq: f.seq, ClusterName: f.clusterName}
	case TypePreinitReply:
		return PreinitReply{Seq: f.seq, TLS: f.tls, ClientCertRequired: f.clientCert}
	case TypeStartTLS:
		return StartTLS{Seq: f.seq}
	case TypeInit:
		return Init{
			Seq: f.seq, SupportedMessages: f.messages, SupportedOptions: f.options, NodeID: f.nodeID,
			Algorithm: f.algorithm, Heartbeat: f.heartbeat, TieBreaker: f.tieBreaker, RingID: f.ringID,
			StillCasting: f.stillCasting, DeviceTimeout: f.deviceTimeout,
		}
	case TypeInitReply:
		return InitReply{
			Code: f.code, SupportedMessages: f.messages, SupportedOptions: f.options, Seq: f.seq,
			MaxRequestSize: f.maxRequest, MaxReplySize: f.maxReply, SupportedAlgorithms: f.algorithms, Grace: f.grace,
			Reason: f.reason, Register: f.register,
		}
	case TypeServerError:
		return ServerError{Seq: f.seq, Code: f.code}
	case TypeSetOption:
		return SetOption{Seq: f.seq, Heartbeat: f.heartbeat, KeepActivePartition: f.kap}
	case TypeSetOptionReply:
		return SetOptionReply{Seq: f.seq, Heartbeat: f.heartbeat, KeepActivePartition: f.kap}
	case TypeNodeList:
		return NodeList{
			Seq: f.seq, ListType: f.listType, RingID: f.ringID, ConfigVersion: f.configVersion,
			Quorate: f.quorate, Nodes: f.nodes, Heuristics: f.heuristics, Names: f.names,
		}
	case TypeNodeListReply:
		return NodeListReply{Seq: f.seq, ListType: f.listType, RingID: f.ringID, Vote: f.vote, Reason: f.reason}
	case TypeAskForVote:
		return AskForVote{Seq: f.seq}
	case TypeAskForVoteReply:
		return AskForVoteReply{Seq: f.seq, Vote: f.vote, RingID: f.ringID, Reason: f.reason}
	case TypeVoteInfo:
		return VoteInfo{Seq: f.seq, Vote: f.vote, RingID: f.ringID, Reason: f.reason}
	case TypeVoteInfoReply:
		return VoteInfoReply{Seq: f.seq}
	case TypeHeuristicsChange:
		return HeuristicsChange{Seq: f.seq, Heuristics: f.heuristics}
	case TypeHeuristicsChangeReply:
		return HeuristicsChangeReply{Seq: f.seq, Vote: f.vote, RingID: f.ringID, Heuristics: f.heuristics, Reason: f.reason}
	}
	return echo(t, f.seq, body)
}

// value is one option's value. Its getters want an exact length and a value
// within range; the first that does not get it sets err, and returns zero.
type value struct {
	option option
	b      []byte
	err    error
}

// length reports whether the value is n bytes long.
func (v *value) length(n int) bool {
	if len(v.b) != n {
		v.fail(fmt.Errorf("has %d bytes, wants %d", len(v.b), n))
		return false
	}
	return true
}

func (v *value) fail(err error) {
	if v.err == nil {
		v.err = fmt.Errorf("option %d: %w", v.option, err)
	}
}

func (v *value) u8() uint8 {
	if !v.length(1) {
		return 0
	}
	return v.b[0]
}

// enum is a u8 from low to high.
func (v *value) enum(low, high uint8) uint8 {
	n := v.u8()
	if v.err == nil && (n < low || n > high) {
		v.fail(fmt.Errorf("%d is not within %d to %d", n, low, high))
		return 0
	}
	return n
}

func (v *value) u16() uint16 {
	if !v.length(2) {
		return 0
	}
	return be.Uint16(v.b)
}

func (v *value) u32() uint32 {
	if !v.length(4) {
		return 0
	}
	return be.Uint32(v.b)
}

func (v *value) u64() uint64 {
	if !v.length(8) {
		return 0
	}
	return be.Uint64(v.b)
}

func (v *value) u16s() []uint16 {
	if len(v.b)%2 != 0 {
		v.fail(fmt.Errorf("has %d bytes, wants an even number", len(v.b)))
		return nil
	}
	list := make([]uint16, 0, len(v.b)/2)
	for b := v.b; len(b) > 0; b = b[2:] {
		list = append(list, be.Uint16(b))
	}
	return list
}

func (v *value) register() qnet.RegisterID {
	if !v.length(len(qnet.RegisterID{})) {
		return qnet.RegisterID{}
	}
	return qnet.RegisterID(v.b)
}

// reason is a text for people. What it may have in it to move a cursor with is its
// reader's business.
func (v *value) reason() string {
	s := string(v.b)
	if err := checkReason(s); err != nil {
		v.fail(err)
		return ""
	}
	return s
}

func checkReason(s string) error {
	switch {
	case s == "" || len(s) > MaxReason:
		return fmt.Errorf("has %d bytes, wants 1 to %d", len(s), MaxReason)
	case !utf8.ValidString(s):
		return errors.New("is not UTF-8")
	}
	return nil
}

func (v *value) ringID() qnet.RingID {
	if !v.length(12) {
		return qnet.RingID{}
	}
	return qnet.RingID{Node: qnet.NodeID(be.Uint32(v.b)), Seq: be.Uint64(v.b[4:])}
}

// tieBreaker reads the node ID only where the mode has one.
func (v *value) tieBreaker() qnet.TieBreaker {
	if !v.length(5) {
		return qnet.TieBreaker{}
	}
	t := qnet.TieBreaker{Mode: qnet.TieBreakerMode(v.b[0])}
	if !t.Mode.Known() {
		v.fail(fmt.Errorf("%d is not a tie-breaker mode", v.b[0]))
		return qnet.TieBreaker{}
	}
	if t.Mode == qnet.TieBreakerNode {
		t.ID = qnet.NodeID(be.Uint32(v.b[1:]))
	}
	return t
}

// node decodes a node info: options within an option.
func (v *value) node() qnet.Node {
	var f fields
	if err := f.decode(v.b, true); err != nil {
		v.fail(err)
		return qnet.Node{}
	}
	if f.nodeID.V == 0 {
		v.fail(errors.New("no node ID, or node ID 0"))
		return qnet.Node{}
	}
	return qnet.Node{ID: f.nodeID.V, DataCenter: f.dataCenter, State: f.nodeState}
}
