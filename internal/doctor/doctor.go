// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package doctor examines a node from its corosync.conf to its vote, or an arbiter from
// its daemon to its clusters: each thing that the vote depends on, one after the other,
// and says what to do where it is wrong.
//
// It changes nothing on this machine. The arbiter only sees a connection that goes
// away before it has said which node it is, and logs nothing of that.
//
// # Limitations
//
// What a daemon of Corosync's own keeps in an NSS database is not looked into: TLS is
// tried with the certificates of quorate's node daemon. Other nodes are seen
// through Corosync only.
package doctor

import (
	"context"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/quorate/quorate/corosync/conf"
	"github.com/quorate/quorate/corosync/qb"
	"github.com/quorate/quorate/internal/advice"
	"github.com/quorate/quorate/internal/cluster"
	"github.com/quorate/quorate/internal/nodeconf"
	"github.com/quorate/quorate/internal/status"
)

// Verdict is what comes of a check.
type Verdict string

// The verdicts.
const (
	OK   Verdict = "ok"
	Note Verdict = "note" // worth knowing, and may be meant
	Warn Verdict = "warn" // works until something else fails
	Fail Verdict = "FAIL" // the vote does not count, or Corosync does not start
)

// Result is one line of an examination.
type Result struct {
	Check   string   `json:"check"`
	Verdict Verdict  `json:"verdict"`
	Text    string   `json:"text"`
	Do      []string `json:"do"` // what to do, in this order
}

// Report is all of an examination.
type Report struct {
	At      time.Time `json:"at"`
	Role    string    `json:"role"` // node or arbiter
	OK      bool      `json:"ok"`   // nothing failed
	Results []Result  `json:"results"`
}

// Config is what is examined, and with what.
type Config struct {
	ConfFile string            // corosync.conf
	Settings nodeconf.Settings // of the node daemon: its socket and certificates
	Corosync qb.Options

	// Progress, if not nil, is told which check begins; Report each result.
	Progress func(check string)
	Report   func(Result)

	// AskNode asks the node daemon behind the socket, and tells whether it is
	// Corosync's own.
	AskNode func(ctx context.Context) (s *status.QDevice, isC bool, err error)

	// For tests; nil is this machine's.
	Now    func() time.Time
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	Dial   func(ctx context.Context, address string) (net.Conn, error)
	Clock  func() (synchronised, known bool)
	Host   *conf.Host
	Root   func() bool // whether this user is root
}

// checkTime is how long one check may take.
const checkTime = 10 * time.Second

// Run examines the node.
func Run(ctx context.Context, cfg Config) *Report {
	e := &examiner{Config: cfg}
	e.defaults()
	defer func() {
		if e.client != nil {
			e.client.Close()
		}
	}()
	return e.examine(ctx, "node", []check{
		{"corosync.conf", e.file}, {"timers", e.timers}, {"corosync", e.corosync}, {"quorum", e.quorum},
		{"names", e.names}, {"arbiter port", e.port}, {"certificates", e.certificates}, {"TLS", e.tls}, {"clock", e.clock},
		{"node daemon", e.daemon}, {"registered", e.registered}, {"vote", e.vote}, {"other nodes", e.others}, {"losses", e.losses},
	})
}

// check is one thing that is looked at.
type check struct {
	name string
	look func(context.Context)
}

// examine looks at one thing after the other. role is this machine's.
func (e *examiner) examine(ctx context.Context, role string, checks []check) *Report {
	r := &Report{At: e.Now().Round(0), Role: role, OK: true, Results: []Result{}}
	if e.Root != nil && !e.Root() {
		user := check{"user", func(context.Context) {
			e.add(Warn, "you are not root. Only root may ask the daemons and read the keys, so some lines below may be wrong", advice.AsRoot)
		}}
		checks = append([]check{user}, checks...)
	}
	for _, c := range checks {
		e.check = c.name
		if e.Progress != nil {
			e.Progress(c.name)
		}
		ctx, cancel := context.WithTimeout(ctx, checkTime)
		c.look(ctx)
		cancel()
		for _, result := range e.results {
			r.Results = append(r.Results, result)
			r.OK = r.OK && result.Verdict != Fail
			if e.Report != nil {
				e.Report(result)
			}
		}
		e.results = nil
	}
	return r
}

// examiner is one run.
type examiner struct {
	Config
	check   string
	results []Result // of the check

	conf   *conf.File              // nil if it can't be parsed
	lint   []conf.Problem          // of timers
	keys   map[string]string       // of the running Corosync, else of the file
	client *cluster.Client         // nil if Corosync does not run
	q      *status.Quorum          // likewise
	device *nodeconf.Config        // nil if there is none, or it can't be used
	hosts  map[string][]netip.Addr // of the arbiter, as far as they were found
	peers  []string                // host:port of the arbiter that answered
	cert   certs
	node   *status.QDevice // nil if the node daemon does not answer

	nodeIsC    bool // it is Corosync's own
	nodeHidden bool // it may not be asked
}

func (e *examiner) defaults() {
	if e.Now == nil {
		e.Now = time.Now
	}
	if e.Lookup == nil {
		e.Lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	if e.Dial == nil {
		e.Dial = func(ctx context.Context, address string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", address)
		}
	}
	if e.Clock == nil {
		e.Clock = kernelClock
	}
	if e.Root == nil {
		e.Root = func() bool { return os.Geteuid() == 0 }
	}
	if e.Host == nil {
		h := conf.ThisHost()
		h.UserFiles = func() []string { return conf.UserFiles(e.ConfFile) }
		e.Host = &h
	}
}

func (e *examiner) add(v Verdict, text string, do ...advice.Advice) {
	e.results = append(e.results, Result{Check: e.check, Verdict: v, Text: text, Do: advice.Strings(do...)})
}
