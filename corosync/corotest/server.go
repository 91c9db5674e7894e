// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package corotest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/qb"
)

// Config is what kind of daemon a server plays. The zero value is a 64-bit one
// with shared memory.
type Config struct {
	Socket bool      // datagram sockets in place of shared memory
	Layout qb.Layout // bits of the daemon
}

// Service serves the requests to one of Corosync's services. Its methods are
// called with the server's lock held, one at a time.
type Service interface {
	// Serve handles one request of a client: it calls Answer or Event of the peer,
	// this one's or another one's, as often as it likes.
	Serve(p *Peer, request *qb.Reader)

	// Leave tells that a client has gone.
	Leave(p *Peer)
}

// Holder is a [Service] that can keep the others from being served, as votequorum
// does while a sync waits for its device.
type Holder interface {
	Service

	// Holds reports whether the other services have to wait.
	Holds() bool
}

// Func is a Service that serves with a function and does not care who leaves.
type Func func(p *Peer, request *qb.Reader)

// Serve calls the function.
func (f Func) Serve(p *Peer, request *qb.Reader) { f(p, request) }

// Leave does nothing.
func (f Func) Leave(*Peer) {}

// Server is a fake daemon.
type Server struct {
	cfg Config
	dir string

	mu        sync.Mutex // one request at a time, as in the daemon
	served    *sync.Cond // with mu: a request was served, or something else may have changed
	services  []Service  // with mu
	state     sync.Mutex // guards what follows
	listeners map[string]net.Listener
	peers     map[*Peer]bool
	refuse    syscall.Errno
	serial    int
	closed    bool
	wg        sync.WaitGroup
}

// Start makes a server that serves nothing yet.
func Start(cfg Config) (*Server, error) {
	dir, err := os.MkdirTemp("", "qbfake")
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, dir: dir, listeners: map[string]net.Listener{}, peers: map[*Peer]bool{}}
	s.served = sync.NewCond(&s.mu)
	return s, nil
}

// New is Start for a test, at whose end the server is closed.
func New(t testing.TB, cfg Config) *Server {
	t.Helper()
	s, err := Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// Options are what a client needs to reach the server.
func (s *Server) Options() qb.Options { return qb.Options{Dir: s.dir} }

// Handle lets a service listen. It panics if that is not possible: a test can't go on.
func (s *Server) Handle(name string, svc Service) {
	l, err := net.Listen("unix", filepath.Join(s.dir, name))
	if err != nil {
		panic(err)
	}
	s.mu.Lock()
	s.services = append(s.services, svc)
	s.mu.Unlock()
	s.state.Lock()
	defer s.state.Unlock()
	s.listeners[name] = l
	s.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.wg.Go(func() { s.serve(name, svc, c.(*net.UnixConn)) })
		}
	})
}

// Refuse makes the server refuse new clients with this errno; 0 lets them in.
func (s *Server) Refuse(errno syscall.Errno) {
	s.state.Lock()
	defer s.state.Unlock()
	s.refuse = errno
}

// Stall runs f while no request is served, as a daemon in a sync serves none.
func (s *Server) Stall(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	s.served.Broadcast()
}

// Peers returns the clients of a service, oldest first.
func (s *Server) Peers(service string) []*Peer {
	s.state.Lock()
	defer s.state.Unlock()
	var list []*Peer
	for n := 1; n <= s.serial; n++ {
		for p := range s.peers {
			if p.number == n && p.service == service {
				list = append(list, p)
			}
		}
	}
	return list
}

// Kill ends the server as a daemon dies: without a word to its clients, whose
// sockets close.
func (s *Server) Kill() {
	s.state.Lock()
	s.closed = true
	for _, l := range s.listeners {
		_ = l.Close()
	}
	for p := range s.peers {
		p.Hangup()
	}
	s.state.Unlock()
	s.mu.Lock()
	s.services = nil // nobody holds any more
	s.served.Broadcast()
	s.mu.Unlock()
	s.wg.Wait()
}

// Close ends the server and removes its files.
func (s *Server) Close() {
	s.Kill()
	_ = os.RemoveAll(s.dir)
}

// serve is one client's life.
func (s *Server) serve(name string, svc Service, c *net.UnixConn) {
	defer c.Close()
	p, err := s.accept(name, c)
	if err != nil {
		return
	}
	defer p.finish()
	s.state.Lock()
	if s.closed {
		p.Hangup()
	}
	s.peers[p] = true
	s.state.Unlock()
	if _, err := c.Write(p.setup); err == nil {
		p.line.requests(func(b []byte) { s.request(svc, p, b) })
	}
	s.state.Lock()
	delete(s.peers, p)
	s.state.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	svc.Leave(p)
}

func (s *Server) request(svc Service, p *Peer, b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := qb.NewReader(p.service, "request", b)
	if len(b) < qb.RequestHeader || int(r.U32(8)) != len(b) {
		p.Hangup()
		return
	}
	for s.held(svc) {
		s.served.Wait()
	}
	svc.Serve(p, r)
	s.served.Broadcast()
	if r.Err() != nil { // the daemon answers messages that are too short in the same way
		p.Answer(qb.NewAnswer(0, qb.AnswerHeader, corosync.ErrInvalidParam))
	}
}

// held reports whether another service keeps svc from being served.
func (s *Server) held(svc Service) bool {
	for _, other := range s.services {
		if h, ok := other.(Holder); ok && other != svc && h.Holds() {
			return true
		}
	}
	return false
}

// accept does the handshake but for the answer, which must find the peer ready.
func (s *Server) accept(name string, c *net.UnixConn) (*Peer, error) {
	b := make([]byte, 24)
	if _, err := c.Read(b); err != nil {
		return nil, err
	}
	size, err := qb.ParseSetupRequest(b)
	if err != nil {
		return nil, err
	}
	s.state.Lock()
	s.serial++
	number, refuse := s.serial, s.refuse
	s.state.Unlock()
	if refuse != 0 {
		_, err := c.Write(qb.Setup{Errno: refuse, Layout: s.cfg.Layout}.Append(nil))
		return nil, errors.Join(err, refuse)
	}
	dir := filepath.Join(s.dir, fmt.Sprintf("qb-%d-%d", os.Getpid(), number))
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	p := &Peer{service: name, number: number, conn: c, layout: s.cfg.Layout}
	setup := qb.Setup{MaxMessage: size, Layout: s.cfg.Layout}
	if s.cfg.Socket {
		err = p.datagram(dir, &setup)
	} else {
		err = p.shared(dir, &setup)
	}
	p.setup = setup.Append(nil)
	return p, err
}
