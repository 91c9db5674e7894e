// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/quorate/quorate/internal/fault"
)

// Delays of RFC 8305.
const (
	attemptDelay    = 250 * time.Millisecond // from one attempt to the next beside it (section 5)
	resolutionDelay = 50 * time.Millisecond  // for a better name that is not resolved yet (section 3)
)

// place is where an arbiter is looked for.
type place struct {
	hosts     []string // in the order of preference
	port      uint16
	ipVersion int // 4 or 6; 0 takes both
}

// dialer connects to the first of several addresses that answers. Names are
// looked up side by side; addresses are tried in their order, each a little after
// the one before it.
type dialer struct {
	lookup func(ctx context.Context, network, host string) ([]netip.Addr, error)
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
}

func newDialer() *dialer {
	d := &net.Dialer{FallbackDelay: -1}
	return &dialer{lookup: net.DefaultResolver.LookupNetIP, dial: d.DialContext}
}

// candidate is an address to be tried.
type candidate struct {
	host int // its place in the list of hosts
	rank int // within the host
	addr netip.Addr
}

// found is the end of a lookup.
type found struct {
	host  int
	addrs []netip.Addr
	err   error
}

// attempt is the end of a connection attempt.
type attempt struct {
	conn net.Conn
	host int
	addr string
	err  error
}

// dialError is why no host could be reached.
type dialError struct {
	hosts []error // by host; nil: not tried
	ended error   // nil: all was tried
}

// Error joins what is known of all hosts.
func (e *dialError) Error() string {
	return errors.Join(append(slices.Clone(e.hosts), e.ended)...).Error()
}

// race is one call of connect.
type race struct {
	*dialer
	ctx      context.Context
	place    place
	queue    []candidate // not tried yet, in order
	pending  []bool      // hosts that are being looked up
	waited   bool        // for better names, for long enough
	attempts int         // under way
	due      bool        // another address may be tried beside those
	open     []attempt   // under way
	ended    chan attempt
	errs     []error // by host
}

// connect returns a connection, and which host of the place it goes to. No
// goroutine outlives it but those that wait for the system to end a call.
func (d *dialer) connect(ctx context.Context, p place) (net.Conn, int, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := &race{dialer: d, ctx: ctx, place: p, ended: make(chan attempt), pending: make([]bool, len(p.hosts)), errs: make([]error, len(p.hosts))}
	names := make(chan found, len(p.hosts))
	for i, host := range p.hosts {
		if a, err := netip.ParseAddr(host); err == nil {
			r.enqueue(r.literal(i, a.Unmap()))
			continue
		}
		r.pending[i] = true
		go func() { names <- r.resolve(i) }()
	}
	timer := time.NewTimer(resolutionDelay)
	defer timer.Stop()
	for {
		if r.ready() && (r.attempts == 0 || r.due) {
			r.next(timer)
		}
		if len(r.queue) == 0 && r.attempts == 0 && !slices.Contains(r.pending, true) {
			return nil, 0, &dialError{hosts: r.errs}
		}
		select {
		case f := <-names:
			r.enqueue(f)
		case <-timer.C:
			r.waited, r.due = true, true
		case a := <-r.ended:
			r.attempts--
			if a.err == nil {
				return a.conn, a.host, nil
			}
			r.failed(a)
			r.due = true
		case <-ctx.Done():
			return nil, 0, r.late()
		}
	}
}

// ready reports whether there is an address to be tried, and no better one to be
// hoped for.
func (r *race) ready() bool {
	return len(r.queue) > 0 && (r.waited || !slices.Contains(r.pending[:r.queue[0].host], true))
}

// literal takes a host that is an address.
func (r *race) literal(i int, a netip.Addr) found {
	if v := r.place.ipVersion; v != 0 && (v == 4) != a.Is4() {
		return found{host: i, err: fmt.Errorf("%s is no IPv%d address, but force_ip_version wants one", a, v)}
	}
	return found{host: i, addrs: []netip.Addr{a}}
}

// resolve looks one host up.
func (r *race) resolve(i int) found {
	network := "ip"
	if r.place.ipVersion != 0 {
		network += strconv.Itoa(r.place.ipVersion)
	}
	addrs, err := r.lookup(r.ctx, network, r.place.hosts[i])
	if err != nil {
		err = fault.Lookup(err, r.place.hosts[i])
	}
	return found{host: i, addrs: addrs, err: err}
}

// failed takes the end of an attempt that came to nothing.
func (r *race) failed(a attempt) {
	r.open = slices.DeleteFunc(r.open, func(o attempt) bool { return o.addr == a.addr && o.host == a.host })
	r.errs[a.host] = errors.Join(r.errs[a.host], fault.Dial(a.err, a.addr))
}

// late is the end of a race that has taken too long: what has not answered until then does
// not. One that was given up for another reason says nothing of the hosts.
func (r *race) late() *dialError {
	ended := r.ctx.Err()
	if errors.Is(ended, context.DeadlineExceeded) {
		for _, a := range slices.Clone(r.open) {
			r.failed(attempt{host: a.host, addr: a.addr, err: ended})
		}
		for i, pending := range r.pending {
			if pending {
				r.errs[i] = errors.Join(r.errs[i], fault.Lookup(ended, r.place.hosts[i]))
			}
		}
		if slices.ContainsFunc(r.errs, func(err error) bool { return err != nil }) {
			ended = nil
		}
	}
	return &dialError{hosts: r.errs, ended: ended}
}

// enqueue puts what a lookup has found into the queue.
func (r *race) enqueue(f found) {
	r.pending[f.host] = false
	r.errs[f.host] = f.err
	for rank, a := range interleave(f.addrs) {
		r.queue = append(r.queue, candidate{host: f.host, rank: rank, addr: a})
	}
	slices.SortFunc(r.queue, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.host, b.host), cmp.Compare(a.rank, b.rank))
	})
}

// interleave alternates between the families, beginning with that of the first
// address: a family that is not routed must not use up all the time.
func interleave(addrs []netip.Addr) []netip.Addr {
	var first, second, list []netip.Addr
	for _, a := range addrs {
		a = a.Unmap()
		if a.Is4() == addrs[0].Unmap().Is4() {
			first = append(first, a)
		} else {
			second = append(second, a)
		}
	}
	for i := range max(len(first), len(second)) {
		if i < len(first) {
			list = append(list, first[i])
		}
		if i < len(second) {
			list = append(list, second[i])
		}
	}
	return list
}

// next tries the next address, and sets the timer for the one after it.
func (r *race) next(timer *time.Timer) {
	c := r.queue[0]
	r.queue = r.queue[1:]
	r.attempts++
	r.due = false
	timer.Reset(attemptDelay)
	addr := netip.AddrPortFrom(c.addr, r.place.port).String()
	r.open = append(r.open, attempt{host: c.host, addr: addr})
	go func() {
		conn, err := r.dial(r.ctx, "tcp", addr)
		select {
		case r.ended <- attempt{conn: conn, host: c.host, addr: addr, err: err}:
		case <-r.ctx.Done():
			if conn != nil {
				_ = conn.Close() // another one was faster
			}
		}
	}()
}
