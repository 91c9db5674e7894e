// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/status"
)

// quickStart is -Q: it sets up an arbiter and all nodes of a cluster over ssh
// and scp, with the tools that are on those machines, C's or ours. Unlike the C
// script it stops at the first failure. What is secret passes through a directory
// that only this user may enter, and other files have names in /tmp there that
// nobody can foresee.
type quickStart struct {
	shell, copy    []string
	prog           string // what is called on the nodes
	cluster        string
	arbiter        string
	nodes          []string // the first one makes the key
	local          string   // directory for files on their way
	stdout, stderr io.Writer
}

// plainName are the cluster names that may stand in a path of scp, whose older
// releases give them to a shell.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_.:@+-]+$`)

func (a *nodeCertutilArgs) quickStart(ctx context.Context) int {
	switch {
	case len(a.operands) == 0 || a.operands[0] == "":
		fmt.Fprintln(a.stderr, "No QNetd server address provided.")
		return certMisused
	case len(a.operands) == 1 || a.operands[1] == "":
		fmt.Fprintln(a.stderr, "No nodes provided.")
		return certMisused
	}
	if err := pki.CheckName(a.cluster); err != nil || !plainName.MatchString(a.cluster) {
		fmt.Fprintf(a.stderr, "Cluster name %q can't be used with -Q: it may have letters, digits and _.:@+-\n", a.cluster)
		return certMisused
	}
	ctx, stop := untilSignal(ctx)
	defer stop()
	local, err := os.MkdirTemp("", "quorate-") // mode 0700
	if err != nil {
		fmt.Fprintln(a.stderr, status.EscapeText(err.Error()))
		return certFailed
	}
	defer os.RemoveAll(local)
	q := &quickStart{
		shell: strings.Fields(a.shell), copy: strings.Fields(a.copy), prog: a.prog, cluster: a.cluster,
		arbiter: a.operands[0], nodes: a.operands[1:], local: local, stdout: a.stdout, stderr: a.stderr,
	}
	if len(q.shell) == 0 || len(q.copy) == 0 {
		fmt.Fprintln(a.stderr, "The commands of -S and -C must not be empty")
		return certMisused
	}
	if err := q.run(ctx); err != nil {
		fmt.Fprintln(a.stderr, status.EscapeText(err.Error()))
		return certFailed
	}
	return 0
}

// The files of the two sides.
const (
	arbiterCA = qnetdCertDir + "/" + pki.CACertFile
	nodeCRQ   = nodeCertDir + "/" + pki.NodeRequestFile
	nodeP12   = nodeCertDir + "/" + pki.NodeP12File
)

func (q *quickStart) run(ctx context.Context) error {
	if err := q.check(ctx); err != nil {
		return err
	}
	// It is no problem if the arbiter is set up already; if it is not after
	// this, its CA can't be copied.
	_ = q.remote(ctx, q.arbiter, q.stdout, "corosync-qnetd-certutil -i")
	ca, crq, crt, p12 := q.file("ca.crt"), q.file("node.crq"), q.file("cluster.crt"), q.file("node.p12")
	if err := q.get(ctx, q.arbiter, arbiterCA, ca); err != nil {
		return err
	}
	for _, n := range q.nodes {
		if err := q.hand(ctx, n, ca, "qnetd-cacert-*.crt", q.prog+" -i -c %s"); err != nil {
			return err
		}
	}
	first := q.nodes[0]
	if err := q.do(ctx, first, q.prog+" -r -n "+q.cluster); err != nil {
		return err
	}
	if err := q.get(ctx, first, nodeCRQ, crq); err != nil {
		return err
	}
	if err := q.hand(ctx, q.arbiter, crq, "qdevice-net-node-*.crq", "corosync-qnetd-certutil -s -c %s -n "+q.cluster); err != nil {
		return err
	}
	name := "cluster-" + q.cluster + ".crt"
	if err := q.get(ctx, q.arbiter, filepath.Join(qnetdCertDir, name), crt); err != nil {
		return err
	}
	if err := pki.CheckSigned(ca, crq, crt, q.cluster); err != nil { // C's tool says that all went well even if nothing did
		return fmt.Errorf("QNetd server %s: %w", q.arbiter, err)
	}
	remote := filepath.Join(nodeCertDir, name)
	if err := q.put(ctx, crt, first, remote); err != nil {
		return err
	}
	if err := q.do(ctx, first, q.prog+" -M -c "+remote); err != nil {
		return err
	}
	return q.share(ctx, first, p12)
}

