// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"bufio"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/quorate/quorate/corosync/cmap"
)

//go:embed c/get.c
var source string

// compile builds the C program.
func compile(dir string) (string, error) {
	path := filepath.Join(dir, "get")
	cmd := exec.Command("gcc", "-O2", "-x", "c", "-o", path, "-", "-lcmap")
	cmd.Stdin = strings.NewReader(source)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("gcc: %w (make deps as root installs what it needs)\n%s", err, out)
	}
	return path, nil
}

// version returns the installed Corosync's.
func version() string {
	out, _ := exec.Command("corosync", "-v").Output()
	if _, v, ok := strings.Cut(string(out), "version '"); ok {
		v, _, _ = strings.Cut(v, "'")
		return v
	}
	return "?"
}

// process is the C program at work.
type process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func start(path string) (*process, error) {
	p := &process{cmd: exec.Command(path, key)}
	p.cmd.Stderr = os.Stderr
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.in, p.out = in, bufio.NewReader(out)
	return p, p.cmd.Start()
}

func (p *process) end() error { return errors.Join(p.in.Close(), p.cmd.Wait()) }

// round makes n calls and returns the microseconds of one.
func (p *process) round(n int) (float64, error) {
	if _, err := fmt.Fprintln(p.in, n); err != nil {
		return 0, err
	}
	line, err := p.out.ReadString('\n')
	if err != nil {
		return 0, fmt.Errorf("the C program: %w", err)
	}
	ns, err := strconv.ParseFloat(strings.TrimSpace(line), 64)
	return ns / 1000 / float64(n), err
}

// get is the same with our client.
func get(c *cmap.Client) func(n int) (float64, error) {
	return func(n int) (float64, error) {
		from := time.Now()
		for range n {
			if _, err := c.Get(context.Background(), key); err != nil {
				return 0, err
			}
		}
		return float64(time.Since(from).Nanoseconds()) / 1000 / float64(n), nil
	}
}

// growth is what a process has more than before.
type growth struct {
	goroutines int
	files      int
	memory     int // resident, in KiB
}

// grow makes a million calls, after some that let the process settle.
func grow(c *cmap.Client) (growth, error) {
	var before growth
	for _, n := range []int{100_000, 1_000_000} {
		var err error
		if before, err = now(); err != nil {
			return growth{}, err
		}
		if _, err := get(c)(n); err != nil {
			return growth{}, err
		}
	}
	after, err := now()
	return growth{after.goroutines - before.goroutines, after.files - before.files, after.memory - before.memory}, err
}

func now() (growth, error) {
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return growth{}, err
	}
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return growth{}, err
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	kib, err := strconv.Atoi(strings.Fields(rest + " ?")[0])
	return growth{runtime.NumGoroutine(), len(files), kib}, err
}
