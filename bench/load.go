// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/wire"
)

// load plays thousands of plaintext nodes from one thread, with as few system
// calls as it can: on two cores what the load costs is what the arbiter lacks,
// and a rack of real nodes would cost it nothing.
type load struct {
	epoll  int
	nodes  []*node
	due    int       // ACKs that are waited for
	owed   []reply   // not yet sent
	beaten time.Time // when beat last sent everybody's echo
	events [256]unix.EpollEvent
	buf    [16 << 10]byte
	out    []byte
}

// node is one node of a load.
type node struct {
	id     qnet.NodeID
	fd     int
	seq    uint32
	stream *wire.Stream
	echoes int         // replies that came
	want   qnet.RingID // ring for which an ACK is waited for; zero if none is
	at     time.Time   // when the last one came
}

// reply is the answer to an ACK, which nobody waits for.
type reply struct {
	node *node
	seq  wire.Opt[uint32]
}

// loadTime is how long anything that a load waits for may take.
const loadTime = 120 * time.Second

// newLoad connects n clusters of two nodes and waits until all have their vote.
func newLoad(n int) (*load, error) {
	l := &load{nodes: make([]*node, 2*n), beaten: time.Now()}
	var err error
	if l.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, err
	}
	var failed []error
	for d := range dialAll(2*n, 8) {
		if d.err == nil {
			d.err = errors.Join(l.add(d.i, d.client), l.beat(heartbeat))
		}
		if d.err != nil {
			failed = append(failed, d.err)
		}
	}
	if len(failed) > 0 {
		return nil, errors.Join(fmt.Errorf("%d of %d clients: %w", len(failed), 2*n, failed[0]), l.close())
	}
	if err := l.joinAll(5); err != nil {
		return nil, errors.Join(err, l.close())
	}
	return l, nil
}

// dialled is connection number i of a load.
type dialled struct {
	i      int
	client *client
	err    error
}

// dialAll takes n connections up to their Init, width at a time: fewer than C's
// backlog takes, which is not what is measured. What is reset there is tried
// again; ours need not see C's restarts.
func dialAll(n, width int) <-chan dialled {
	out, next := make(chan dialled), make(chan int)
	go func() {
		defer close(next)
		for i := range n {
			next <- i
		}
	}()
	var all sync.WaitGroup
	for range width {
		all.Go(func() {
			for i := range next {
				out <- dialOne(i)
			}
		})
	}
	go func() {
		all.Wait()
		close(out)
	}()
	return out
}

func dialOne(i int) dialled {
	d := dialled{i: i}
	for range 50 {
		d.client, d.err = hello(clusterName(i/2), qnet.NodeID(i%2+1), together(5), nil)
		if d.err == nil || errors.Is(d.err, unix.ECONNREFUSED) {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	return d
}

// add takes connection i over and sends its config list.
func (l *load) add(i int, c *client) error {
	f, err := c.conn.(*net.TCPConn).File() // a copy of the descriptor, out of Go's poller
	if err != nil {
		return err
	}
	nd := &node{id: c.node, seq: c.seq, stream: wire.NewStream(1 << 20)}
	nd.fd, err = unix.Dup(int(f.Fd()))
	if err := errors.Join(err, f.Close(), c.conn.Close()); err != nil {
		return err
	}
	if err := unix.SetNonblock(nd.fd, true); err != nil {
		return err
	}
	l.nodes[i] = nd
	ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)}
	if err := unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, nd.fd, &ev); err != nil {
		return err
	}
	return l.send(nd, wire.NodeList{Seq: nd.next(), ListType: wire.Some(qnet.InitialConfig), ConfigVersion: wire.Some(uint64(1)), Nodes: members(1, 2)})
}

func (nd *node) next() wire.Opt[uint32] {
	nd.seq++
	return wire.Some(nd.seq)
}

func members(ids ...qnet.NodeID) (list qnet.NodeList) {
	for _, id := range ids {
		list = append(list, qnet.Node{ID: id})
	}
	return list
}

func (l *load) close() error {
	for _, nd := range l.nodes {
		if nd != nil {
			_ = unix.Close(nd.fd)
		}
	}
	return unix.Close(l.epoll)
}

// report tells a ring; with ack the node waits for an ACK for it.
func (l *load) report(nd *node, ack bool, ring qnet.RingID, ids ...qnet.NodeID) error {
	if ack {
		nd.want = ring
		l.due++
	}
	return l.send(nd, wire.NodeList{Seq: nd.next(), ListType: wire.Some(qnet.Membership), RingID: wire.Some(ring), Nodes: members(ids...)})
}

func (l *load) send(nd *node, m wire.Message) (err error) {
	if l.out, err = wire.Append(l.out[:0], m); err != nil {
		return err
	}
	n, err := unix.SendmsgN(nd.fd, l.out, nil, nil, unix.MSG_NOSIGNAL)
	if err == nil && n < len(l.out) {
		err = errors.New("the arbiter takes no more")
	}
	return os.NewSyscallError("send", err)
}

