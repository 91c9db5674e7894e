// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/quorate/quorate/internal/advice"
	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/status"
)

// newCertCommand is the friendly face of the two certutils.
func newCertCommand() *cobra.Command {
	var state, certs, node string
	dir := func() string {
		if certs != "" {
			return certs
		}
		return certDirOf(state)
	}
	cmd := &cobra.Command{
		Use:   "cert",
		Short: "Manage the certificates of an arbiter and of a node",
		Long: `Manage the certificates of an arbiter and of a node.

To enrol a cluster:

1. On every node, "trust" the CA certificate of the arbiter.
2. On one node, make a "request".
3. On the arbiter, "sign" it.
4. On that node, "import" the signed certificate. This writes a file.
5. On the other nodes, "import" that file.`,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			cmd.SetOut(plain{cmd.OutOrStdout()})
			cmd.SetErr(plain{cmd.ErrOrStderr()})
			return emptyFlag(cmd, "state", "node-dir")
		},
	}
	cmd.PersistentFlags().StringVar(&state, "state", stateDir, "directory of an arbiter's certificates and grants")
	cmd.PersistentFlags().StringVar(&certs, "certs", "", "directory of an arbiter's certificates, if -S nss_db_dir names another one (default: nssdb in the one of --state)")
	cmd.PersistentFlags().StringVar(&node, "node-dir", nodeCertDir, "directory of a node's certificates")
	cmd.AddCommand(newCertInit(dir), newCertSign(dir), newCertTrust(&node), newCertRequest(&node), newCertImport(&node),
		newCertShow(dir, &node))
	return cmd
}

func newCertInit(dir func() string) *cobra.Command {
	var user string
	cmd := &cobra.Command{
		Use:   "init",
		Short: "On the arbiter: make a CA and a server certificate, or take over those of the C arbiter",
		Long: `Make a CA and a server certificate, or take over those of the C arbiter, and say
what was there and what is new. What is there already stays, so you can run this again.

As root it also makes the register of grants, and lets the arbiter's user read the
certificates and write to the register. That user is the one of --user, or the owner
of the directory, or User= of the systemd unit corosync-qnetd, or coroqnetd.

If the arbiter's user may write to the directory, the arbiter does all of this by
itself when it first starts.`,
		Example: `  quorate cert init
  quorate cert init --state /srv/arbiter --user 1000:1000`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := setUpArbiter(dir(), user, false, nil)
			if err != nil {
				return certError(err)
			}
			return s.tell(cmd.OutOrStdout(), dir())
		},
	}
	cmd.Flags().StringVar(&user, "user", "", "user that the arbiter runs as, by name or number, with :GROUP if you need one")
	return cmd
}

// certError adds what to do to an error of one who may not read or write something.
func certError(err error) error {
	if errors.Is(err, fs.ErrPermission) && os.Geteuid() != 0 {
		return fmt.Errorf("%w. %s", err, advice.AsRoot)
	}
	var at *fs.PathError
	if errors.Is(err, syscall.EROFS) && errors.As(err, &at) {
		return fmt.Errorf("%w. %s", err, advice.MountWritable.WithWord("dir", filepath.Dir(at.Path)))
	}
	return err
}

