// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package fault turns errors of Go's libraries, of the system and of Corosync's clients
// into sentences for people, with a cause that a program can ask for.
//
// "dial tcp 192.0.2.1:5403: i/o timeout" says little to somebody who looks after a
// cluster at night; "no answer from 192.0.2.1 port 5403: a firewall, or nothing there"
// does. The log, the status and the examination use the same sentences.
//
// # Limitations
//
// It knows errors by their types, and tells nothing that the error does not: what to do
// is package advice.
package fault

import "errors"

// Cause is what went wrong, for programs.
type Cause uint8

// The causes.
const (
	Unknown      Cause = iota
	NoAnswer           // of a connection's other end, in time
	Refused            // the connection: the machine is there, the program is not
	NoRoute            // to the network or the host
	Forbidden          // by this machine's firewall or its rights
	NameUnknown        // DNS does not know the name
	NameServer         // DNS does not answer, or fails
	Reset              // the connection, by the other end
	Closed             // likewise, in order
	NotArbiter         // what answers does not speak the protocol
	NotTLS             // what answers does not speak TLS
	NoCommonTLS        // both do, but no version or cipher in common
	OtherCA            // the arbiter's certificate is signed by another CA
	Expired            // the arbiter's certificate
	NotYetValid        // likewise
	OtherName          // the arbiter's certificate is for another name
	CertWanted         // the arbiter requires a certificate, and got none
	CertRefused        // the arbiter refuses this node's certificate
	OtherCluster       // this node's certificate is for another cluster
	Corosync           // Corosync does not answer, or refuses
)

// Fault is an error with its sentence.
type Fault struct {
	Cause Cause
	Text  string // starts with a small letter, and has no full stop
	Err   error  // behind it; may be nil
}

// New returns a fault without an error behind it.
func New(c Cause, text string) *Fault { return &Fault{Cause: c, Text: text} }

// Error returns the sentence.
func (f *Fault) Error() string { return f.Text }

// Unwrap returns the error behind it.
func (f *Fault) Unwrap() error { return f.Err }

// CauseOf returns the cause of an error that is or wraps a fault.
func CauseOf(err error) Cause {
	var f *Fault
	if errors.As(err, &f) {
		return f.Cause
	}
	return Unknown
}
