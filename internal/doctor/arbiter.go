// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/quorate/quorate/internal/advice"
	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/fault"
	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/status"
	"github.com/quorate/quorate/internal/term"
)

// ArbiterConfig is what is examined of an arbiter, and with what.
type ArbiterConfig struct {
	CertDir string // its certificates
	Socket  string // its local socket, for texts
	Port    uint16 // where it listens, if the daemon does not say

	// Progress, if not nil, is told which check begins; Report each result.
	Progress func(check string)
	Report   func(Result)

	// Ask asks the arbiter behind its local socket, and tells whether it is
	// Corosync's own, which gives no snapshot. The error is one of the system
	// where nothing listens there, and ErrFrozen where nothing answers.
	Ask func(ctx context.Context) (s *status.QNetd, isC bool, err error)

	// For tests; nil is this machine's.
	Now   func() time.Time
	Dial  func(ctx context.Context, address string) (net.Conn, error)
	Clock func() (synchronised, known bool)
	Root  func() bool // whether this user is root
}

// ErrFrozen is for [ArbiterConfig.Ask]: the daemon took the connection and said nothing.
var ErrFrozen = errors.New("it accepts the connection but does not answer: it is frozen")

// RunArbiter examines the arbiter of this machine: its daemon, directory, certificates,
// register, port, clusters and clock.
func RunArbiter(ctx context.Context, cfg ArbiterConfig) *Report {
	a := &arbiter{ArbiterConfig: cfg}
	a.examiner.defaults() // the clock and the network are a node's
	if a.Now != nil {
		a.examiner.Now = a.Now
	}
	if a.Dial != nil {
		a.examiner.Dial = a.Dial
	}
	if a.Clock != nil {
		a.examiner.Clock = a.Clock
	}
	if a.Root != nil {
		a.examiner.Root = a.Root
	}
	a.examiner.Progress, a.examiner.Report = cfg.Progress, cfg.Report
	return a.examine(ctx, "arbiter", []check{
		{"daemon", a.daemon}, {"directory", a.directory}, {"certificates", a.certificates}, {"register", a.register},
		{"port", a.port}, {"clusters", a.clusters}, {"clock", a.clock},
	})
}

// arbiter is one examination of an arbiter.
type arbiter struct {
	examiner
	ArbiterConfig
	s        *status.QNetd // nil if the daemon does not say
	noStatus string        // why there is none of a daemon that is there; empty: it may not be there
}

func (a *arbiter) daemon(ctx context.Context) {
	s, isC, err := a.Ask(ctx)
	switch {
	case isC:
		a.noStatus = "Corosync's own arbiter has none"
		a.add(Note, "the arbiter here is Corosync's own, which says less than quorate's", advice.StartReplaced)
	case err == nil:
		a.s = s
		a.add(OK, "running for "+event.Duration(a.examiner.Now().Sub(s.Started)))
	case errors.Is(err, ErrFrozen):
		a.noStatus = "not known: the arbiter does not answer"
		a.add(Fail, "the arbiter's daemon accepts connections but does not answer: it is frozen or stuck",
			advice.RestartArbiter, advice.ArbiterLog)
	case errors.Is(err, fs.ErrPermission):
		a.noStatus = "not known: this user may not ask the arbiter"
		a.add(Fail, "this user may not ask the arbiter: "+a.Socket, advice.AsRoot)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		a.add(Fail, "no arbiter is running here: nothing listens on "+a.Socket,
			advice.StartArbiterHere, advice.ArbiterLog)
	default:
		a.add(Fail, "can't ask the arbiter's daemon: "+fault.Words(err), advice.RestartArbiter, advice.ArbiterLog)
	}
}

// directory looks whether the files are there, and whether secrets are.
func (a *arbiter) directory(context.Context) {
	info, err := os.Stat(a.CertDir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		a.add(Fail, a.CertDir+" is not there: this arbiter has not been set up yet, or keeps its files elsewhere",
			advice.InitHere.With("where", pki.Where(a.CertDir)), advice.NameArbiterState)
		return
	case errors.Is(err, fs.ErrPermission):
		a.add(Fail, "this user may not read "+a.CertDir, advice.AsRoot)
		return
	case err != nil:
		a.add(Fail, fault.Words(err), advice.AsRoot)
		return
	case !info.IsDir():
		a.add(Fail, a.CertDir+" is not a directory", advice.NameArbiterState)
		return
	}
	if a.s != nil && a.s.Standby != "" {
		a.add(Warn, a.s.Standby)
	}
	for _, name := range pki.PrivateFiles() {
		path := filepath.Join(a.CertDir, name)
		if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o007 != 0 {
			a.add(Fail, path+" is a secret, and every user of this machine can read it", advice.KeysToOwner.WithWord("file", path))
		}
	}
	if len(a.results) == 0 {
		a.add(OK, a.CertDir)
	}
}

