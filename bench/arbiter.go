// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"bytes"
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

	"quorate/internal/pki"
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
	log  bytes.Buffer
	idle float64 // KiB of memory before the first client
}

// measure runs a fresh arbiter for one figure.
func (k *kind) measure(m measure) (f float64, err error) {
	a := &arbiter{kind: k}
	mode := []string{"-s", "off", "-c", "off"}
	if m.tls {
		mode = []string{"-s", "req", "-c", "on"}
	}
	run := filepath.Join(k.dir, "run")
	if err := errors.Join(os.RemoveAll(run), os.Mkdir(run, 0o700), os.RemoveAll(filepath.Join(k.dir, "grants.db"))); err != nil {
		return 0, err
	}
	a.cmd = exec.Command(k.binary, append([]string{"-f", "-l", "127.0.0.1", "-p", strconv.Itoa(port), "-S",
		fmt.Sprintf("nss_db_dir=%s/nssdb,lock_file=%s/pid,local_socket_file=%s/sock", k.dir, run, run)}, mode...)...)
	a.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := a.cmd.Start(); err != nil {
		return 0, err
	}
	defer func() {
		_ = a.cmd.Process.Kill()
		_ = a.cmd.Wait()
	}()
	if err := awaitPort(); err != nil {
		return 0, err
	}
	time.Sleep(time.Second) // what a start costs is not what is measured
	if a.idle, err = a.memory(); err != nil {
		return 0, err
	}
	return m.run(a)
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
