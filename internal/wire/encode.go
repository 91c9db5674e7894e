// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/quorate/quorate/internal/qnet"
)

// HeaderSize is the length of a message's header in bytes: type and body length.
const HeaderSize = 6

// optionHeaderSize is the length of an option's head: number and value length.
const optionHeaderSize = 4

var be = binary.BigEndian

// errTooLong is returned for a value that an option can't hold.
var errTooLong = errors.New("value is longer than 65535 bytes")

// Append appends the encoding of m to dst: options that are set, in the order
// of the C programs. On an error dst is returned as it was; it can only be a
// list, name or reason that its option can't hold, or a message of another package.
func Append(dst []byte, m Message) ([]byte, error) {
	start := len(dst)
	e := encoder{buf: append(dst, 0, 0, 0, 0, 0, 0)}
	if !e.message(m) {
		return dst[:start], fmt.Errorf("%T is no message of the protocol", m)
	}
	if e.err != nil {
		return dst[:start], fmt.Errorf("%s: %w", m.Type(), e.err)
	}
	be.PutUint16(e.buf[start:], uint16(m.Type()))
	be.PutUint32(e.buf[start+2:], uint32(len(e.buf)-start-HeaderSize))
	return e.buf, nil
}

// encoder appends options; the first error sticks.
type encoder struct {
	buf []byte
	err error
}

// message appends the body of m.
func (e *encoder) message(m Message) bool {
	switch m := m.(type) {
	case Preinit:
		e.u32(optSeq, m.Seq)
		e.text(optClusterName, m.ClusterName)
	case PreinitReply:
		e.u32(optSeq, m.Seq)
		e.u8(optTLSSupported, Opt[uint8]{uint8(m.TLS.V), m.TLS.Set})
		e.u8(optClientCertRequired, m.ClientCertRequired)
	case StartTLS:
		e.u32(optSeq, m.Seq)
	case Init:
		e.u32(optSeq, m.Seq)
		e.u16s(optSupportedMessages, m.SupportedMessages)
		e.u16s(optSupportedOptions, m.SupportedOptions)
		e.u32(optNodeID, Opt[uint32]{uint32(m.NodeID.V), m.NodeID.Set})
		e.u16(optAlgorithm, Opt[uint16]{uint16(m.Algorithm.V), m.Algorithm.Set})
		e.u32(optHeartbeat, m.Heartbeat)
		e.tieBreaker(m.TieBreaker)
		e.ringID(m.RingID)
		e.u8(optStillCasting, m.StillCasting)
		e.u32(optDeviceTimeout, m.DeviceTimeout)
	case InitReply:
		e.code(m.Code)
		e.u16s(optSupportedMessages, m.SupportedMessages)
		e.u16s(optSupportedOptions, m.SupportedOptions)
		e.u32(optSeq, m.Seq)
		e.u32(optMaxRequestSize, m.MaxRequestSize)
		e.u32(optMaxReplySize, m.MaxReplySize)
		e.u16s(optSupportedAlgorithms, m.SupportedAlgorithms)
		e.u32(optGrace, m.Grace)
		e.reason(m.Reason)
		if m.Register.Set {
			e.head(optRegister, len(m.Register.V))
			e.buf = append(e.buf, m.Register.V[:]...)
		}
	case ServerError:
		e.u32(optSeq, m.Seq)
		e.code(m.Code)
	case SetOption:
		e.settings(m.Seq, m.Heartbeat, m.KeepActivePartition)
	case SetOptionReply:
		e.settings(m.Seq, m.Heartbeat, m.KeepActivePartition)
	case EchoRequest:
		e.echo(m.Seq, m.Body)
	case EchoReply:
		e.echo(m.Seq, m.Body)
	case NodeList:
		e.nodeList(m)
	case NodeListReply:
		e.u32(optSeq, m.Seq)
		e.u8(optNodeListType, Opt[uint8]{uint8(m.ListType.V), m.ListType.Set})
		e.ringID(m.RingID)
		e.vote(m.Vote)
		e.reason(m.Reason)
	case AskForVote:
		e.u32(optSeq, m.Seq)
	case AskForVoteReply:
		e.votes(m.Seq, m.Vote, m.RingID)
		e.reason(m.Reason)
	case VoteInfo:
		e.votes(m.Seq, m.Vote, m.RingID)
		e.reason(m.Reason)
	case VoteInfoReply:
		e.u32(optSeq, m.Seq)
	case HeuristicsChange:
		e.u32(optSeq, m.Seq)
		e.heuristics(m.Heuristics)
	case HeuristicsChangeReply:
		e.votes(m.Seq, m.Vote, m.RingID)
		e.heuristics(m.Heuristics)
		e.reason(m.Reason)
	default:
		return false
	}
	return true
}

