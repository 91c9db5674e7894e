// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package pki

import (
	"fmt"
	"time"
)

// warnBefore is how long before the end of a certificate it is warned of.
const warnBefore = 30 * 24 * time.Hour

// expiry says when a certificate ends, or that it has not begun, if that is
// worth a warning at now, and what to do; otherwise it returns "".
func expiry(what string, from, until, now time.Time, todo string) string {
	switch left := until.Sub(now); {
	case now.Before(from):
		return fmt.Sprintf("%s is valid from %s, and it is %s here: set the clock", what, stamp(from), stamp(now))
	case left < 0:
		return fmt.Sprintf("%s expired on %s: %s", what, stamp(until), todo)
	case left < warnBefore:
		return fmt.Sprintf("%s expires on %s, in %d days: %s", what, stamp(until), int(left.Hours()/24), todo)
	}
	return ""
}

func warnings(list ...string) []string {
	var out []string
	for _, w := range list {
		if w != "" {
			out = append(out, w)
		}
	}
	return out
}

const (
	renewCA      = "no node will connect then; set up the arbiter and its clusters anew"
	renewCluster = "have a new request signed, and import the certificate on every node"
)

// Warnings says which of a node's certificates are not valid at now, or will
// not be within 30 days, and what to do.
func (n *Node) Warnings(now time.Time) []string {
	ca := expiry("the arbiter's CA", n.CA.NotBefore, n.CA.NotAfter, now, renewCA)
	if n.Cluster == nil {
		return warnings(ca)
	}
	c := n.Cluster.Leaf
	return warnings(ca, expiry(fmt.Sprintf("the certificate of cluster %q", c.Subject.CommonName), c.NotBefore, c.NotAfter, now, renewCluster))
}

// Warnings is that of an arbiter's own certificates.
func (a *Arbiter) Warnings(now time.Time) []string {
	s := a.Server.Leaf
	return warnings(
		expiry("the CA", a.CA.NotBefore, a.CA.NotAfter, now, renewCA),
		expiry("the server's certificate", s.NotBefore, s.NotAfter, now, renewCA),
	)
}

// Warning is that of a cluster's certificate, or "".
func (e Enrolled) Warning(now time.Time) string {
	return expiry(fmt.Sprintf("the certificate of cluster %q", e.Cluster), time.Time{}, e.NotAfter, now, renewCluster)
}
