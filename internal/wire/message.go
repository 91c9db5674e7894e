// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package wire

import "github.com/quorate/quorate/internal/qnet"

// Opt is an option's value that a message may lack.
type Opt[T any] struct {
	V   T
	Set bool
}

// Some returns an option that is present.
func Some[T any](v T) Opt[T] { return Opt[T]{V: v, Set: true} }

// Copy returns a pointer to a copy of the value; nil if the message lacks it.
func (o Opt[T]) Copy() *T {
	if !o.Set {
		return nil
	}
	return &o.V
}

// MessageType is the u16 at the head of every message.
type MessageType uint16

// The message types.
const (
	TypePreinit               MessageType = 0
	TypePreinitReply          MessageType = 1
	TypeStartTLS              MessageType = 2
	TypeInit                  MessageType = 3
	TypeInitReply             MessageType = 4
	TypeServerError           MessageType = 5
	TypeSetOption             MessageType = 6
	TypeSetOptionReply        MessageType = 7
	TypeEchoRequest           MessageType = 8
	TypeEchoReply             MessageType = 9
	TypeNodeList              MessageType = 10
	TypeNodeListReply         MessageType = 11
	TypeAskForVote            MessageType = 12
	TypeAskForVoteReply       MessageType = 13
	TypeVoteInfo              MessageType = 14
	TypeVoteInfoReply         MessageType = 15
	TypeHeuristicsChange      MessageType = 16
	TypeHeuristicsChangeReply MessageType = 17
)

// Message is one of the 18 messages, by value. A field that a sender may leave
// out is an Opt, whether or not its receiver insists on it: insisting is the
// machines' business.
type Message interface {
	Type() MessageType
}

// TLSSupport is option 2: what the arbiter says of TLS before it starts.
type TLSSupport uint8

// The values of option 2.
const (
	TLSUnsupported TLSSupport = 0
	TLSSupported   TLSSupport = 1
	TLSRequired    TLSSupport = 2
)

// Preinit (0, client to server) names the cluster.
type Preinit struct {
	Seq         Opt[uint32]
	ClusterName Opt[string] // raw bytes, at most 65535
}

// PreinitReply (1) says whether TLS is to be started.
type PreinitReply struct {
	Seq                Opt[uint32]
	TLS                Opt[TLSSupport]
	ClientCertRequired Opt[uint8]
}

// StartTLS (2, client to server): the next bytes are a TLS client hello.
type StartTLS struct{ Seq Opt[uint32] }

// Init (3, client to server) introduces the node.
type Init struct {
	Seq               Opt[uint32]
	SupportedMessages Opt[[]uint16]
	SupportedOptions  Opt[[]uint16]
	NodeID            Opt[qnet.NodeID]
	Algorithm         Opt[qnet.Algorithm] // any u16; see Algorithm.Known
	Heartbeat         Opt[uint32]         // ms
	TieBreaker        Opt[qnet.TieBreaker]
	RingID            Opt[qnet.RingID]
	StillCasting      Opt[uint8]  // option 32770, ours: 1 if the node kept its ACK over a lost connection
	DeviceTimeout     Opt[uint32] // option 32773, ours: ms for which votequorum counts a dead daemon's last poll
}

// InitReply (4) answers Init, also when it refuses it.
type InitReply struct {
	Code                Opt[ReplyError]
	SupportedMessages   Opt[[]uint16]
	SupportedOptions    Opt[[]uint16]
	Seq                 Opt[uint32]
	MaxRequestSize      Opt[uint32] // bytes, header included
	MaxReplySize        Opt[uint32]
	SupportedAlgorithms Opt[[]uint16]
	Grace               Opt[uint32]          // option 32769, ours: ms that a node may keep its ACK over a lost connection
	Reason              Opt[string]          // option 32771, ours: why the node is refused, where the code does not say it
	Register            Opt[qnet.RegisterID] // option 32772, ours: the arbiter's register of grants
}

// ServerError (5) refuses a message that has no reply of its own.
type ServerError struct {
	Seq  Opt[uint32]
	Code Opt[ReplyError]
}

// SetOption (6, client to server) changes a connection's settings.
type SetOption struct {
	Seq                 Opt[uint32]
	Heartbeat           Opt[uint32] // ms
	KeepActivePartition Opt[uint8]  // 0 or 1
}

// SetOptionReply (7) repeats what was set.
type SetOptionReply struct {
	Seq                 Opt[uint32]
	Heartbeat           Opt[uint32]
	KeepActivePartition Opt[uint8]
}

// EchoRequest (8, client to server) asks whether the arbiter lives. Body is the
// whole body as received; its reply repeats it byte for byte.
type EchoRequest struct {
	Seq  Opt[uint32]
	Body []byte // nil when made by hand: then Seq alone is sent
}

// EchoReply (9) repeats the body of the request.
type EchoReply struct {
	Seq  Opt[uint32]
	Body []byte
}

// NodeList (10, client to server) reports a list of nodes.
type NodeList struct {
	Seq           Opt[uint32]
	ListType      Opt[qnet.ListType]
	RingID        Opt[qnet.RingID] // membership lists
	ConfigVersion Opt[uint64]      // config lists
	Quorate       Opt[uint8]       // quorum lists: 0 or 1
	Nodes         qnet.NodeList
	Heuristics    qnet.Heuristics
	Names         Opt[qnet.Names] // option 32774, ours: config lists; see Names
}