func (e *encoder) settings(seq, heartbeat Opt[uint32], kap Opt[uint8]) {
	e.u32(optSeq, seq)
	e.u32(optHeartbeat, heartbeat)
	e.u8(optKeepActivePartition, kap)
}

func (e *encoder) votes(seq Opt[uint32], vote Opt[qnet.Vote], ring Opt[qnet.RingID]) {
	e.u32(optSeq, seq)
	e.vote(vote)
	e.ringID(ring)
}

func (e *encoder) echo(seq Opt[uint32], body []byte) {
	if body != nil {
		e.buf = append(e.buf, body...)
		return
	}
	e.u32(optSeq, seq)
}

func (e *encoder) nodeList(m NodeList) {
	e.u32(optSeq, m.Seq)
	e.u8(optNodeListType, Opt[uint8]{uint8(m.ListType.V), m.ListType.Set})
	e.ringID(m.RingID)
	if m.ConfigVersion.Set {
		e.head(optConfigVersion, 8)
		e.buf = be.AppendUint64(e.buf, m.ConfigVersion.V)
	}
	e.u8(optQuorate, m.Quorate)
	for _, n := range m.Nodes {
		at := len(e.buf)
		e.head(optNodeInfo, 0)
		e.u32(optNodeID, Some(uint32(n.ID)))
		e.u32(optDataCenterID, Opt[uint32]{n.DataCenter, n.DataCenter != 0})
		e.u8(optNodeState, Opt[uint8]{uint8(n.State), n.State != qnet.NodeStateNotSet})
		be.PutUint16(e.buf[at+2:], uint16(len(e.buf)-at-optionHeaderSize))
	}
	e.heuristics(m.Heuristics)
	if m.Names.Set {
		e.names(m.Names.V)
	}
}

// head appends the head of an option whose value, of n bytes, follows.
func (e *encoder) head(o option, n int) {
	if n > math.MaxUint16 && e.err == nil {
		e.err = fmt.Errorf("option %d: %w", o, errTooLong)
	}
	e.buf = be.AppendUint16(e.buf, uint16(o))
	e.buf = be.AppendUint16(e.buf, uint16(n))
}

func (e *encoder) u8(o option, v Opt[uint8]) {
	if v.Set {
		e.head(o, 1)
		e.buf = append(e.buf, v.V)
	}
}

func (e *encoder) u16(o option, v Opt[uint16]) {
	if v.Set {
		e.head(o, 2)
		e.buf = be.AppendUint16(e.buf, v.V)
	}
}

func (e *encoder) u32(o option, v Opt[uint32]) {
	if v.Set {
		e.head(o, 4)
		e.buf = be.AppendUint32(e.buf, v.V)
	}
}

func (e *encoder) u16s(o option, v Opt[[]uint16]) {
	if v.Set {
		e.head(o, 2*len(v.V))
		for _, n := range v.V {
			e.buf = be.AppendUint16(e.buf, n)
		}
	}
}

func (e *encoder) text(o option, v Opt[string]) {
	if v.Set {
		e.head(o, len(v.V))
		e.buf = append(e.buf, v.V...)
	}
}

// reason refuses what no reader takes; see Reason.
func (e *encoder) reason(v Opt[string]) {
	if !v.Set {
		return
	}
	if err := checkReason(v.V); err != nil && e.err == nil {
		e.err = fmt.Errorf("option %d: %w", optReason, err)
	}
	e.text(optReason, v)
}

func (e *encoder) code(v Opt[ReplyError]) {
	e.u16(optReplyErrorCode, Opt[uint16]{uint16(v.V), v.Set})
}

func (e *encoder) vote(v Opt[qnet.Vote]) { e.u8(optVote, Opt[uint8]{uint8(v.V), v.Set}) }

func (e *encoder) heuristics(h qnet.Heuristics) {
	e.u8(optHeuristics, Opt[uint8]{uint8(h), h != qnet.HeuristicsUndefined})
}

func (e *encoder) ringID(v Opt[qnet.RingID]) {
	if v.Set {
		e.head(optRingID, 12)
		e.buf = be.AppendUint32(e.buf, uint32(v.V.Node))
		e.buf = be.AppendUint64(e.buf, v.V.Seq)
	}
}

func (e *encoder) tieBreaker(v Opt[qnet.TieBreaker]) {
	if v.Set {
		e.head(optTieBreaker, 5)
		e.buf = append(e.buf, uint8(v.V.Mode))
		e.buf = be.AppendUint32(e.buf, uint32(v.V.ID))
	}
}
