// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Yesman is an arbiter that acknowledges everybody: the test of the interop
// tests. It takes the place of corosync-qnetd and corosync-qnetd-certutil.
package main

import (
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/wire"
)

const dir = "/etc/corosync/qnetd/nssdb"

func main() {
	if err := run(filepath.Base(os.Args[0]), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(name string, args []string) error {
	if name == "corosync-qnetd-certutil" {
		if args[0] == "-i" {
			return pki.Init(dir, pki.InitOptions{})
		}
		_, err := pki.Sign(dir, args[2], args[4], false)
		return err
	}
	a, err := pki.LoadArbiter(dir)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", ":5403")
	if err != nil {
		return err
	}
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go serve(c, a.TLSConfig(false))
	}
}

// serve answers one client until it is gone.
func serve(c net.Conn, cfg *tls.Config) {
	defer c.Close()
	stream := wire.NewStream(32768)
	buf := make([]byte, 4096)
	ring := qnet.RingID{}
	for {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		stream.Push(buf[:n])
		for {
			m, _, ok := stream.Next()
			if !ok {
				break
			}
			if _, ok := m.(wire.StartTLS); ok {
				c = tls.Server(c, cfg) // a C client sends nothing behind it in the same segment
				break
			}
			for _, reply := range replies(m, &ring) {
				b, err := wire.Append(nil, reply)
				if err != nil {
					return
				}
				if _, err := c.Write(b); err != nil {
					return
				}
			}
		}
	}
}

func replies(m wire.Message, ring *qnet.RingID) []wire.Message {
	switch m := m.(type) {
	case wire.Preinit:
		return []wire.Message{wire.PreinitReply{Seq: m.Seq, TLS: wire.Some(wire.TLSRequired), ClientCertRequired: wire.Some(uint8(1))}}
	case wire.Init:
		*ring = m.RingID.V
		return []wire.Message{wire.InitReply{
			Code: wire.Some(wire.NoError), SupportedMessages: wire.Some(wire.SupportedMessages()),
			SupportedOptions: wire.Some(wire.SupportedOptions()), Seq: m.Seq, MaxRequestSize: wire.Some(uint32(32768)),
			MaxReplySize: wire.Some(uint32(32768)), SupportedAlgorithms: wire.Some([]uint16{0, 1, 2, 3}),
		}}
	case wire.SetOption:
		return []wire.Message{wire.SetOptionReply(m)}
	case wire.EchoRequest:
		return []wire.Message{wire.EchoReply(m)}
	case wire.AskForVote:
		return []wire.Message{wire.AskForVoteReply{Seq: m.Seq, Vote: wire.Some(qnet.VoteACK), RingID: wire.Some(*ring)}}
	case wire.NodeList:
		if m.RingID.Set {
			*ring = m.RingID.V
		}
		yes := wire.VoteInfo{Seq: wire.Some(uint32(1)), Vote: wire.Some(qnet.VoteACK), RingID: wire.Some(*ring)}
		return []wire.Message{
			wire.NodeListReply{Seq: m.Seq, ListType: m.ListType, RingID: wire.Some(*ring), Vote: wire.Some(qnet.VoteNoChange)}, yes,
		}
	case wire.HeuristicsChange:
		return []wire.Message{wire.HeuristicsChangeReply{
			Seq: m.Seq, Vote: wire.Some(qnet.VoteACK), RingID: wire.Some(*ring), Heuristics: m.Heuristics,
		}}
	}
	return nil
}
