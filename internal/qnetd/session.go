// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnetd

import "time"

// Limits on a connection before its Init.
const (
	maxName    = 497 // bytes of a cluster's name: a line of corosync.conf has 510, of which "cluster_name:" takes 13
	maxRefused = 32  // messages
)

const reasonFull = "as many nodes are connected as -m allows"

// session is a connection up to its Init: who is at the other end, as far as it is proven.
type session struct {
	conn    ConnID
	addr    string
	since   time.Time
	gone    bool // the machine has let go of it
	refused int  // messages, before its Init

	preinit  bool
	name     string // of the cluster, in its Preinit
	startTLS bool   // StartTLS was received
	tls      bool   // the handshake is done
	cert     bool   // with a certificate whose chain is verified
	cn       string // the common name in it
}

// secured takes what a TLS handshake has proven.
func (n *session) secured(in Secured) { n.tls, n.cert, n.cn = true, in.Cert, in.CN }

// certified reports whether the certificate is for the cluster that the Preinit names. Names
// are compared byte for byte: to C, "a" and "A" are one authority (Q13).
func (n *session) certified() bool { return n.tls && n.cert && n.cn == n.name }

// uncertified is why a certificate that is not for the cluster is refused.
func (n *session) uncertified() string {
	if !n.cert {
		return "it has no certificate, and the cluster " + quoted(n.name) + " needs one"
	}
	return "its certificate is for the cluster " + quoted(n.cn) + ", and it belongs to the cluster " + quoted(n.name)
}
