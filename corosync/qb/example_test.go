// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qb_test

import (
	"context"
	"fmt"
	"time"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/corotest"
	"github.com/quorate/quorate/corosync/qb"
)

// A call has a number, and fields at their offsets; so has its answer. The
// service here doubles what it is asked.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	server, err := corotest.Start(corotest.Config{}) // without these lines: the machine's Corosync
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	server.Handle("double", corotest.Func(func(p *corotest.Peer, request *qb.Reader) {
		answer := qb.NewAnswer(request.ID(), qb.AnswerHeader+4, corosync.OK)
		answer.U32(qb.AnswerHeader, 2*request.U32(qb.RequestHeader))
		p.Answer(answer)
	}))

	conn, err := qb.Dial(ctx, "double", server.Options(), qb.Handler{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	const double = 1
	request := qb.NewMessage(double, qb.RequestHeader+4)
	request.U32(qb.RequestHeader, 21)
	answer, err := conn.Call(ctx, "double", request, double)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(answer.U32(qb.AnswerHeader), answer.Err())
	// Output: 42 <nil>
}
