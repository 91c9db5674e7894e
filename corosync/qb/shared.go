// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qb

import (
	"os"
	"path/filepath"
)

// transport carries the messages of a connection. Only one goroutine at a time
// sends and receives; another one runs events.
type transport interface {
	// send sends a request.
	send(b []byte) error
	// receive waits for an answer. After interrupt it returns an error.
	receive() ([]byte, error)
	// poked is called for bytes that arrived on the setup socket.
	poked()
	// events hands events to deliver until the connection is over or deliver
	// fails. An error is a server that can't be understood.
	events(over <-chan struct{}, deliver func([]byte) error) error
	// flow returns 0 if requests may be sent.
	flow() uint32
	// interrupt makes everything that waits return.
	interrupt()
	// release gives the resources back, after everybody has returned.
	release()
	// remove deletes the files that a dead server has left.
	remove()
}

// shared is the transport over rings in shared memory. Requests are announced
// with a byte on the setup socket, and so are events.
type shared struct {
	setup    *socket
	request  *Ring
	response *Ring
	event    *Ring
	limit    int
	poke     chan struct{} // events may be there
}

func openShared(c *socket, s Setup) (*shared, error) {
	t := &shared{setup: c, limit: int(s.MaxMessage), poke: make(chan struct{}, 1)}
	var err error
	for _, r := range []struct {
		to   **Ring
		path string
	}{{&t.request, s.Request}, {&t.response, s.Response}, {&t.event, s.Event}} {
		if *r.to, err = OpenRing(r.path, s.Layout); err != nil {
			t.release()
			return nil, err
		}
	}
	return t, nil
}

// send posts the request, and then at once the byte: a request without its byte
// would hold up the whole daemon.
func (t *shared) send(b []byte) error {
	if err := t.request.Write(b); err != nil {
		return err
	}
	return lost(t.setup.poke())
}

func (t *shared) receive() ([]byte, error) { return t.response.Read(nil, t.limit) }

func (t *shared) poked() {
	select {
	case t.poke <- struct{}{}:
	default:
	}
}

// events empties the ring whenever a byte has come, and once more at the end.
func (t *shared) events(over <-chan struct{}, deliver func([]byte) error) error {
	var buf []byte
	for last := false; ; {
		for {
			b, ok, err := t.event.TryRead(buf[:0], t.limit)
			if err != nil {
				return err
			}
			if !ok {
				break
			}
			if err := deliver(b); err != nil {
				return err
			}
			buf = b
		}
		if last {
			return nil
		}
		select {
		case <-t.poke:
		case <-over:
			last = true
		}
	}
}

func (t *shared) flow() uint32 { return t.request.Flow() }
func (t *shared) interrupt()   { t.response.Interrupt() }

func (t *shared) release() {
	for _, r := range []*Ring{t.request, t.response, t.event} {
		if r != nil {
			r.Release()
		}
	}
}

func (t *shared) remove() {
	for _, r := range []*Ring{t.request, t.response, t.event} {
		r.Remove()
	}
	_ = os.Remove(filepath.Dir(t.request.path))
}