// await waits until all nodes have the votes that they wait for. They answer an
// ACK after that: real ones have processors of their own for it.
func (l *load) await() error {
	for end := time.Now().Add(loadTime); l.due > 0; {
		if time.Now().After(end) {
			return fmt.Errorf("%d votes did not come", l.due)
		}
		if err := errors.Join(l.poll(50), l.beat(heartbeat)); err != nil {
			return err
		}
	}
	for _, r := range l.owed {
		if err := l.send(r.node, wire.VoteInfoReply{Seq: r.seq}); err != nil {
			return err
		}
	}
	l.owed = l.owed[:0]
	return nil
}

// beat sends everybody's echo, and takes what has come, if the last time was so
// long ago: a load that takes long to connect must not be given up meanwhile.
func (l *load) beat(after time.Duration) error {
	if time.Since(l.beaten) < after {
		return nil
	}
	l.beaten = time.Now()
	for _, nd := range l.nodes {
		if nd == nil {
			continue
		}
		if err := errors.Join(l.read(nd), l.send(nd, wire.EchoRequest{Seq: nd.next()})); err != nil {
			return err
		}
	}
	return nil
}

// poll takes what has come, and waits so many milliseconds for something.
func (l *load) poll(wait int) error {
	n, err := unix.EpollWait(l.epoll, l.events[:], wait)
	if err != nil && err != unix.EINTR {
		return os.NewSyscallError("epoll_wait", err)
	}
	for i := range max(n, 0) {
		if err := l.read(l.nodes[l.events[i].Fd]); err != nil {
			return err
		}
	}
	return nil
}

// read takes what a node was sent, and answers votes.
func (l *load) read(nd *node) error {
	n, err := unix.Read(nd.fd, l.buf[:])
	switch {
	case err == unix.EAGAIN:
		return nil
	case err != nil:
		return os.NewSyscallError("read", err)
	case n == 0:
		return fmt.Errorf("node %d was disconnected", nd.id)
	}
	at := time.Now()
	nd.stream.Push(l.buf[:n])
	for {
		m, bad, ok := nd.stream.Next()
		if !ok {
			return nil
		}
		if bad != nil {
			return bad.Err
		}
		switch m := m.(type) {
		case wire.EchoReply:
			nd.echoes++
		case wire.ServerError:
			return fmt.Errorf("node %d: %v", nd.id, m.Code.V)
		case wire.VoteInfo:
			if m.Vote.V == qnet.VoteACK {
				l.owed = append(l.owed, reply{nd, m.Seq})
				if m.RingID.V == nd.want {
					nd.want, nd.at = qnet.RingID{}, at
					l.due--
				}
				continue
			}
			if err := l.send(nd, wire.VoteInfoReply{Seq: m.Seq}); err != nil {
				return err
			}
		}
	}
}

// echo sends each node's echo once a heartbeat, evenly spread, for a time. A
// node's last reply is read before it sends again: nobody waits for it.
func (l *load) echo(d time.Duration) (sent int, err error) {
	start, gap := time.Now(), heartbeat/time.Duration(len(l.nodes))
	for {
		due := start.Add(time.Duration(sent) * gap)
		if due.Sub(start) >= d {
			return sent, nil
		}
		time.Sleep(time.Until(due))
		nd := l.nodes[sent%len(l.nodes)]
		before := nd.echoes
		if err := l.read(nd); err != nil {
			return sent, err
		}
		if sent >= len(l.nodes) && nd.echoes == before {
			return sent, fmt.Errorf("node %d had no answer to its echo", nd.id)
		}
		if err := l.send(nd, wire.EchoRequest{Seq: nd.next()}); err != nil {
			return sent, err
		}
		sent++
	}
}

// splitAll cuts the nodes of each cluster apart, one cluster after the other
// without a pause, and returns each one's time from the last report to the ACK.
func (l *load) splitAll(seq uint64) ([]float64, error) {
	l.beaten = time.Now() // it takes less than a heartbeat, and each report counts as one
	begun := make([]time.Time, len(l.nodes)/2)
	for i := range begun {
		one, two := l.nodes[2*i], l.nodes[2*i+1]
		if err := l.report(two, false, alone(2, seq), 2); err != nil {
			return nil, err
		}
		begun[i] = time.Now()
		if err := errors.Join(l.report(one, true, alone(1, seq), 1), l.poll(0)); err != nil {
			return nil, err
		}
	}
	took := make([]float64, len(begun))
	err := l.await()
	for i := range took {
		took[i] = float64(l.nodes[2*i].at.Sub(begun[i]).Microseconds()) / 1000
	}
	return took, err
}

// joinAll brings the nodes of each cluster together again.
func (l *load) joinAll(seq uint64) error {
	for _, nd := range l.nodes {
		if err := errors.Join(l.report(nd, true, together(seq), 1, 2), l.poll(0)); err != nil {
			return err
		}
	}
	return l.await()
}
