// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnetd

import (
	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/wire"
)

// ConnID names one connection for as long as the process lives. The shell
// counts upwards; an ID is never used twice.
type ConnID uint64

// Input is something that happened. The shell must deliver what one
// connection did in the order in which it did it, Connected first and
// Disconnected last.
type Input interface{ input() }

// Connected says that a client was accepted.
type Connected struct {
	Conn ConnID
	Addr string // as the C tools print it, e.g. "::ffff:192.0.2.1:55210"
}

// Received is a message from a client.
type Received struct {
	Conn ConnID
	Msg  wire.Message
}

// Garbled is a frame from a client that is no message.
type Garbled struct {
	Conn ConnID
	wire.Malformed
}

// Secured says that the TLS handshake that StartTLS asked for is done.
type Secured struct {
	Conn ConnID
	Cert bool   // a client certificate was presented and its chain verified
	CN   string // its subject's common name, if Cert
}

// Disconnected says that the connection ended without the machine's doing.
// After an output Close for the connection it need not be delivered.
type Disconnected struct {
	Conn ConnID
	Why  string // for the log: "closed by peer", "tls: …"
}

// Persisted answers the output Persist with the same ID.
type Persisted struct {
	ID  uint64
	Err error // nil when the grant is on disk
}

// RecordChanged answers the output Persist with the same ID in place of Persisted: nothing was
// written, for another arbiter has changed the cluster's record.
type RecordChanged struct {
	ID    uint64
	Grant qnet.Grant // what is on record now
	Known bool       // false: it was removed, and Grant is empty
}

// Tick says that the instant of Deadline has come. A tick too many does no harm.
type Tick struct{}

func (Connected) input()     {}
func (Received) input()      {}
func (Garbled) input()       {}
func (Secured) input()       {}
func (Disconnected) input()  {}
func (Persisted) input()     {}
func (RecordChanged) input() {}
func (Tick) input()          {}

// Output is something to be done. Outputs of one Step are done in their order;
// Sends to one connection keep their order over all Steps.
type Output interface{ output() }

// Send sends a message. If it can't be queued, the shell closes that
// connection with a reset and delivers Disconnected for it.
type Send struct {
	Conn ConnID
	Msg  wire.Message
}

// StartTLS asks for a TLS handshake on the connection, as the server. Bytes
// that follow belong to it. It ends in Secured or Disconnected.
type StartTLS struct{ Conn ConnID }

// Close ends a connection at once, with a reset (SO_LINGER 0): nothing that
// was sent but not yet delivered may arrive later. The machine has forgotten
// the connection when it returns this.
type Close struct {
	Conn ConnID
	Why  string
}

// Forget asks for a cluster's record to be removed from the disk: it says nothing any more
// that matters. There is no answer, and if it fails nothing is lost.
type Forget struct{ Cluster string }

// Persist asks for a grant to be written to disk. The answer is Persisted or RecordChanged
// with the same ID. At most one Persist for a cluster is under way at a time, and
// the ACKs that it covers are returned only by a Step after that answer.
type Persist struct {
	ID      uint64
	Cluster string
	Grant   qnet.Grant
}

// Notice is an event for the log.
type Notice struct{ event.Event }

func (Send) output()     {}
func (StartTLS) output() {}
func (Close) output()    {}
func (Forget) output()   {}
func (Persist) output()  {}
func (Notice) output()   {}
