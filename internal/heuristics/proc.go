// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package heuristics

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"syscall"
)

// markName begins the entry in the environment of commands and of all whom they
// start.
const markName = "QUORATE_HEURISTICS="

// search is a look for the members of a family.
type search struct {
	family  *family
	reaped  bool      // its command was, before the search
	members []process // who was found, but for the command itself
}

// process is what the kernel says of a process.
type process struct {
	pid, parent, session int
	start                uint64 // clock ticks after boot
	dead                 bool   // only waits for its parent
}

// look carries searches out, all over one list of processes.
func look(list []*search) {
	procs := processes()
	environ := map[int][]byte{} // what was read
	for _, s := range list {
		s.members = s.find(procs, environ)
	}
}

// find finds the living members of a family, apart from the command itself.
func (s *search) find(procs []process, environ map[int][]byte) []process {
	f := s.family
	// The number of a session is free again when nobody is in it. If a younger
	// process has it, then the session is another one.
	session := f.pid != 0
	for _, p := range procs {
		if p.pid == f.pid && p.start != f.start {
			session = false
		}
	}
	var found []process
	in := map[int]bool{}
	for grown := true; grown; {
		grown = false
		for _, p := range procs {
			if in[p.pid] || p.dead || p.start < f.start || p.pid == f.pid || p.pid == 1 || p.pid == os.Getpid() {
				continue
			}
			known := slices.ContainsFunc(f.known, func(k process) bool { return k.pid == p.pid && k.start == p.start })
			child := in[p.parent] || f.pid != 0 && p.parent == f.pid && !s.reaped
			if known || session && p.session == f.pid || !f.exited && (child || f.marks(p.pid, environ)) {
				found, in[p.pid], grown = append(found, p), true, true
			}
		}
	}
	return found
}

// marks reports whether a process carries the family's mark.
func (f *family) marks(pid int, environ map[int][]byte) bool {
	env, ok := environ[pid]
	if !ok {
		env, _ = os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ") // gone, or of the kernel's: empty
		env = append([]byte{0}, env...)
		environ[pid] = env
	}
	mark := "\x00" + f.mark
	if !f.everyRun {
		mark += "\x00"
	}
	return bytes.Contains(env, []byte(mark))
}

// deliver sends the process a signal, 0 for none, and reports whether it lives. It is
// held before it is looked at, so that no other one can have its number by then.
func (p process) deliver(sig syscall.Signal) bool {
	held, err := os.FindProcess(p.pid)
	if err != nil {
		return false
	}
	defer func() { _ = held.Release() }()
	now, err := readStat(p.pid)
	if err != nil || now.start != p.start || now.dead {
		return false
	}
	if sig != 0 {
		_ = held.Signal(sig) // if it is gone by now, so much the better
	}
	return true
}

// processes lists all processes, but not those that go away meanwhile.
func processes() []process {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	var list []process
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			if p, err := readStat(pid); err == nil {
				list = append(list, p)
			}
		}
	}
	slices.SortFunc(list, func(a, b process) int { return cmp.Compare(a.pid, b.pid) })
	return list
}

func readStat(pid int) (process, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return process{}, err
	}
	return parseStat(pid, b)
}

// parseStat reads what proc(5) says of /proc/PID/stat. The name in it may have any
// character.
func parseStat(pid int, b []byte) (process, error) {
	_, rest, _ := bytes.Cut(b[max(0, bytes.LastIndexByte(b, ')')):], []byte(" "))
	f := bytes.Fields(rest)
	if len(f) < 20 { // from field 3, the state, to field 22, the start
		return process{}, fmt.Errorf("/proc/%d/stat has %d fields behind the name, want 20 and more", pid, len(f))
	}
	p := process{pid: pid, dead: bytes.ContainsAny(f[0], "ZXx")}
	var errs [3]error
	p.parent, errs[0] = strconv.Atoi(string(f[1]))
	p.session, errs[1] = strconv.Atoi(string(f[3]))
	p.start, errs[2] = strconv.ParseUint(string(f[19]), 10, 64)
	for _, err := range errs {
		if err != nil {
			return process{}, fmt.Errorf("/proc/%d/stat: %w", pid, err)
		}
	}
	return p, nil
}
