// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package pki

import (
	"crypto/tls"
	"crypto/x509"
	"strings"
	"testing"
	"time"
)

func TestWarnings(t *testing.T) {
	now := time.Now()
	ca := newAuthority(t, now.Add(400*24*time.Hour))
	leaf := func(from, until time.Duration) *tls.Certificate {
		return ca.leaf("prod", func(c *x509.Certificate) { c.NotBefore, c.NotAfter = now.Add(from), now.Add(until) })
	}
	const day = 24 * time.Hour
	for _, c := range []struct {
		from, until time.Duration
		want        string
	}{
		{-day, 31 * day, ""},
		{-day, 10*day + time.Hour, `the certificate of cluster "prod" expires on`},
		{-2 * day, -day, "expired on"},
		{day, 40 * day, "Check the clock: `timedatectl`."},
	} {
		cert := leaf(c.from, c.until)
		got := (&Node{CA: ca.cert, Cluster: cert}).Warnings(now)
		if c.want == "" && got != nil || c.want != "" && (len(got) != 1 || !strings.Contains(got[0], c.want)) {
			t.Errorf("%v to %v: %q, want %q", c.from, c.until, got, c.want)
		}
		if c.from < 0 {
			if w := EnrolledOf(cert.Leaf).Warning(now); !strings.Contains(w, c.want) || (w == "") != (c.want == "") {
				t.Errorf("%v to %v: enrolled: %q", c.from, c.until, w)
			}
		}
	}
	a := &Arbiter{CA: ca.cert, Server: *leaf(-day, 365*day)}
	if got := a.Warnings(now); got != nil {
		t.Errorf("arbiter: %q", got)
	}
	if got := a.Warnings(now.Add(390*day - time.Hour)); len(got) != 2 || !strings.Contains(got[0], "the CA expires on") || !strings.Contains(got[0], "in 10 days") || !strings.Contains(got[1], "the server's certificate expired") {
		t.Errorf("arbiter later: %q", got)
	}
}