func (a *arbiter) certificates(context.Context) {
	now := a.examiner.Now()
	loaded, err := pki.LoadArbiter(a.CertDir)
	var damaged *pki.DamagedError
	switch {
	case errors.Is(err, pki.ErrNSS):
		a.add(Note, "there is only the NSS database of Corosync's own arbiter: quorate's takes it over when it starts")
		return
	case errors.Is(err, pki.ErrNoCA):
		a.add(Fail, "there is no CA in "+a.CertDir+": no cluster can be enrolled, and no node can connect", advice.InitHere.With("where", pki.Where(a.CertDir)))
		return
	case errors.As(err, &damaged):
		a.add(Fail, damaged.Err.Error(), damaged.Do)
		return
	case errors.Is(err, fs.ErrPermission):
		a.add(Fail, "this user may not read the certificates in "+a.CertDir, advice.AsRoot)
		return
	case err != nil:
		a.add(Fail, fault.Words(err), advice.AsRoot)
		return
	}
	enrolled, err := pki.Clusters(a.CertDir)
	warnings := loaded.Warnings(now)
	for _, e := range enrolled {
		if w := e.Warning(now); w != "" {
			warnings = append(warnings, w)
		}
	}
	for _, w := range warnings {
		a.add(Warn, w)
	}
	if err != nil {
		a.add(Warn, fault.Words(err))
	}
	if now.After(loaded.CA.NotAfter) || now.Before(loaded.CA.NotBefore) || now.After(loaded.Server.Leaf.NotAfter) {
		a.results[0].Verdict = Fail
	}
	if len(a.results) == 0 {
		until := loaded.CA.NotAfter
		if loaded.Server.Leaf.NotAfter.Before(until) {
			until = loaded.Server.Leaf.NotAfter
		}
		a.add(OK, fmt.Sprintf("valid until %s; %s enrolled", until.Format("2006-01-02"), term.Count(len(enrolled), "cluster")))
	}
}

// register is about the file that remembers who has the vote. A running daemon has it
// open and says whether it can write.
func (a *arbiter) register(context.Context) {
	switch {
	case a.noStatus != "":
		a.add(Note, a.noStatus)
	case a.s == nil:
		a.add(Note, "only a running arbiter knows whether it can write its register of grants")
	case a.s.StoreError != "":
		a.add(Fail, "no vote is given, because grants can't be recorded: "+a.s.StoreError, advice.ArbiterLog)
	case a.s.Register == "":
		a.add(Note, "the register of grants has no ID")
	default:
		a.add(OK, "it can be written")
	}
}

// port says hello on the arbiter's own port, as a node would.
func (a *arbiter) port(ctx context.Context) {
	hosts, port := []string{"127.0.0.1"}, a.Port
	if a.s != nil {
		port = a.s.Port
		if a.s.Address != "*" {
			hosts = strings.Split(a.s.Address, ",")
		}
	}
	for _, host := range hosts {
		a.portAt(ctx, net.JoinHostPort(strings.TrimSpace(host), strconv.Itoa(int(port))))
	}
}

func (a *arbiter) portAt(ctx context.Context, address string) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	c, err := a.examiner.Dial(ctx, address)
	switch {
	case err != nil && a.noStatus != "": // it may have another port than the usual one
		a.add(Note, "nothing listens on "+address+"; only an arbiter that answers tells which port it has")
		return
	case err != nil && a.s == nil:
		a.add(Fail, "nothing listens on "+address+": no node can connect", advice.StartArbiterHere)
		return
	case errors.Is(err, syscall.ECONNREFUSED):
		a.add(Fail, "nothing listens on "+address+": no node can connect", advice.RestartArbiter, advice.ArbiterLog)
		return
	case err != nil:
		_, port, _ := net.SplitHostPort(address)
		a.add(Fail, address+" does not answer, though the arbiter runs: a firewall on this machine may be in the way",
			advice.OpenUFW.With("port", port), advice.OpenFirewalld.With("port", port), advice.OpenNftables.With("port", port))
		return
	}
	defer c.Close()
	defer hangUp(ctx, c)()
	switch _, _, err := greet(c, "quorate-doctor", 32<<10); {
	case errors.Is(err, errFrozen):
		a.add(Fail, address+": "+errFrozen.Error(), advice.RestartArbiter, advice.ArbiterLog)
	case err != nil:
		a.add(Fail, address+": "+fault.Words(err), advice.RestartArbiter)
	default:
		a.add(OK, address+" answers here", advice.FirewallOnNode)
	}
}

// clusters looks at each connected cluster, and for enrolled ones that are not there.
func (a *arbiter) clusters(context.Context) {
	if a.s == nil {
		return
	}
	connected := map[string]bool{}
	for i := range a.s.Clusters {
		c := &a.s.Clusters[i]
		connected[c.Name] = true
		a.cluster(c)
	}
	enrolled, _ := pki.Clusters(a.CertDir) // what can't be read, certificates has told
	for _, e := range enrolled {
		if !connected[e.Cluster] {
			a.add(Warn, e.Cluster+": enrolled, but none of its nodes is connected", advice.DoctorOnNode)
		}
	}
	if len(a.results) == 0 {
		a.add(Note, "no cluster is enrolled, and none is connected", advice.EnrolCluster)
	}
}

func (a *arbiter) cluster(c *status.Cluster) {
	before := len(a.results)
	for _, m := range c.Absent {
		node := c.Called(m.ID)
		a.add(Warn, c.Name+": "+node+" is not connected to this arbiter", advice.LookAtAbsent.With("node", node))
	}
	switch {
	case c.Blocked != "":
		a.add(Warn, c.Name+": the vote has to wait: "+c.Blocked, advice.AwaitHold)
	case len(c.Winner) == 0:
		a.add(Warn, c.Name+": nobody has the vote: "+cmp.Or(c.Reason, "the nodes have not reported yet"))
	}
	if len(a.results) == before {
		a.add(OK, fmt.Sprintf("%s: %s connected, and the vote is given", c.Name, term.Count(len(c.Nodes), "node")))
	}
}
