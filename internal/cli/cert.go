// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"quorate/internal/pki"
)

// newCertCommand is the friendly face of corosync-qnetd-certutil.
func newCertCommand() *cobra.Command {
	var state string
	cmd := &cobra.Command{
		Use:   "cert",
		Short: "Manage the arbiter's CA and the clusters that may use it",
	}
	cmd.PersistentFlags().StringVar(&state, "state", stateDir, "directory of certificates and grants")
	cmd.AddCommand(newCertInit(&state), newCertSign(&state), newCertShow(&state))
	return cmd
}

func newCertInit(state *string) *cobra.Command {
	return &cobra.Command{
		Use:   "init",
		Short: "Make a CA and a server certificate, or take over those of the C arbiter",
		Long: `Make a CA and a server certificate, or take over those of the C arbiter.

The arbiter does so itself at its first start, where its user may write to the
directory. Anywhere else run this once as root.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir := certDirOf(*state)
			switch did, err := pki.EnsureArbiter(dir); {
			case err != nil:
				return err
			case did == pki.Present:
				return fmt.Errorf("%s: %w", dir, pki.ErrExists)
			case did == pki.TakenOver:
				fmt.Fprintf(cmd.OutOrStdout(), "Taken over from the NSS database in %s, which stays as it is\n", dir)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "CA certificate: %s\n", filepath.Join(dir, pki.CACertFile))
			return nil
		},
	}
}

func newCertSign(state *string) *cobra.Command {
	return &cobra.Command{
		Use:   "sign CLUSTER REQUEST",
		Short: "Sign the certificate request of a cluster",
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

// certReport is what cert show prints, as text or as JSON.
type certReport struct {
	CA       certInfo       `json:"ca"`
	Server   certInfo       `json:"server"`
	Clusters []pki.Enrolled `json:"clusters"`
}

type certInfo struct {
	Fingerprint string    `json:"fingerprint"`
	NotAfter    time.Time `json:"not_after"`
}

func newCertShow(state *string) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Show the CA, the server's certificate and the enrolled clusters",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir := certDirOf(*state)
			a, err := pki.LoadArbiter(dir)
			if err != nil {
				return err
			}
			clusters, err := pki.Clusters(dir)
			if err != nil {
				return err
			}
			report := certReport{
				CA:       certInfo{pki.Fingerprint(a.CA), a.CA.NotAfter},
				Server:   certInfo{pki.Fingerprint(a.Server.Leaf), a.Server.Leaf.NotAfter},
				Clusters: clusters,
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(report)
			}
			return report.write(cmd.OutOrStdout())
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (r certReport) write(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "CERTIFICATE\tVALID UNTIL\tSHA-256")
	row := func(name string, until time.Time, print string) {
		fmt.Fprintf(tw, "%s\t%s\t%s\n", name, until.Format(time.DateOnly), print[:23]+"…")
	}
	row("CA", r.CA.NotAfter, r.CA.Fingerprint)
	row("server", r.Server.NotAfter, r.Server.Fingerprint)
	for _, c := range r.Clusters {
		row("cluster "+c.Cluster, c.NotAfter, c.Fingerprint)
	}
	return tw.Flush()
}