// shellFailed is the exit code of ssh itself: anything else is the command's.
const shellFailed = 255

// check reports a node that can't be set up, before anything is changed.
func (q *quickStart) check(ctx context.Context) error {
	for _, n := range q.nodes {
		err := q.remote(ctx, n, q.stdout, `[ -d "`+nodeCertDir+`" ]`)
		var exit *exec.ExitError
		switch {
		case err == nil:
			return fmt.Errorf("Node %s seems to be already initialized. Please delete %s", n, nodeCertDir)
		case !errors.As(err, &exit):
			return fmt.Errorf("Node %s can't be reached: %w", n, err)
		case exit.ExitCode() == shellFailed:
			return fmt.Errorf("Node %s can't be reached with %s: see that \"%s root@%s\" works", n, q.shell[0], strings.Join(q.shell, " "), n)
		}
		if q.remote(ctx, n, io.Discard, q.prog) != nil {
			return fmt.Errorf("Node %s doesn't have %s installed", n, q.prog)
		}
	}
	return nil
}

// share gives the key of the first node to the others.
func (q *quickStart) share(ctx context.Context, first, p12 string) error {
	if len(q.nodes) == 1 {
		return nil
	}
	if err := q.get(ctx, first, nodeP12, p12); err != nil {
		return err
	}
	for _, n := range q.nodes[1:] {
		if err := q.put(ctx, p12, n, nodeP12); err != nil {
			return err
		}
		if err := q.do(ctx, n, q.prog+" -m -c "+nodeP12); err != nil {
			return err
		}
	}
	return nil
}

func (q *quickStart) file(name string) string { return filepath.Join(q.local, name) }

// hand copies a file to a host's /tmp, under a name that nobody can have made
// before, lets a command read it there, and removes it.
func (q *quickStart) hand(ctx context.Context, host, file, pattern, command string) error {
	path := "/tmp/" + strings.Replace(pattern, "*", rand.Text(), 1)
	if err := q.put(ctx, file, host, path); err != nil {
		return err
	}
	command = fmt.Sprintf(command, path)
	err := q.remote(ctx, host, q.stdout, command+"; rc=$?; rm -f "+path+"; exit $rc")
	return failed(host, command, err)
}

// do runs a command on a host.
func (q *quickStart) do(ctx context.Context, host, command string) error {
	return failed(host, command, q.remote(ctx, host, q.stdout, command))
}

func failed(host, command string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %s: %w", host, command, err)
}

func (q *quickStart) remote(ctx context.Context, host string, stdout io.Writer, command string) error {
	return q.exec(ctx, stdout, q.shell, "root@"+host, command)
}

func (q *quickStart) get(ctx context.Context, host, path, file string) error {
	if err := q.exec(ctx, q.stdout, q.copy, scpPath(host, path), file); err != nil {
		return fmt.Errorf("%s: can't copy %s: %w", host, path, err)
	}
	return nil
}

func (q *quickStart) put(ctx context.Context, file, host, path string) error {
	if err := q.exec(ctx, q.stdout, q.copy, file, scpPath(host, path)); err != nil {
		return fmt.Errorf("%s: can't copy to %s: %w", host, path, err)
	}
	return nil
}

// scpPath names a file on a host; an IPv6 address needs brackets.
func scpPath(host, path string) string {
	if strings.Contains(host, ":") && !strings.HasPrefix(host, "[") {
		host = "[" + host + "]"
	}
	return "root@" + host + ":" + path
}

// exec runs a command that may ask the user for a password.
func (q *quickStart) exec(ctx context.Context, stdout io.Writer, command []string, args ...string) error {
	cmd := exec.CommandContext(ctx, command[0], append(command[1:len(command):len(command)], args...)...)
	if o, ok := stdout.(*output); ok {
		stdout = o.Writer // the file itself: what ssh leaves running would keep a pipe open
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, stdout, q.stderr
	err := cmd.Run()
	if errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("%s is not installed here", command[0])
	}
	return err
}
