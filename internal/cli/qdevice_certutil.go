// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/pki/p12"
	"github.com/quorate/quorate/internal/status"
)

// Where the C node keeps its certificates, and how its tool is called.
const (
	nodeCertDir  = pki.NodeDir
	nodeCertutil = "corosync-qdevice-net-certutil"
)

// nodeCertutilUsage is that of corosync-qdevice 3.0.4, which has -S and -C. Its
// -s is in the C tool's usage only.
const nodeCertutilUsage = `%[1]s: [-i|-m|-M|-r|-s|-Q] [-c certificate] [-S ssh_command] [-C scp_command] [-n cluster_name]

 -i      Initialize node CA. Needs CA certificate from server
 -m      Import cluster certificate on node (needs pk12 certificate)
 -r      Generate cluster certificate request
 -M      Import signed cluster certificate and export certificate with key to pk12 file
 -Q      Quick start. Uses ssh/scp to initialze both qnetd and nodes.

 -c certificate      Ether CA, CRQ, CRT or pk12 certificate (operation dependant)
 -S ssh_command      Alternative remote shell command to be use in place of ssh. If not specified, ssh is used.
 -C scp_command      Alternative remote copy command to be use in place of scp. If not specified, scp is used.
 -n cluster_name     Name of cluster (for -r and -s operations)

Typical usage:
- Initialize database on QNetd server by running corosync-qnetd-certutil -i
- Copy exported QNetd CA certificate (%[2]s) to every node
- On one of cluster node initialize database by running %[1]s -i -c qnetd-cacert.crt
- Generate certificate request: %[1]s -r -n Cluster (Cluster name must match cluster_name key in the corosync.conf)
- Copy exported CRQ to QNetd server
- On QNetd server sign and export cluster certificate by running corosync-qnetd-certutil -s -c qdevice-net-node.crq -n Cluster
- Copy exported CRT to node where certificate request was created
- Import certificate on node where certificate request was created by running %[1]s -M -c cluster-Cluster.crt
- Copy output qdevice-net-node.p12 to all other cluster nodes
- On all other nodes in cluster:
  - Init database by running %[1]s -i -c qnetd-cacert.crt
  - Import cluster certificate and key: %[1]s -m -c qdevice-net-node.p12

It is also possible to use Quick start (-Q). This needs properly configured remote shell command and remote copy command (ssh and scp by default).
  %[1]s -Q [-S ssh_command] [-C scp_command] -n Cluster qnetd_server node1 node2 ... nodeN
`

// nodeCertutilArgs is a command line of corosync-qdevice-net-certutil.
type nodeCertutilArgs struct {
	dir, prog      string
	op             byte // i, m, M, r, Q, or 0 for the usage
	file, cluster  string
	shell, copy    string
	operands       []string
	stdout, stderr io.Writer
}

// The exit codes of the C tool. Where it hands on those of NSS's programs,
// these are given here, too.
const (
	certFailed     = 1
	certMisused    = 2
	certPassword   = 17  // pk12util: the password is wrong
	certBadP12     = 18  // pk12util: not a PKCS#12 file
	certNoCA       = 255 // certutil: not a certificate
	nodeExistsText = "Certificate database already exists. Delete it to continue"
)

// QDeviceCertutil is corosync-qdevice-net-certutil on the default directory:
// the same flags, texts and exit codes as the C script of 3.0.4, except that
// what fails there and says that it did not fails here.
func QDeviceCertutil(ctx context.Context, prog string, args []string, stdout, stderr io.Writer) int {
	return qdeviceCertutil(ctx, nodeCertDir, prog, args, stdout, stderr)
}

func qdeviceCertutil(ctx context.Context, dir, prog string, args []string, stdout, stderr io.Writer) int {
	a := nodeCertutilArgs{dir: dir, prog: prog, shell: "ssh", copy: "scp", stdout: stdout, stderr: stderr}
	opts, operands, misuse := getopt(args, "hiMmQrc:S:C:n:", false)
	a.operands = operands
	for _, o := range opts {
		switch o.Letter {
		case 'i', 'm', 'M', 'r', 'Q':
			a.op = o.Letter
		case 'c':
			a.file = o.Arg
		case 'n':
			a.cluster = o.Arg
		case 'S':
			a.shell = o.Arg
		case 'C':
			a.copy = o.Arg
		case 'h':
			return a.usage()
		}
	}
	if misuse != nil {
		return misuse.asScript(stderr)
	}
	return a.run(ctx)
}