// NodeListReply (11) answers NodeList.
type NodeListReply struct {
	Seq      Opt[uint32]
	ListType Opt[qnet.ListType]
	RingID   Opt[qnet.RingID]
	Vote     Opt[qnet.Vote]
	Reason   Opt[string] // option 32771, ours: why the vote is what it is; UTF-8, 1 to MaxReason bytes
}

// AskForVote (12, client to server) asks again.
type AskForVote struct{ Seq Opt[uint32] }

// AskForVoteReply (13) answers AskForVote.
type AskForVoteReply struct {
	Seq    Opt[uint32]
	Vote   Opt[qnet.Vote]
	RingID Opt[qnet.RingID]
	Reason Opt[string] // as in NodeListReply
}

// VoteInfo (14) tells a node its vote, unasked.
type VoteInfo struct {
	Seq    Opt[uint32]
	Vote   Opt[qnet.Vote]
	RingID Opt[qnet.RingID]
	Reason Opt[string] // as in NodeListReply
}

// VoteInfoReply (15, client to server) confirms VoteInfo, with its Seq.
type VoteInfoReply struct{ Seq Opt[uint32] }

// HeuristicsChange (16, client to server) reports a changed result.
type HeuristicsChange struct {
	Seq        Opt[uint32]
	Heuristics qnet.Heuristics // Undefined when the option is missing
}

// HeuristicsChangeReply (17) answers HeuristicsChange.
type HeuristicsChangeReply struct {
	Seq        Opt[uint32]
	Vote       Opt[qnet.Vote]
	RingID     Opt[qnet.RingID]
	Heuristics qnet.Heuristics
	Reason     Opt[string] // as in NodeListReply
}

// Type returns the message's number on the wire.
func (Preinit) Type() MessageType               { return TypePreinit }
func (PreinitReply) Type() MessageType          { return TypePreinitReply }
func (StartTLS) Type() MessageType              { return TypeStartTLS }
func (Init) Type() MessageType                  { return TypeInit }
func (InitReply) Type() MessageType             { return TypeInitReply }
func (ServerError) Type() MessageType           { return TypeServerError }
func (SetOption) Type() MessageType             { return TypeSetOption }
func (SetOptionReply) Type() MessageType        { return TypeSetOptionReply }
func (EchoRequest) Type() MessageType           { return TypeEchoRequest }
func (EchoReply) Type() MessageType             { return TypeEchoReply }
func (NodeList) Type() MessageType              { return TypeNodeList }
func (NodeListReply) Type() MessageType         { return TypeNodeListReply }
func (AskForVote) Type() MessageType            { return TypeAskForVote }
func (AskForVoteReply) Type() MessageType       { return TypeAskForVoteReply }
func (VoteInfo) Type() MessageType              { return TypeVoteInfo }
func (VoteInfoReply) Type() MessageType         { return TypeVoteInfoReply }
func (HeuristicsChange) Type() MessageType      { return TypeHeuristicsChange }
func (HeuristicsChangeReply) Type() MessageType { return TypeHeuristicsChangeReply }

// ReplyError is option 6: why a message was refused. It is no error: package
// qnetd and qdevice say on which side of the wire it arose.
type ReplyError uint16

// The reply error codes.
const (
	NoError                      ReplyError = 0
	ErrUnsupportedNeededMessage  ReplyError = 1
	ErrUnsupportedNeededOption   ReplyError = 2
	ErrTLSRequired               ReplyError = 3
	ErrUnsupportedMessage        ReplyError = 4
	ErrMessageTooLong            ReplyError = 5
	ErrPreinitRequired           ReplyError = 6
	ErrRequiredOptionMissing     ReplyError = 7
	ErrUnexpectedMessage         ReplyError = 8
	ErrDecodingMessage           ReplyError = 9
	ErrInternal                  ReplyError = 10
	ErrInitRequired              ReplyError = 11
	ErrUnsupportedAlgorithm      ReplyError = 12
	ErrInvalidHeartbeat          ReplyError = 13
	ErrUnsupportedForAlgorithm   ReplyError = 14
	ErrTieBreakerDiffers         ReplyError = 15
	ErrAlgorithmDiffers          ReplyError = 16
	ErrDuplicateNodeID           ReplyError = 17
	ErrInvalidConfigNodeList     ReplyError = 18
	ErrInvalidMembershipNodeList ReplyError = 19
)

// Fault says how a frame could not be made a message of.
type Fault uint8

// The faults, and the code with which the arbiter answers each.
const (
	FaultNone        Fault = iota
	FaultUnknownType       // ErrUnsupportedMessage, without the sequence number
	FaultTooLong           // ErrMessageTooLong, without the sequence number
	FaultUndecodable       // ErrDecodingMessage, with the number if its option came before the fault
)

// Malformed is a frame that is no message. Its body has been read and dropped,
// so the stream goes on behind it.
type Malformed struct {
	Fault Fault
	Type  MessageType
	Seq   Opt[uint32]
	Err   error // what was wrong, for the log
}
