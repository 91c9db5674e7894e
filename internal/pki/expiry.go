// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package pki

import (
	"fmt"
	"time"

	"github.com/quorate/quorate/internal/advice"
)

// warnBefore is how long before the end of a certificate it is warned of.
const warnBefore = 30 * 24 * time.Hour

// expiry says when a certificate ends, or that it has not begun, if that is
// worth a warning at now, and what to do; otherwise it returns "".
func expiry(what string, from, until, now time.Time, todo advice.Advice) string {
	switch left := until.Sub(now); {
	case now.Before(from):
		return fmt.Sprintf("%s is valid from %s, and it is %s here. %s", what, stamp(from), stamp(now), advice.SetClock)
	case left < 0:
		return fmt.Sprintf("%s expired on %s. %s", what, stamp(until), todo)
	case left < warnBefore:
		return fmt.Sprintf("%s expires on %s, in %d days. %s", what, stamp(until), int(left.Hours()/24), todo)
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

// Warnings says which of a node's certificates are not valid at now, or will
// not be within 30 days, and what to do.
func (n *Node) Warnings(now time.Time) []string {
	ca := expiry("the arbiter's CA", n.CA.NotBefore, n.CA.NotAfter, now, advice.NewCAOnNode)
	if n.Cluster == nil {
		return warnings(ca)
	}
	return warnings(ca, expiryOf(n.Cluster.Leaf.Subject.CommonName, n.Cluster.Leaf.NotBefore, n.Cluster.Leaf.NotAfter, now))
}

// expiryOf is expiry for the certificate of a cluster.
func expiryOf(cluster string, from, until, now time.Time) string {
	return expiry(fmt.Sprintf("the certificate of cluster %q", cluster), from, until, now, advice.RenewCluster.WithWord("cluster", cluster))
}

// Warnings is that of an arbiter's own certificates.
func (a *Arbiter) Warnings(now time.Time) []string {
	s := a.Server.Leaf
	newCA := advice.NewCA.WithWord("dir", a.dir).With("where", Where(a.dir))
	renew := advice.RenewServer.WithWord("dir", a.dir).With("files", serverCertFile+" "+serverKeyFile).With("where", Where(a.dir))
	if nssFiles(a.dir) != nil {
		renew = newCA // it would be taken over as it was
	}
	return warnings(
		expiry("the CA", a.CA.NotBefore, a.CA.NotAfter, now, newCA),
		expiry("the server's certificate", s.NotBefore, s.NotAfter, now, renew),
	)
}

// Warning is that of a cluster's certificate, or "".
func (e Enrolled) Warning(now time.Time) string {
	return expiryOf(e.Cluster, time.Time{}, e.NotAfter, now)
}
