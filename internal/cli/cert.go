// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"quorate/internal/daemon"
	"quorate/internal/pki"
	"quorate/internal/store"
)

// newCertCommand is the friendly face of the two certutils.
func newCertCommand() *cobra.Command {
	var state, node string
	cmd := &cobra.Command{
		Use:   "cert",
		Short: "Manage the certificates of an arbiter and of a node",
		Long: `Manage the certificates of an arbiter and of a node.

To enrol a cluster: on every node "trust" the CA certificate of the arbiter; on one
node make a "request"; on the arbiter "sign" it; "import" the certificate on that
node, and on the others the file that this writes.`,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return emptyFlag(cmd, "state", "node-dir") },
	}
	cmd.PersistentFlags().StringVar(&state, "state", stateDir, "directory of an arbiter's certificates and grants")
	cmd.PersistentFlags().StringVar(&node, "node-dir", nodeCertDir, "directory of a node's certificates")
	cmd.AddCommand(newCertInit(&state), newCertSign(&state), newCertTrust(&node), newCertRequest(&node), newCertImport(&node),
		newCertShow(&state, &node))
	return cmd
}

func newCertInit(state *string) *cobra.Command {
	return &cobra.Command{
		Use:   "init",
		Short: "Make a CA and a server certificate, or take over those of the C arbiter",
		Long: `Make a CA and a server certificate, or take over those of the C arbiter.

The arbiter does so itself at its first start, where its user may write to the
directory. Anywhere else run this once as root: it also makes the register of
grants, writable for the group that may read the certificates. What is there
already stays.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir := certDirOf(*state)
			did, err := setUpArbiter(dir)
			if err != nil {
				return err
			}
			if did == pki.TakenOver {
				fmt.Fprintf(cmd.OutOrStdout(), "Taken over from the NSS database in %s, which stays as it is\n", dir)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "CA certificate: %s\n", filepath.Join(dir, pki.CACertFile))
			return nil
		},
	}
}

// setUpArbiter makes what an arbiter's daemon needs, or takes it over: with root's
// rights also what a daemon of another user may not make in a directory of root's.
func setUpArbiter(dir string) (pki.Ensured, error) {
	did, err := pki.EnsureArbiter(dir)
	if err == nil && os.Geteuid() == 0 {
		err = store.Prepare(daemon.StorePath(dir), dir)
	}
	return did, err
}

func newCertSign(state *string) *cobra.Command {
	return &cobra.Command{
		Use:   "sign CLUSTER REQUEST",
		Short: "On the arbiter: sign the certificate request of a cluster",
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			signed, err := pki.Sign(certDirOf(*state), args[1], args[0], false)
			if errors.Is(err, pki.ErrNoCA) {
				return fmt.Errorf("%w: run \"quorate cert init\" or start the arbiter first", err)
			}
			if err != nil {
				return err
			}
			if signed.Replaced {
				fmt.Fprintf(cmd.ErrOrStderr(), "quorate: cluster %q had a certificate for another key, which stays valid\n", args[0])
			}
			fmt.Fprintf(cmd.OutOrStdout(), "Certificate of cluster %s: %s\n", args[0], signed.Path)
			return nil
		},
	}
}

func newCertTrust(node *string) *cobra.Command {
	return &cobra.Command{
		Use:   "trust CA-CERTIFICATE",
		Short: "On a node: trust the arbiter whose CA certificate this is",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			err := pki.InitNode(*node, args[0], nil)
			if errors.Is(err, pki.ErrExists) {
				if other, otherErr := pki.OtherCA(*node, args[0]); otherErr == nil && other != "" {
					err = fmt.Errorf("%w. %s", err, other)
				}
				return fmt.Errorf("%w. Remove the directory to set the node up anew", err)
			}
			return err
		},
	}
}

func newCertRequest(node *string) *cobra.Command {
	return &cobra.Command{
		Use:   "request CLUSTER",
		Short: "On a node: make a certificate request, to be signed by the arbiter",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := pki.RequestNode(*node, args[0])
			if err != nil {
				return trustFirst(err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "Certificate request: %s\n", path)
			return nil
		},
	}
}

func newCertImport(node *string) *cobra.Command {
	return &cobra.Command{
		Use:   "import FILE",
		Short: "On a node: take up the signed certificate, or the PKCS#12 file of another node",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path, cluster, err := pki.ImportNode(*node, args[0])
			if err != nil {
				return trustFirst(err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "Certificate of cluster %s taken up\n", cluster)
			if path != "" {
				fmt.Fprintf(cmd.OutOrStdout(), "For the other nodes: %s\n", path)
			}
			return nil
		},
	}
}

func trustFirst(err error) error {
	if errors.Is(err, pki.ErrNoNode) {
		return fmt.Errorf("%w: run \"quorate cert trust\" with the arbiter's CA certificate first", err)
	}
	return err
}

// certReport is what cert show prints, as text or as JSON: an arbiter's part, a
// node's, or both.
type certReport struct {
	CA       *certInfo      `json:"ca,omitempty"`
	Server   *certInfo      `json:"server,omitempty"`
	Clusters []pki.Enrolled `json:"clusters,omitempty"`
	Node     *nodeReport    `json:"node,omitempty"`
	Warnings []string       `json:"warnings,omitempty"` // of certificates that are not valid, or not for long
}

type nodeReport struct {
	CA      certInfo      `json:"ca"`
	Cluster *pki.Enrolled `json:"cluster,omitempty"`
}

type certInfo struct {
	Fingerprint string    `json:"fingerprint"`
	NotAfter    time.Time `json:"not_after"`
}

func newCertShow(state, node *string) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Show the certificates that are here, and warn of those that end soon",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			report, err := makeCertReport(certDirOf(*state), *node, time.Now())
			if errors.Is(err, fs.ErrPermission) {
				return fmt.Errorf("%w: run this as root", err)
			}
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(report)
			}
			for _, w := range report.Warnings {
				fmt.Fprintf(cmd.ErrOrStderr(), "quorate: %s\n", w)
			}
			return report.write(cmd.OutOrStdout())
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// makeCertReport reads both directories. Only if neither holds anything is
// that an error.
func makeCertReport(arbiter, node string, now time.Time) (*certReport, error) {
	r := &certReport{}
	a, err := pki.LoadArbiter(arbiter)
	if err != nil && !errors.Is(err, pki.ErrNoCA) {
		return nil, err
	}
	if a != nil {
		r.CA = &certInfo{pki.Fingerprint(a.CA), a.CA.NotAfter}
		r.Server = &certInfo{pki.Fingerprint(a.Server.Leaf), a.Server.Leaf.NotAfter}
		r.Warnings = a.Warnings(now)
		if r.Clusters, err = pki.Clusters(arbiter); err != nil { // C leaves an empty file where signing failed
			r.Warnings = append(r.Warnings, strings.Split(err.Error(), "\n")...)
		}
		for _, c := range r.Clusters {
			if w := c.Warning(now); w != "" {
				r.Warnings = append(r.Warnings, w)
			}
		}
	}
	n, nodeErr := pki.LoadNode(node)
	switch {
	case nodeErr == nil:
		r.Node = &nodeReport{CA: certInfo{pki.Fingerprint(n.CA), n.CA.NotAfter}}
		if n.Cluster != nil {
			e := pki.EnrolledOf(n.Cluster.Leaf)
			r.Node.Cluster = &e
		}
		r.Warnings = append(r.Warnings, n.Warnings(now)...)
	case !errors.Is(nodeErr, pki.ErrNoNode):
		return nil, nodeErr
	case a == nil:
		return nil, fmt.Errorf("neither an arbiter nor a node: %w, %w", err, nodeErr)
	}
	return r, nil
}

func (r *certReport) write(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "CERTIFICATE\tVALID UNTIL\tSHA-256")
	row := func(name string, until time.Time, print string) {
		fmt.Fprintf(tw, "%s\t%s\t%s\n", name, until.Format(time.DateOnly), print[:23]+"…")
	}
	if r.CA != nil {
		row("CA", r.CA.NotAfter, r.CA.Fingerprint)
		row("server", r.Server.NotAfter, r.Server.Fingerprint)
	}
	for _, c := range r.Clusters {
		row("cluster "+c.Cluster, c.NotAfter, c.Fingerprint)
	}
	if n := r.Node; n != nil {
		row("node: arbiter's CA", n.CA.NotAfter, n.CA.Fingerprint)
		if c := n.Cluster; c != nil {
			row("node: cluster "+c.Cluster, c.NotAfter, c.Fingerprint)
		}
	}
	return tw.Flush()
}
