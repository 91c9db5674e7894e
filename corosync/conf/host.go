// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// lookupTime is how long ThisHost waits for a name server.
const lookupTime = 5 * time.Second

// A Host is what Corosync asks the machine while it checks its file. What is
// left nil is not asked and counts as fine, so that a file can be checked for
// machines that are elsewhere: the zero Host is no machine in particular.
type Host struct {
	// Name is the machine's name, as uname -n prints it. If it is empty the
	// first node of the list is taken for the local one.
	Name string
	// Addrs are the addresses of the machine's interfaces.
	Addrs []netip.Addr
	// Lookup finds the addresses of a name.
	Lookup func(name string) ([]netip.Addr, error)
	// Reverse finds the name of an address, or "".
	Reverse func(addr netip.Addr) string
	// ReadFile reads the key that encrypts the cluster's traffic.
	ReadFile func(path string) ([]byte, error)
	// UserFiles are the paths of the files in uidgid.d, which lies beside the
	// corosync.conf. ReadFile reads them.
	UserFiles func() []string
	// IsDir tells whether there is a directory.
	IsDir func(path string) bool
	// MayLog tells why a log file could not be opened. Corosync makes it.
	MayLog func(path string) error
	// User and Group tell why a name is not known.
	User, Group func(name string) error
}

// UserFiles lists the files that Corosync reads along with a corosync.conf: those
// in uidgid.d beside it, hidden ones too. A directory that can't be read has none,
// as for Corosync.
func UserFiles(path string) []string {
	dir := filepath.Join(filepath.Dir(path), "uidgid.d")
	entries, _ := os.ReadDir(dir)
	var files []string
	for _, e := range entries {
		file := filepath.Join(dir, e.Name())
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
			files = append(files, file)
		}
	}
	return files
}

// ThisHost is the machine on which the program runs, with the uidgid.d of
// /etc/corosync. Checking with it reads files, and asks the resolver for names that
// are no addresses; it writes nothing.
func ThisHost() Host {
	name, _ := os.Hostname()
	h := Host{
		Name: name, Lookup: lookup, Reverse: reverse, ReadFile: os.ReadFile, MayLog: mayLog,
		UserFiles: func() []string { return UserFiles("/etc/corosync/corosync.conf") },
		IsDir:     func(path string) bool { info, err := os.Stat(path); return err == nil && info.IsDir() },
		User:      func(name string) error { _, err := user.Lookup(name); return err },
		Group:     func(name string) error { _, err := user.LookupGroup(name); return err },
	}
	addrs, _ := net.InterfaceAddrs()
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			h.Addrs = append(h.Addrs, p.Addr())
		}
	}
	return h
}

func lookup(name string) ([]netip.Addr, error) {
	ctx, cancel := context.WithTimeout(context.Background(), lookupTime)
	defer cancel()
	return net.DefaultResolver.LookupNetIP(ctx, "ip", name)
}

func reverse(addr netip.Addr) string {
	ctx, cancel := context.WithTimeout(context.Background(), lookupTime)
	defer cancel()
	names, err := net.DefaultResolver.LookupAddr(ctx, addr.String())
	if err != nil || len(names) == 0 {
		return ""
	}
	return strings.TrimSuffix(names[0], ".")
}

// mayLog tells whether a file could be opened for appending, without making it.
func mayLog(path string) error {
	if path == "" {
		return errors.New("no such file")
	}
	if info, err := os.Stat(path); err == nil {
		if info.IsDir() {
			return errors.New("is a directory")
		}
		f, err := os.OpenFile(path, os.O_APPEND|os.O_RDWR, 0)
		if err != nil {
			return err
		}
		return f.Close()
	}
	if strings.HasSuffix(path, "/") {
		return errors.New("is a directory")
	}
	_, err := os.Stat(filepath.Dir(path))
	return err
}

// resolve returns the addresses of a name or of a number as C's getaddrinfo
// takes it. Without an error and without an address nobody could be asked.
func (h Host) resolve(name string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(name); err == nil {
		return []netip.Addr{a}, nil
	}
	if a, ok := oldAddr(name); ok {
		return []netip.Addr{a}, nil
	}
	if name == "" || strings.ContainsAny(name, " \t/:%") {
		return nil, errors.New("no address and no name")
	}
	if h.Lookup == nil {
		for _, find := range []func(string) flaw{badAddress, nameFlaw} {
			if f := find(name); f.is() {
				return nil, errors.New(f.why) // nobody knows such a name
			}
		}
		return nil, nil
	}
	addrs, err := h.Lookup(name)
	if err == nil && len(addrs) == 0 {
		err = errors.New("no address")
	}
	for i := range addrs {
		addrs[i] = addrs[i].Unmap()
	}
	return addrs, err
}

// oldAddr reads the IPv4 addresses that inet_aton knows besides the usual ones:
// of fewer than four parts, octal and hexadecimal.
func oldAddr(text string) (netip.Addr, bool) {
	parts := strings.Split(text, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var all uint64
	for i, p := range parts {
		base := 10
		if hex, ok := strings.CutPrefix(strings.ToLower(p), "0x"); ok {
			base, p = 16, hex
		} else if len(p) > 1 && p[0] == '0' {
			base = 8
		}
		n, err := strconv.ParseUint(p, base, 32)
		if err != nil {
			return netip.Addr{}, false
		}
		bits := 8
		if i == len(parts)-1 {
			bits = 8 * (5 - len(parts))
		}
		if n >= 1<<bits {
			return netip.Addr{}, false
		}
		all = all<<bits | n
	}
	return netip.AddrFrom4([4]byte{byte(all >> 24), byte(all >> 16), byte(all >> 8), byte(all)}), true
}