func (a *nodeCertutilArgs) usage() int {
	fmt.Fprintf(a.stdout, nodeCertutilUsage, a.prog, filepath.Join(qnetdCertDir, pki.CACertFile))
	return 0
}

func (a *nodeCertutilArgs) run(ctx context.Context) int {
	switch a.op {
	case 'i', 'm', 'M':
		if _, err := os.Stat(a.file); a.file == "" || err != nil {
			fmt.Fprintf(a.stderr, "Can't open certificate file %s\n", a.file)
			return certMisused
		}
	case 'r', 'Q':
		if a.cluster == "" {
			fmt.Fprintln(a.stderr, "You have to specify cluster name")
			return certMisused
		}
	}
	switch a.op {
	case 'i':
		return a.init()
	case 'r':
		return a.request()
	case 'M':
		return a.importCert()
	case 'm':
		return a.importP12()
	case 'Q':
		return a.quickStart(ctx)
	}
	return a.usage()
}

func (a *nodeCertutilArgs) init() int {
	err := pki.InitNode(a.dir, a.file, func(did string) { fmt.Fprintln(a.stdout, did) })
	switch {
	case errors.Is(err, pki.ErrExists):
		fmt.Fprintln(a.stderr, nodeExistsText)
		if other, err := pki.OtherCA(a.dir, a.file); err == nil && other != "" {
			fmt.Fprintln(a.stderr, status.EscapeText(other)) // what the C tool leaves to be found out
		}
	case errors.Is(err, pki.ErrNoCert):
		fmt.Fprintln(a.stderr, status.EscapeText(err.Error()))
		return certNoCA
	case err != nil:
		fmt.Fprintln(a.stderr, status.EscapeText(err.Error()))
	default:
		return 0
	}
	return certFailed
}

// started says what is being done, as the C tool does when it has found a
// database, or reports that there is none.
func (a *nodeCertutilArgs) started(what string) bool {
	if !pki.NodeInitialized(a.dir) {
		fmt.Fprintf(a.stderr, "Certificate database doesn't exists. Use %s -i to create it\n", a.prog)
		return false
	}
	fmt.Fprintln(a.stdout, what)
	return true
}

func (a *nodeCertutilArgs) request() int {
	if !a.started("Creating new certificate request") {
		return certFailed
	}
	path, err := pki.RequestNode(a.dir, a.cluster)
	if err != nil {
		fmt.Fprintln(a.stderr, status.EscapeText(err.Error()))
		return certFailed
	}
	fmt.Fprintf(a.stdout, "Certificate request stored in %s\n", path)
	return 0
}

func (a *nodeCertutilArgs) importCert() int {
	if !a.started("Importing signed cluster certificate") {
		return certFailed
	}
	path, _, err := pki.ImportNodeCert(a.dir, a.file)
	if err != nil {
		fmt.Fprintln(a.stderr, status.EscapeText(err.Error()))
		return certFailed
	}
	a.warn()
	fmt.Fprintf(a.stdout, "Certificate stored in %s\n", path)
	return 0
}

func (a *nodeCertutilArgs) importP12() int {
	if !a.started("Importing cluster certificate and key") {
		return certFailed
	}
	_, err := pki.ImportNodeP12(a.dir, a.file)
	switch {
	case errors.Is(err, p12.ErrPassword):
		fmt.Fprintln(a.stderr, status.EscapeText(err.Error()))
		return certPassword
	case errors.Is(err, p12.ErrFormat):
		fmt.Fprintln(a.stderr, status.EscapeText(err.Error()))
		return certBadP12
	case err != nil:
		fmt.Fprintln(a.stderr, status.EscapeText(err.Error()))
		return certFailed
	}
	a.warn()
	return 0
}

// warn tells of certificates that are of no use for long.
func (a *nodeCertutilArgs) warn() {
	n, err := pki.LoadNode(a.dir)
	if err != nil {
		return // what was done has not failed
	}
	for _, w := range n.Warnings(time.Now()) {
		fmt.Fprintf(a.stderr, "Warning: %s\n", status.EscapeName(w))
	}
}

// scriptName is what a script finds in $0 when it is called by that name: the
// path that the name was found at.
func scriptName(arg0 string) string {
	if strings.Contains(arg0, "/") {
		return arg0
	}
	if path, err := exec.LookPath(arg0); err == nil {
		return path
	}
	return arg0
}
