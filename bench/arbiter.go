// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/quorate/quorate/internal/pki"
)

// port is where the arbiters listen, on loopback.
const port = 15477

// tlsClusters is how many clusters have a certificate.
const tlsClusters = 500

// kind is one of the two programs.
type kind struct {
	name   string
	binary string
	c      bool
	dir    string
	certs  []*tls.Certificate // one a cluster
}

func clusterName(i int) string { return fmt.Sprintf("bench%04d", i) }

// enrol makes the arbiter's certificates and those of the clusters.
func (k *kind) enrol(dir string) error {
	k.dir = dir
	db := filepath.Join(dir, "nssdb")
	if err := os.MkdirAll(db, 0o700); err != nil {
		return err
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	if k.c {
		err = initNSS(dir, db)
	} else {
		_, err = pki.EnsureArbiter(db)
	}
	if err != nil {
		return err
	}
	for i := range tlsClusters {
		crt, err := k.sign(dir, db, key, i)
		if err != nil {
			return err
		}
		k.certs = append(k.certs, &tls.Certificate{Certificate: [][]byte{crt}, PrivateKey: key})
	}
	return nil
}

// sign signs a request for cluster i and returns the certificate.
func (k *kind) sign(dir, db string, key *rsa.PrivateKey, i int) ([]byte, error) {
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: clusterName(i)}}, key)
	if err != nil {
		return nil, err
	}
	crq, crt := filepath.Join(dir, "crq"), filepath.Join(dir, "crt")
	if err := os.WriteFile(crq, der, 0o600); err != nil {
		return nil, err
	}
	if !k.c {
		signed, err := pki.Sign(db, crq, clusterName(i), false)
		if err != nil {
			return nil, err
		}
		return os.ReadFile(signed.Path)
	}
	if err := certutil("", "-C", "-v", "1200", "-m", strconv.Itoa(1000+i), "-i", crq, "-o", crt, "-c", "QNet CA", "-d", db, "-f", filepath.Join(dir, "pwd")); err != nil {
		return nil, err
	}
	return os.ReadFile(crt)
}

// initNSS makes what corosync-qnetd-certutil -i makes, in another directory.
func initNSS(dir, db string) error {
	pwd, noise := filepath.Join(dir, "pwd"), filepath.Join(dir, "noise")
	if err := errors.Join(os.WriteFile(pwd, nil, 0o600), os.WriteFile(noise, []byte(rand.Text()), 0o600)); err != nil {
		return err
	}
	return errors.Join(
		certutil("", "-N", "-d", db, "-f", pwd),
		certutil("y\n0\ny\n", "-S", "-n", "QNet CA", "-s", "CN=QNet CA", "-x", "-t", "CT,,", "-m", "101", "-v", "1200", "-d", db, "-z", noise, "-f", pwd, "-2"),
		certutil("", "-S", "-n", "QNetd Cert", "-s", "CN=Qnetd Server", "-c", "QNet CA", "-t", "u,u,u", "-m", "102", "-v", "1200", "-d", db, "-z", noise, "-f", pwd),
	)
}

func certutil(stdin string, args ...string) error {
	cmd := exec.Command("certutil", args...)
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("certutil %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return nil
}

// arbiter is a running program.
type arbiter struct {
	kind *kind
	cmd  *exec.Cmd
	idle float64 // KiB of memory before the first client
}

// tries is how often a figure is begun where the arbiter ends meanwhile: what is
// measured of one need not see the restarts of another.
const tries = 3

// measure takes one figure, again if the arbiter ends meanwhile.
func (k *kind) measure(m measure) (f float64, err error) {
	for i := range tries {
		var ended bool
		if f, ended, err = k.measureOnce(m); !ended {
			return f, err
		}
		fmt.Fprintf(os.Stderr, " the arbiter ended by itself (%d of %d) ...", i+1, tries)
	}
	return 0, err
}

// measureOnce runs a fresh arbiter for one figure. A load whose arbiter has ended is left to
// find out by itself.
func (k *kind) measureOnce(m measure) (f float64, ended bool, err error) {
	a, err := k.start(m)
	if err != nil {
		return 0, false, err
	}
	gone := make(chan error, 1)
	go func() { gone <- a.cmd.Wait() }()
	done := make(chan error, 1)
	go func() {
		err := a.settle()
		if err == nil {
			f, err = m.run(a)
		}
		done <- err
	}()
	select {
	case err := <-done:
		_ = a.cmd.Process.Kill()
		<-gone
		return f, false, err
	case err := <-gone:
		return 0, true, fmt.Errorf("the arbiter ended by itself: %w", err)
	}
}

// start starts an arbiter.
func (k *kind) start(m measure) (*arbiter, error) {
	a := &arbiter{kind: k}
	mode := []string{"-s", "off", "-c", "off"}
	if m.tls {
		mode = []string{"-s", "req", "-c", "on"}
	}
	run := filepath.Join(k.dir, "run")
	if err := errors.Join(os.RemoveAll(run), os.Mkdir(run, 0o700), os.RemoveAll(filepath.Join(k.dir, "grants.db"))); err != nil {
		return nil, err
	}
	a.cmd = exec.Command(k.binary, append([]string{"-f", "-l", "127.0.0.1", "-p", strconv.Itoa(port), "-S",
		fmt.Sprintf("nss_db_dir=%s/nssdb,lock_file=%s/pid,local_socket_file=%s/sock", k.dir, run, run)}, mode...)...)
	a.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return a, a.cmd.Start()
}

// settle waits until the arbiter serves, and weighs it.
func (a *arbiter) settle() (err error) {
	if err := awaitPort(); err != nil {
		return err
	}
	time.Sleep(time.Second) // what a start costs is not what is measured
	a.idle, err = a.memory()
	return err
}

func awaitPort() error {
	for range 200 {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			return c.Close()
		}
		time.Sleep(20 * time.Millisecond)
	}
	return errors.New("the arbiter does not listen")
}

// cpu is the processor time that the arbiter has used.
func (a *arbiter) cpu() (time.Duration, error) {
	paths, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", a.cmd.Process.Pid))
	if err != nil || len(paths) == 0 {
		return 0, errors.Join(err, errors.New("the arbiter is gone"))
	}
	var sum time.Duration
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			continue // a thread that has just ended
		}
		ns, err := strconv.ParseInt(strings.Fields(string(b))[0], 10, 64)
		if err != nil {
			return 0, err
		}
		sum += time.Duration(ns)
	}
	return sum, nil
}

// memory is the arbiter's resident memory in KiB.
func (a *arbiter) memory() (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", a.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.SplitSeq(string(b), "\n") {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			return strconv.ParseFloat(strings.Fields(rest)[0], 64)
		}
	}
	return 0, errors.New("no VmRSS")
}
