// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package doctor

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/quorate/quorate/internal/advice"
	"github.com/quorate/quorate/internal/fault"
	"github.com/quorate/quorate/internal/term"
)

// slowLookup is how long a lookup may take without a word.
const slowLookup = time.Second

// names looks up all that corosync.conf gives by name: the nodes' addresses, and the
// arbiter's.
func (e *examiner) names(ctx context.Context) {
	if !e.parse() {
		e.add(Note, "no quorum device is configured, so there is no arbiter to check", advice.SetUpDevice)
	}
	e.hosts = map[string][]netip.Addr{}
	looked := 0
	for _, host := range e.nodeHosts() {
		if _, err := netip.ParseAddr(host); err == nil {
			continue
		}
		looked++
		e.lookup(ctx, host, Warn, "a node's address")
	}
	if e.device != nil {
		for _, host := range e.device.Hosts {
			if a, err := netip.ParseAddr(host); err == nil {
				e.hosts[host] = []netip.Addr{a.Unmap()}
				continue
			}
			looked++
			if addrs := e.lookup(ctx, host, Fail, "the arbiter's address"); addrs != nil {
				e.hosts[host] = addrs
			}
		}
	}
	switch {
	case len(e.results) > 0:
	case looked == 0:
		e.add(OK, "there are only addresses, so no name has to be looked up")
	default:
		e.add(OK, term.Count(looked, "name")+" found")
	}
}

func (e *examiner) nodeHosts() (hosts []string) {
	if e.conf == nil {
		return nil
	}
	for _, n := range e.conf.Nodes() {
		for _, a := range n.Addrs {
			if a != "" {
				hosts = append(hosts, a)
			}
		}
	}
	return hosts
}

func (e *examiner) lookup(ctx context.Context, host string, bad Verdict, text string) []netip.Addr {
	start := e.Now()
	addrs, err := e.Lookup(ctx, host)
	took := e.Now().Sub(start)
	if err == nil && len(addrs) == 0 {
		err = fmt.Errorf("it has no address")
	}
	switch {
	case err != nil:
		e.add(bad, text+": "+fault.Lookup(err, host).Text, advice.NameInHosts)
	case took > slowLookup:
		e.add(Warn, fmt.Sprintf("finding %s took %.1f s", host, took.Seconds()), advice.NameInHosts)
	}
	return addrs
}

// port connects to every address of the arbiter, side by side.
func (e *examiner) port(ctx context.Context) {
	if e.device == nil {
		return
	}
	type try struct {
		address string
		took    time.Duration
		err     error
	}
	var list []*try
	var wg sync.WaitGroup
	for _, host := range e.device.Hosts {
		for _, a := range e.hosts[host] {
			if v := e.device.IPVersion; v != 0 && (v == 4) != a.Unmap().Is4() {
				continue
			}
			t := &try{address: net.JoinHostPort(a.Unmap().String(), strconv.Itoa(int(e.device.Port)))}
			list = append(list, t)
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
				defer cancel()
				start := e.Now()
				c, err := e.Dial(ctx, t.address)
				if t.took, t.err = e.Now().Sub(start), err; err == nil {
					_ = c.Close()
				}
			})
		}
	}
	wg.Wait()
	for _, t := range list {
		if t.err == nil {
			e.peers = append(e.peers, t.address)
			e.add(OK, fmt.Sprintf("%s answers, after %.1f ms", t.address, float64(t.took.Microseconds())/1000))
		}
	}
	verdict := Warn
	if len(e.peers) == 0 {
		verdict = Fail
	}
	for _, t := range list {
		if t.err != nil {
			f := fault.Dial(t.err, t.address)
			e.add(verdict, f.Text, e.opening(f.Cause)...)
		}
	}
	if len(list) == 0 {
		e.add(Fail, "no address of the arbiter is known: "+strings.Join(e.device.Hosts, ", "))
	}
}

// opening is what to do about a port that does not answer: what is refused reached the
// machine, what is lost met a firewall, or no machine.
func (e *examiner) opening(c fault.Cause) []advice.Advice {
	if c == fault.Refused {
		return []advice.Advice{advice.StartArbiterAt}
	}
	port := strconv.Itoa(int(e.device.Port))
	return []advice.Advice{
		advice.LookAtArbiter,
		advice.OpenUFW.With("port", port), advice.OpenFirewalld.With("port", port), advice.OpenNftables.With("port", port),
	}
}

// clock asks whether something keeps the clock right: certificates are valid for a
// time, and logs of several nodes are to be compared.
func (e *examiner) clock(context.Context) {
	switch ok, known := e.Clock(); {
	case !known:
		e.add(Note, "the kernel does not say whether the clock is synchronised")
	case !ok:
		e.add(Warn, "the clock is not synchronised: it is "+e.Now().Format("2006-01-02 15:04:05 -07:00")+" here",
			advice.SyncClock)
	default:
		e.add(OK, "synchronised")
	}
}

// kernelClock asks the kernel, which is told by whatever keeps the time.
func kernelClock() (synchronised, known bool) {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	if err != nil {
		return false, false
	}
	return state != unix.TIME_ERROR && t.Status&unix.STA_UNSYNC == 0, true
}
