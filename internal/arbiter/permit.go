// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package arbiter

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/quorate/quorate/internal/advice"
	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/safedir"
	"github.com/quorate/quorate/internal/store"
)

// site is where an arbiter keeps its certificates and grants, and what is to be known
// of the process that may not read or write there.
type site struct {
	certs     string // the directory of the certificates
	store     string // the file of grants; empty: they are in none
	service   bool   // systemd has started this process
	container bool   // it runs in one, and the directory is the host's
}

func (d *arbiter) site() site {
	s := site{certs: absolute(d.cfg.CertDir), service: d.cfg.NotifySocket != ""}
	if file := d.cfg.Store.File(); file != "" {
		s.store = absolute(file)
	}
	s.container = !s.service && (inContainer() || d.cfg.container) && mounted(s.state())
	return s
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// inContainer reports whether this process runs in a container: as its first process, or
// beside the mark that Docker or Podman leaves.
func inContainer() bool {
	if os.Getpid() == 1 || os.Getenv("container") != "" {
		return true
	}
	for _, mark := range []string{"/.dockerenv", "/run/.containerenv"} {
		if _, err := os.Stat(mark); err == nil {
			return true
		}
	}
	return false
}

// mounted reports whether a file system is mounted at dir.
func mounted(dir string) bool {
	b, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 4 && strings.NewReplacer(`\040`, " ", `\134`, `\`).Replace(f[4]) == dir {
			return true
		}
	}
	return false
}

// withAdvice adds what to do to an error about certificates or grants, if that is who
// may do what.
func (d *arbiter) withAdvice(err error) error {
	if !store.Forbidden(err) && !errors.Is(err, safedir.ErrLink) && !errors.Is(err, safedir.ErrShared) {
		return err
	}
	return fmt.Errorf("%w. %s", err, d.site().advise(err, false))
}

// state is the directory that has to belong to the arbiter.
func (s site) state() string {
	if s.store == "" {
		return s.certs
	}
	return filepath.Dir(s.store)
}

// advise says what to do about err, which a directory or a file of s is forbidden with.
// running is whether the daemon goes on, and looks again by itself.
func (s site) advise(err error, running bool) advice.Advice {
	dir, who := s.state(), s.user()
	switch {
	case errors.Is(err, safedir.ErrLink), errors.Is(err, safedir.ErrShared):
		return advice.NoLinks.WithWord("dir", dir)
	case errors.Is(err, syscall.EROFS):
		return advice.WriteMount.WithWord("dir", dir)
	}
	if shut := shutOff(filepath.Dir(dir)); shut != "" {
		return advice.OpenPath.WithWord("dir", shut).With("user", who)
	}
	for _, path := range []string{dir, s.certs, s.store} {
		info, err := os.Lstat(path)
		if err != nil {
			continue
		}
		if uid := safedir.UID(info); uid != 0 && uid != os.Geteuid() && !s.container {
			return advice.OwnDirectory.WithWord("dir", path).With("owner", pki.UserName(uid)).With("user", who)
		} else if uid != 0 && uid == os.Geteuid() && info.IsDir() && !s.container { // then it is about what is in it
			return advice.OwnFiles.WithWord("dir", path).With("user", who)
		}
	}
	switch {
	case s.container:
		return advice.OwnVolume.WithWord("dir", dir).With("user", who)
	case running:
		return s.fill(advice.InitRunning, who)
	case s.service:
		return s.fill(advice.InitService, who)
	}
	return s.fill(advice.InitArbiter, who)
}

func (s site) fill(a advice.Advice, who string) advice.Advice {
	return a.With("where", pki.Where(s.certs)).With("user", who)
}

// user names the user of this process as chown takes it. The host of a container does
// not know its names.
func (s site) user() string {
	uid, gid := os.Geteuid(), os.Getegid()
	if s.container {
		return fmt.Sprintf("%d:%d", uid, gid)
	}
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil && u.Gid == strconv.Itoa(gid) {
		return u.Username
	}
	return fmt.Sprintf("%d:%d", uid, gid)
}

// shutOff returns the first directory on the way to dir, or dir, through which this
// process can't get; "" if there is none.
func shutOff(dir string) string {
	at := "/"
	for name := range strings.SplitSeq(strings.Trim(dir, "/"), "/") {
		if _, err := os.Stat(filepath.Join(at, name, ".")); errors.Is(err, fs.ErrPermission) {
			return at
		}
		at = filepath.Join(at, name)
	}
	if _, err := os.Lstat(filepath.Join(at, "x")); errors.Is(err, fs.ErrPermission) {
		return at
	}
	return ""
}

// withRunAdvice adds what to do to an error about the lock file or the local socket.
func withRunAdvice(err error, path string) error {
	if !store.Forbidden(err) || os.Geteuid() == 0 {
		return err
	}
	dir := filepath.Dir(absolute(path))
	info, serr := os.Stat(dir)
	group := strconv.Itoa(os.Getegid())
	if g, err := user.LookupGroupId(group); err == nil {
		group = g.Name
	}
	if serr == nil && safedir.UID(info) == os.Geteuid() && info.Mode().Perm()&0o300 == 0o300 { // it is about the file in it
		return fmt.Errorf("%w. %s", err, advice.RemoveStaleFile.WithWord("file", absolute(path)))
	}
	return fmt.Errorf("%w. %s", err, advice.RunDirectory.WithWord("dir", dir).With("user", pki.UserName(os.Geteuid())).With("group", group))
}

// withPortAdvice adds what to do to an error of a port that can't be listened on.
func withPortAdvice(err error, port uint16) error {
	text := strconv.Itoa(int(port))
	var op *net.OpError
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%w. %s", err, advice.FindPort.With("port", text))
	case errors.As(err, &op) && errors.Is(err, syscall.EACCES):
		return fmt.Errorf("%w. %s", err, advice.HighPort.With("port", text))
	}
	return err
}
