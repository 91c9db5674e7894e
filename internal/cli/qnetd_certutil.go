// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/quorate/quorate/internal/pki"
)

const certutilUsage = `%s: [-i|-s] [-c certificate] [-G] [-n cluster_name]

 -i                  Initialize QNetd CA and generate server certificate
 -s                  Sign cluster certificate (needs cluster certificate)
 -c certificate      CRQ certificate file name
 -G                  Do not set group write bit for new files
 -n cluster_name     Name of cluster (for -s operation)
`

// certutilArgs is a command line of corosync-qnetd-certutil.
type certutilArgs struct {
	op         byte // i, s, or 0 for the usage
	crq, name  string
	groupWrite bool
}

// QNetdCertutil is corosync-qnetd-certutil on the default directory: the same
// flags, texts and exit codes as the C script, except that what fails there
// and says that it did not (Q8) fails here. The certificates are in one
// directory with the C script's names.
func QNetdCertutil(prog string, args []string, stdout, stderr io.Writer) int {
	return qnetdCertutil(qnetdCertDir, prog, args, stdout, stderr)
}

func qnetdCertutil(dir, prog string, args []string, stdout, stderr io.Writer) int {
	a := certutilArgs{groupWrite: true}
	opts, _, misuse := getopt(args, "Ghisc:n:", false)
	for _, o := range opts {
		switch o.Letter {
		case 'i', 's':
			a.op = o.Letter
		case 'c':
			a.crq = o.Arg
		case 'n':
			a.name = o.Arg
		case 'G':
			a.groupWrite = false
		case 'h':
			fmt.Fprintf(stdout, certutilUsage, prog)
			return 0
		}
	}
	if misuse != nil {
		return misuse.asScript(stderr)
	}
	switch a.op {
	case 'i':
		return a.init(dir, stdout, stderr)
	case 's':
		return a.sign(dir, prog, stdout, stderr)
	}
	fmt.Fprintf(stdout, certutilUsage, prog)
	return 0
}

func (a *certutilArgs) init(dir string, stdout, stderr io.Writer) int {
	s, err := setUpArbiter(dir, "", a.groupWrite, func(did string) { fmt.Fprintln(stdout, did) })
	if s.certs == pki.TakenOver {
		fmt.Fprintf(stdout, "Taken over from the NSS database in %s, which stays as it is\n", dir)
	}
	exists := s.certs == pki.TakenOver || s.certs == pki.Present // pvecm calls -i at every set-up, and doesn't mind
	switch {
	case err == nil && exists:
		fmt.Fprintf(stderr, "Certificate database (%s) already exists. Delete it to initialize new db\n", dir)
		return 1
	case err != nil:
		fmt.Fprintln(stderr, certError(err))
		return 1
	}
	return 0
}

func (a *certutilArgs) sign(dir, prog string, stdout, stderr io.Writer) int {
	if _, err := os.Stat(a.crq); a.crq == "" || err != nil {
		fmt.Fprintf(stderr, "Can't open certificate file %s\n", a.crq)
		return 2
	}
	if a.name == "" {
		fmt.Fprintln(stderr, "You have to specify cluster name")
		return 2
	}
	signed, err := pki.Sign(dir, a.crq, a.name, a.groupWrite)
	switch {
	case errors.Is(err, pki.ErrNoCA):
		fmt.Fprintf(stderr, "Certificate database doesn't exists. Use %s -i to create it\n", prog)
		return 1
	case err != nil:
		fmt.Fprintln(stderr, err)
		return 1
	}
	fmt.Fprintln(stdout, "Signing cluster certificate")
	if signed.Replaced {
		fmt.Fprintf(stderr, "Warning: cluster %q had a certificate for another key, which stays valid\n", a.name)
	}
	fmt.Fprintf(stdout, "Certificate stored in %s\n", signed.Path)
	return 0
}