func newCertSign(dir func() string) *cobra.Command {
	return &cobra.Command{
		Use:   "sign CLUSTER REQUEST",
		Short: "On the arbiter: sign the certificate request of a cluster",
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			signed, err := pki.Sign(dir(), args[1], args[0], false)
			if errors.Is(err, pki.ErrNoCA) {
				return fmt.Errorf("%w. %s", err, advice.InitFirst.With("where", pki.Where(dir())))
			}
			if err != nil {
				return certError(err)
			}
			if signed.Replaced {
				fmt.Fprintf(cmd.ErrOrStderr(), "quorate: cluster %s had a certificate for another key, which stays valid\n", status.EscapeName(args[0]))
			}
			out := cmd.OutOrStdout()
			fmt.Fprintf(out, "Signed the certificate of cluster %s: %s\n", args[0], signed.Path)
			fmt.Fprintf(out, "%s\n", advice.NextImport.WithWord("file", signed.Path).WithWord("base", filepath.Base(signed.Path)))
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
			already := errors.Is(err, pki.ErrExists)
			if already {
				err = sameCA(*node, args[0])
			}
			if err != nil {
				return certError(err)
			}
			n, err := pki.LoadNode(*node)
			if errors.Is(err, pki.ErrNoNode) { // only an NSS database, which the daemon takes over
				fmt.Fprintf(cmd.OutOrStdout(), "The node has the NSS database of the C corosync-qdevice: %s\n%s\n", *node, advice.NextStart)
				return nil
			}
			if err != nil {
				return err
			}
			did := "This node now trusts the arbiter with this CA"
			if already {
				did = "This node trusts the arbiter with this CA already"
			}
			out := cmd.OutOrStdout()
			fmt.Fprintf(out, "%s:\n  valid until %s, SHA-256 %s\n", did, n.CA.NotAfter.Format(time.DateOnly), pki.Fingerprint(n.CA))
			if n.Cluster != nil {
				fmt.Fprintf(out, "It has the certificate of cluster %s.\n%s\n", status.EscapeName(n.Cluster.Leaf.Subject.CommonName), advice.NextStart)
				return nil
			}
			fmt.Fprintf(out, "%s\n%s\n", advice.NextRequest.With("flags", pki.NodeFlags(*node)), advice.NextOthers.With("flags", pki.NodeFlags(*node)))
			return nil
		},
	}
}

// sameCA returns nil if the node has the CA of the file, and an error that says what to
// do if it has another.
func sameCA(dir, file string) error {
	other, err := pki.OtherCA(dir, file)
	switch {
	case errors.Is(err, pki.ErrNoNode):
		return nil
	case err != nil:
		return err
	case other == "":
		return nil
	}
	return fmt.Errorf("this node trusts another arbiter. %s. %s", other, advice.TrustOther.WithWord("dir", dir))
}

func newCertRequest(node *string) *cobra.Command {
	return &cobra.Command{
		Use:   "request CLUSTER",
		Short: "On a node: make a certificate request for the arbiter to sign",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := pki.RequestNode(*node, args[0])
			if err != nil {
				return trustFirst(err, *node)
			}
			out := cmd.OutOrStdout()
			fmt.Fprintf(out, "Made a certificate request for cluster %s: %s\n", args[0], path)
			fmt.Fprintf(out, "%s\n", advice.NextSign.WithWord("file", path).WithWord("cluster", args[0]))
			return nil
		},
	}
}

func newCertImport(node *string) *cobra.Command {
	return &cobra.Command{
		Use:   "import FILE",
		Short: "On a node: import the signed certificate, or the PKCS#12 file of another node",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path, cluster, err := pki.ImportNode(*node, args[0])
			if err != nil {
				return trustFirst(err, *node)
			}
			out := cmd.OutOrStdout()
			fmt.Fprintf(out, "This node now has the certificate of cluster %s.\n", status.EscapeName(cluster))
			if path != "" {
				fmt.Fprintf(out, "Wrote the file for the other nodes: %s\n%s\n", path, advice.NextShare.WithWord("file", path))
			}
			fmt.Fprintf(out, "%s\n", advice.NextStart)
			return nil
		},
	}
}

func trustFirst(err error, dir string) error {
	if errors.Is(err, pki.ErrNoNode) {
		return fmt.Errorf("%w. %s", err, advice.TrustFirst.With("flags", pki.NodeFlags(dir)))
	}
	return certError(err)
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

func newCertShow(dir func() string, node *string) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Show the certificates on this machine, and warn of those that end soon",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			report, err := makeCertReport(dir(), *node, time.Now())
			if err != nil {
				return certError(err)
			}
			if asJSON {
				return writeJSONLine(cmd.OutOrStdout(), report)
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
		return nil, fmt.Errorf("there are no certificates here, neither an arbiter's nor a node's (%w, %w). %s", err, nodeErr, advice.NoCerts)
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
