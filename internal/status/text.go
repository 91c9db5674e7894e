// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package status

import (
	"fmt"
	"strconv"

	"github.com/quorate/quorate/internal/qnet"
)

// AppendStatus appends what the C arbiter answers to "status", or to "status
// verbose".
func AppendStatus(b []byte, s *QNetd, verbose bool) []byte {
	cert := ""
	if s.ClientCert && s.TLS != "Unsupported" {
		cert = " (client certificate required)"
	}
	b = fmt.Appendf(b, "QNetd address:\t\t\t%s:%d\n", s.Address, s.Port)
	b = fmt.Appendf(b, "TLS:\t\t\t\t%s%s\n", s.TLS, cert)
	b = fmt.Appendf(b, "Connected clients:\t\t%d\n", s.Clients)
	b = fmt.Appendf(b, "Connected clusters:\t\t%d\n", len(s.Clusters))
	if !verbose {
		return b
	}
	if s.MaxClients != 0 {
		b = fmt.Appendf(b, "Maximum allowed clients:\t%d\n", s.MaxClients)
	}
	return fmt.Appendf(b, "Maximum send/receive size:\t%d/%d bytes\n", s.MaxSend, s.MaxReceive)
}

// AppendList appends what the C arbiter answers to "list", or to "list
// verbose", for the cluster of that name, or for all if it is empty. A cluster
// that is not there adds nothing.
func AppendList(b []byte, s *QNetd, verbose bool, cluster string) []byte {
	found := s.Find(cluster)
	for i := range found.Clusters {
		cl := &found.Clusters[i]
		b = fmt.Appendf(b, "Cluster \"%s\":\n", EscapeName(cl.Name))
		if len(cl.Nodes) == 0 {
			continue
		}
		kap := ""
		if cl.KAP {
			kap = " (KAP Tie-breaker)"
		}
		b = fmt.Appendf(b, "    Algorithm:\t\t%s%s\n", cl.Algorithm, kap)
		b = fmt.Appendf(b, "    Tie-breaker:\t%s\n", cl.TieBreaker)
		for j := range cl.Nodes {
			b = appendNode(b, &cl.Nodes[j], verbose)
		}
	}
	return b
}

// appendNode appends one node of a list. What the node has not said yet is
// left out.
func appendNode(b []byte, n *Node, verbose bool) []byte {
	b = fmt.Appendf(b, "    Node ID %s:\n", n.ID)
	b = fmt.Appendf(b, "        Client address:\t\t%s\n", n.Address)
	if verbose {
		b = fmt.Appendf(b, "        HB interval:\t\t%dms\n", n.Heartbeat)
	}
	if v := n.ConfigVersion; v != nil {
		b = fmt.Appendf(b, "        Configuration version:\t%d\n", *v)
	}
	if len(n.Config) > 0 {
		b = fmt.Appendf(b, "        Configured node list:\t%s\n", formatList(n.Config))
	}
	if verbose {
		b = fmt.Appendf(b, "        Ring ID:\t\t%s\n", n.Ring)
	}
	if len(n.Members) > 0 {
		b = fmt.Appendf(b, "        Membership node list:\t%s\n", formatList(n.Members))
	}
	if verbose {
		b = fmt.Appendf(b, "        Heuristics:\t\t%s (membership: %s, regular: %s)\n",
			n.Heuristics, n.MembershipHeur, n.RegularHeur)
		b = fmt.Appendf(b, "        TLS active:\t\t%s\n", formatTLS(n))
	} else if n.Heuristics != qnet.HeuristicsUndefined {
		b = fmt.Appendf(b, "        Heuristics:\t\t%s\n", n.Heuristics)
	}
	if n.LastVote != qnet.VoteUndefined {
		b = fmt.Appendf(b, "        Vote:\t\t\t%s\n", formatVote(n))
	}
	return b
}

// formatList prints a node list as the C tools do: "1, 2 (5)", the data center
// in the brackets if it is set.
func formatList(l qnet.NodeList) string {
	var b []byte
	for i, n := range l {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = strconv.AppendUint(b, uint64(n.ID), 10)
		if n.DataCenter != 0 {
			b = fmt.Appendf(b, " (%d)", n.DataCenter)
		}
	}
	return string(b)
}

func formatTLS(n *Node) string {
	switch {
	case n.TLS && n.CertVerified:
		return "Yes (client certificate verified)"
	case n.TLS:
		return "Yes"
	}
	return "No"
}

// formatVote prints the last vote sent, and the last ACK or NACK in brackets.
func formatVote(n *Node) string {
	if n.LastACKNACK == qnet.VoteUndefined {
		return n.LastVote.String()
	}
	return n.LastVote.String() + " (" + n.LastACKNACK.String() + ")"
}
