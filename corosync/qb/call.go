// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qb

import (
	"context"
	"errors"
	"fmt"

	"github.com/quorate/quorate/corosync"
)

// Flow control words up to which a request is sent all the same: 2 is a sync of
// Totem or its queue being full, in which calls wait for their turn in the
// daemon and multicasts would be dropped.
const (
	flowCall = 1 // 1 and nothing else refuses a call
	flowSend = 2 // 1 and 2 refuse a message without answer
)

// errAbandoned is why a connection is over after a call whose context ended.
var errAbandoned = fmt.Errorf("%w: a call was given up", ErrClosed)

// Call sends a request and waits for its answer, which must be of the kind
// want. The name of the call is for errors. An answer with a code other than OK is
// a [*corosync.Error]. It is [corosync.ErrTryAgain] if the daemon does not take
// requests just now.
//
// If ctx ends while the answer is awaited the connection is closed, and the call
// may or may not have been carried out. If it ends before the request is sent
// nothing happens.
func (c *Conn) Call(ctx context.Context, call string, m Message, want int32) (*Reader, error) {
	b, err := c.exchange(ctx, m, flowCall, true)
	if err != nil {
		return nil, fault(c.service, call, err)
	}
	r := NewReader(c.service, call, b)
	if len(b) < AnswerHeader || int(r.U32(8)) != len(b) {
		err = fmt.Errorf("answer of %d bytes", len(b))
	} else if code := r.Code(); code != corosync.OK {
		return nil, fault(c.service, call, code)
	} else if r.ID() != want {
		err = fmt.Errorf("answer of kind %d, wants %d", r.ID(), want)
	}
	if err != nil { // out of step with the server: the next answer would be wrong, too
		err = fmt.Errorf("%w: %w", err, corosync.ErrMessage)
		c.abort(err)
		return nil, fault(c.service, call, err)
	}
	return r, nil
}

// Send sends a request that has no answer. It is [corosync.ErrTryAgain] if the
// daemon does not take multicasts just now or the connection is full.
func (c *Conn) Send(ctx context.Context, call string, m Message) error {
	_, err := c.exchange(ctx, m, flowSend, false)
	if err != nil {
		return fault(c.service, call, err)
	}
	return nil
}

// exchange waits for its turn, sends, and receives if there is an answer.
func (c *Conn) exchange(ctx context.Context, m Message, flow uint32, answer bool) ([]byte, error) {
	if len(m) > c.max {
		return nil, fmt.Errorf("message of %d bytes, can be %d: %w", len(m), c.max, corosync.ErrTooBig)
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-c.over:
		return nil, c.err
	}
	defer func() { <-c.turn }()
	if !c.hold() {
		return nil, c.err
	}
	defer c.drop()
	if f := c.tr.flow(); f > 0 && f <= flow {
		return nil, corosync.ErrTryAgain
	}
	if ctx.Done() != nil {
		defer context.AfterFunc(ctx, func() { c.abort(errAbandoned) })()
	}
	b, err := c.roundTrip(m, answer)
	if err != nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	return b, err
}

// roundTrip sends and receives. What goes wrong in the transport ends the
// connection, but for a request that did not leave because of its size.
func (c *Conn) roundTrip(m Message, answer bool) (b []byte, err error) {
	err = c.tr.send(m)
	if errors.Is(err, corosync.ErrTryAgain) || errors.Is(err, corosync.ErrTooBig) {
		return nil, err
	}
	if err == nil && answer {
		b, err = c.tr.receive()
	}
	if err == nil {
		return b, nil
	}
	if errors.Is(err, ErrLost) {
		c.end(err) // and no abort, see there
	} else {
		c.abort(err)
	}
	<-c.over
	return nil, c.err
}
