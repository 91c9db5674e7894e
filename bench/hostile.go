// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/quorate/quorate/bench/table"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/wire"
)

const (
	hostileConns = 600 // connections with one cluster's certificate
	longList     = 384 // nodes on a list; our arbiter refuses more

	quietEchoes = 400
	quietPause  = 20 * time.Millisecond
)

// hostileEcho is how long the echo of a quiet cluster takes while another cluster's
// certificate does its worst: 600 connections that send lists as long as they may be, as
// fast as they can. It returns a percentile in ms.
//
// The attackers have a process of their own with the lowest priority: from another machine
// they would take no processor time from the arbiter at all.
func hostileEcho(percent int) func(a *arbiter) (float64, error) {
	return func(a *arbiter) (f float64, err error) {
		quiet, err := connect(clusterName(0), 1, together(5), a.kind.certs[0])
		if err != nil {
			return 0, err
		}
		defer quiet.conn.Close()
		file := filepath.Join(a.kind.dir, "attacker")
		if err := writeCert(file, a.kind.certs[1]); err != nil {
			return 0, err
		}
		self, err := os.Executable()
		if err != nil {
			return 0, err
		}
		cmd := exec.Command("nice", "-n", "19", self, "-attack", file)
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		out, err := cmd.StdoutPipe()
		if err != nil {
			return 0, err
		}
		if err := cmd.Start(); err != nil {
			return 0, err
		}
		defer func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}()
		begun := make(chan error, 1)
		go func() {
			_, err := out.Read(make([]byte, 1)) // all are connected
			begun <- err
		}()
		for waiting := true; waiting; {
			select {
			case err := <-begun:
				if err != nil {
					return 0, fmt.Errorf("the attackers: %w", err)
				}
				waiting = false
			default:
				if _, err := quiet.echoes(10); err != nil { // it would be dropped meanwhile
					return 0, err
				}
			}
		}
		took, err := quiet.echoes(quietEchoes)
		if err != nil {
			return 0, err
		}
		fmt.Fprintf(os.Stderr, " (p50 %.2f, p99 %.2f, most %.2f ms) ...", table.Percentile(took, 50), table.Percentile(took, 99), table.Percentile(took, 100))
		return table.Percentile(took, percent), nil
	}
}

func writeCert(file string, cert *tls.Certificate) error {
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		return err
	}
	b := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]})
	return os.WriteFile(file, append(b, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...), 0o600)
}

// attack is the attackers' process: it says on its standard output when they have begun,
// and goes on until it is killed.
func attack(file string) error {
	cert, err := tls.LoadX509KeyPair(file, file)
	if err != nil {
		return err
	}
	var begun sync.WaitGroup
	slots := make(chan struct{}, 16)
	for i := range hostileConns {
		begun.Add(1)
		go func() {
			slots <- struct{}{}
			c, err := hello(clusterName(1), qnet.NodeID(i+1), together(5), &cert)
			<-slots
			begun.Done()
			for err != nil { // a cluster has 384 nodes: the others keep trying
				time.Sleep(100 * time.Millisecond)
				c, err = hello(clusterName(1), qnet.NodeID(i+1), together(5), &cert)
			}
			go func() {
				_, _ = io.Copy(io.Discard, c.conn) // nobody answers
			}()
			c.flood()
		}()
	}
	begun.Wait()
	time.Sleep(2 * time.Second) // all of them have lists
	fmt.Println()
	select {}
}

// flood sends a config list, and then one membership after the other in a ring of its own,
// with heuristics that change between them.
func (c *client) flood() {
	var everybody qnet.NodeList
	for id := range longList {
		everybody = append(everybody, qnet.Node{ID: qnet.NodeID(id + 1)})
	}
	if c.node > longList {
		everybody[longList-1].ID = c.node
	}
	c.send(wire.NodeList{Seq: c.next(), ListType: wire.Some(qnet.InitialConfig), ConfigVersion: wire.Some(uint64(1)), Nodes: everybody})
	var batch []byte
	for n := uint64(1); ; n++ {
		batch = batch[:0]
		for k := range uint64(4) {
			ring := qnet.RingID{Node: c.node, Seq: 8*n + k}
			heuristics := qnet.Heuristics(1 + (n+k)%2)
			for _, m := range []wire.Message{
				wire.NodeList{Seq: c.next(), ListType: wire.Some(qnet.Membership), RingID: wire.Some(ring), Nodes: everybody, Heuristics: heuristics},
				wire.HeuristicsChange{Seq: c.next(), Heuristics: 3 - heuristics},
			} {
				b, err := wire.Append(batch, m)
				if err != nil {
					return
				}
				batch = b
			}
		}
		if _, err := c.conn.Write(batch); err != nil {
			return
		}
	}
}

// echoes sends echo requests and returns how long each answer took, in ms.
func (c *client) echoes(n int) ([]float64, error) {
	took := make([]float64, n)
	for i := range took {
		seq := c.next()
		begin := time.Now()
		c.send(wire.EchoRequest{Seq: seq})
		select {
		case at, ok := <-c.echoed:
			if !ok {
				return nil, errors.New("the quiet cluster was disconnected")
			}
			took[i] = float64(at.Sub(begin).Microseconds()) / 1000
		case <-time.After(60 * time.Second):
			return nil, errors.New("an echo was not answered within a minute")
		}
		time.Sleep(quietPause)
	}
	return took, nil
}
