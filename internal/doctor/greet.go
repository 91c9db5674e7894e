// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package doctor

import (
	"context"
	"errors"
	"net"
	"os"
	"time"

	"github.com/quorate/quorate/internal/wire"
)

// greetTime is how long something that has taken a connection may be silent. An arbiter
// answers at once; what needs longer is frozen, or no arbiter.
const greetTime = 3 * time.Second

// errFrozen is that of a peer whose machine takes the connection, and that says nothing.
var errFrozen = errors.New("it accepts the connection but does not answer: the arbiter is frozen, or another program has this port")

// greet says hello to an arbiter on a new connection, as a node of that cluster does, and
// returns the answer. What does not answer within greetTime is errFrozen; what answers
// otherwise is errNoArbiter. The arbiter logs nothing of it.
func greet(c net.Conn, cluster string, limit uint32) (*session, wire.PreinitReply, error) {
	_ = c.SetReadDeadline(time.Now().Add(greetTime))
	p := &session{conn: c, stream: wire.NewStream(limit)}
	m, err := p.ask(wire.Preinit{Seq: wire.Some(uint32(1)), ClusterName: wire.Some(cluster)})
	if errors.Is(err, os.ErrDeadlineExceeded) && !p.answered {
		return nil, wire.PreinitReply{}, errFrozen
	}
	_ = c.SetReadDeadline(time.Time{})
	reply, ok := m.(wire.PreinitReply)
	if err != nil || !ok || !reply.TLS.Set {
		return nil, wire.PreinitReply{}, errNoArbiter
	}
	return p, reply, nil
}

// hangUp closes c when ctx ends, which ends whatever waits for it.
func hangUp(ctx context.Context, c net.Conn) (stop func() bool) {
	return context.AfterFunc(ctx, func() { _ = c.Close() })
}
