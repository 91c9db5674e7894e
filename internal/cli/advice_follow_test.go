// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/quorate/quorate/internal/pki"
)

// sickbed is a machine on which an arbiter of some user does not start. It is cured by
// nothing but what it is told.
type sickbed struct {
	*testing.T
	base     string
	state    string // of the arbiter
	uid, gid int
	env      []string
	port     string
}

func newSickbed(t *testing.T, uid, gid int) *sickbed {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can be another user: run as root")
	}
	base, err := os.MkdirTemp("", "quorate-advice-") // t.TempDir is closed to other users
	s := &sickbed{T: t, base: base, state: filepath.Join(base, "srv", "arbiter"), uid: uid, gid: gid, port: "0"}
	s.must(err)
	t.Cleanup(func() { s.must(os.RemoveAll(base)) })
	program, err := os.Executable()
	s.must(err)
	s.must(err, os.Chmod(base, 0o755), os.Mkdir(filepath.Join(base, "srv"), 0o755), os.Mkdir(filepath.Join(base, "bin"), 0o755))
	if out, err := exec.Command("install", "-m", "0755", program, s.path("bin/test")).CombinedOutput(); err != nil { // written by this process it could be busy
		t.Fatalf("%v: %s", err, out)
	}
	s.script("quorate", "exec env "+asQuorate+"=1 "+s.path("bin/test")+` "$@"`)
	s.script("systemctl", `echo "$@" >> `+s.path("systemctl.log"))
	s.run("run")
	return s
}

func (s *sickbed) must(errs ...error) {
	s.Helper()
	if err := errors.Join(errs...); err != nil {
		s.Fatal(err)
	}
}

func (s *sickbed) path(name string) string { return filepath.Join(s.base, name) }

func (s *sickbed) script(name, text string) {
	s.Helper()
	cmd := exec.Command("sh", "-c", `cat > "$1" && chmod 755 "$1"`, "sh", s.path("bin/"+name))
	cmd.Stdin = strings.NewReader("#!/bin/sh\n" + text + "\n")
	s.must(cmd.Run())
}

// dir makes a directory of somebody.
func (s *sickbed) dir(path string, uid, gid int, mode os.FileMode) {
	s.Helper()
	s.must(os.Mkdir(path, mode), os.Chown(path, uid, gid), os.Chmod(path, mode))
}

// run makes the runtime directory, which is the arbiter's.
func (s *sickbed) run(name string) { s.dir(s.path(name), s.uid, s.gid, 0o770) }

// root runs a command line as root.
func (s *sickbed) root(line string) string {
	s.Helper()
	cmd := exec.Command("sh", "-c", line)
	cmd.Env = append(os.Environ(), "PATH="+s.path("bin")+":"+os.Getenv("PATH"))
	cmd.Dir = s.base
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.Fatalf("%s: %v: %s", line, err, out)
	}
	return string(out)
}

// start runs the arbiter as its user until it is ready or has ended, and returns what it
// said, and whether it got ready.
func (s *sickbed) start() (said string, ready bool) {
	s.Helper()
	cmd := exec.Command(s.path("bin/test"), "qnetd", "--state", s.state, "--socket", s.path("run/s"), "--lock-file", s.path("run/pid"), "--port", s.port)
	cmd.Env = append(append(os.Environ(), asQuorate+"=1"), s.env...)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(s.uid), Gid: uint32(s.gid)}}
	r, w, err := os.Pipe()
	s.must(err)
	cmd.Stderr = w
	s.must(cmd.Start())
	_ = w.Close()
	text := make(chan string)
	go func() {
		var b bytes.Buffer
		buf := make([]byte, 4096)
		for {
			n, err := r.Read(buf)
			b.Write(buf[:n])
			if err != nil || isReady.MatchString(b.String()) {
				text <- b.String()
				_, _ = io.Copy(io.Discard, r)
				return
			}
		}
	}()
	select {
	case said = <-text:
	case <-time.After(30 * time.Second):
		s.Error("the arbiter says nothing")
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	_ = r.Close()
	return said, isReady.MatchString(said)
}

// whole makes all that an arbiter of root's needs, as root does without a word about users.
func (s *sickbed) whole() {
	s.Helper()
	s.dir(s.state, 0, 0, 0o755)
	s.must(pki.Init(certDirOf(s.state), pki.InitOptions{GroupWrite: true}))
}

// wellFor makes all that this arbiter needs.
func (s *sickbed) well() {
	s.Helper()
	s.dir(s.state, 0, 0, 0o755)
	s.root(fmt.Sprintf("quorate cert init --state %s --user %d:%d", s.state, s.uid, s.gid))
}

// isReady finds that an arbiter runs.
var isReady = regexp.MustCompile(`\bready\b`)

// asRoot finds what is to be run in what an arbiter says.
var asRoot = regexp.MustCompile("`((?:quorate cert|chmod|chown|install|mv|rm|systemctl) [^`]*)`")

// follow does what the arbiter says until it starts: three things at most.
func (s *sickbed) follow(t *testing.T, names ...string) {
	t.Helper()
	texts := adviceTexts(t)
	for i := range 3 {
		said, ready := s.start()
		if ready && i >= len(names) {
			return
		}
		if i < len(names) {
			if !matches(texts[names[i]], said) {
				t.Fatalf("no %s in: %s", names[i], said)
			}
		}
		commands := asRoot.FindAllStringSubmatch(said, -1)
		if len(commands) == 0 {
			t.Fatalf("nothing to do is named in: %s", said)
		}
		for _, m := range commands {
			line := strings.ReplaceAll(m[1], "DIRECTORY", s.path("volume"))
			if strings.HasPrefix(line, "quorate qnetd") {
				continue // the other way out
			}
			t.Logf("%s", line)
			s.root(line)
		}
	}
	if said, ready := s.start(); !ready {
		t.Errorf("after all that was to be done: %s", said)
	}
}

// matches reports whether text was made of an advice.
func matches(advice, text string) bool {
	parts := brace.Split(advice, -1)
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return regexp.MustCompile(strings.Join(parts, ".*")).MatchString(text)
}

// TestArbiterAdvice: whatever keeps an arbiter from its files, what it says then makes it
// start, for a user with a group of his own and for one that nobody knows.
func TestArbiterAdvice(t *testing.T) {
	ids := map[string][2]int{"unknown": {54321, 54322}}
	if o, err := pki.FindOwner(packageUser); err == nil {
		ids["package"] = [2]int{o.UID, o.GID}
	}
	server := func(s *sickbed, name string) string { return filepath.Join(certDirOf(s.state), name) }
	for name, c := range map[string]struct {
		make func(s *sickbed)
		want []string
	}{
		"no directory":           {func(s *sickbed) {}, []string{"InitArbiter"}},
		"root's, empty":          {func(s *sickbed) { s.dir(s.state, 0, 0, 0o755) }, []string{"InitArbiter"}},
		"root's alone":           {func(s *sickbed) { s.dir(s.state, 0, 0, 0o700) }, []string{"InitArbiter"}},
		"root's certificates":    {func(s *sickbed) { s.whole() }, []string{"InitArbiter"}},
		"root's alone, and full": {func(s *sickbed) { s.whole(); s.must(os.Chmod(s.state, 0o700)) }, []string{"InitArbiter"}},
		"another user's":         {func(s *sickbed) { s.dir(s.state, 65534, 65534, 0o700) }, []string{"OwnDirectory"}},
		"another user's, open":   {func(s *sickbed) { s.dir(s.state, 65534, 65534, 0o755) }, []string{"OwnDirectory"}},
		"certificates of another user's": {func(s *sickbed) {
			s.well()
			s.must(os.Chown(certDirOf(s.state), 65534, 65534), os.Chmod(certDirOf(s.state), 0o700))
		}, []string{"OwnDirectory"}},
		"no way": {func(s *sickbed) { s.must(os.Chmod(s.path("srv"), 0o700)) }, []string{"OpenPath", "InitArbiter"}},
		"a key of root's": {func(s *sickbed) {
			s.well()
			s.must(os.Chown(server(s, "qnetd-server.key"), 0, 0), os.Chmod(server(s, "qnetd-server.key"), 0o600))
		}, nil},
		"a register of root's": {func(s *sickbed) {
			s.well()
			s.must(os.WriteFile(filepath.Join(s.state, "grants.db"), make([]byte, 9000), 0o600), os.Chown(filepath.Join(s.state, "grants.db"), 0, 0), os.Chmod(filepath.Join(s.state, "grants.db"), 0o600))
			s.must(os.Truncate(filepath.Join(s.state, "grants.db"), 0))
		}, nil},
		"under systemd":         {func(s *sickbed) { s.env = []string{"NOTIFY_SOCKET=" + s.path("notify")} }, []string{"InitService"}},
		"a damaged certificate": {func(s *sickbed) { s.well(); s.must(os.Truncate(server(s, pki.CACertFile), 100)) }, []string{"RestoreArbiter"}},
		"no server certificate": {func(s *sickbed) {
			s.well()
			s.must(os.Remove(server(s, "qnetd-server.key")), os.Remove(server(s, "qnetd-server.crt")))
		}, nil},
		"no runtime directory": {func(s *sickbed) { s.well(); s.must(os.Remove(s.path("run"))) }, []string{"RunDirectory"}},
		"root's runtime directory": {func(s *sickbed) {
			s.well()
			s.must(os.Chown(s.path("run"), 0, 0), os.Chmod(s.path("run"), 0o755))
		}, []string{"RunDirectory"}},
		"root's lock file": {func(s *sickbed) { s.well(); s.must(os.WriteFile(s.path("run/pid"), nil, 0o640)) }, []string{"RemoveStaleFile"}},
		"a damaged register": {func(s *sickbed) {
			s.well()
			s.must(os.WriteFile(filepath.Join(s.state, "grants.db"), bytes.Repeat([]byte("x"), 9000), 0o660))
		}, []string{"MoveStore"}},
		"a volume of the host's": {func(s *sickbed) {
			s.env = []string{"container=podman"}
			s.dir(s.path("volume"), 0, 0, 0o755)
			s.dir(s.state, 0, 0, 0o755)
			if err := unix.Mount(s.path("volume"), s.state, "", unix.MS_BIND, ""); err != nil {
				s.Skipf("nothing can be mounted here: %v", err)
			}
			s.Cleanup(func() { _ = unix.Unmount(s.state, unix.MNT_DETACH) })
		}, []string{"OwnVolume"}},
	} {
		for who, id := range ids {
			t.Run(name+", "+who, func(t *testing.T) {
				t.Parallel()
				s := newSickbed(t, id[0], id[1])
				c.make(s)
				s.follow(t, c.want...)
			})
		}
	}
}

// TestReadOnlyAdvice: on a read-only file system the arbiter says so, and a mount that can
// be written to is all that it needs.
func TestReadOnlyAdvice(t *testing.T) {
	s := newSickbed(t, 54321, 54322)
	s.dir(s.state, s.uid, s.gid, 0o755)
	if err := unix.Mount("tmpfs", s.state, "tmpfs", unix.MS_RDONLY, fmt.Sprintf("uid=%d,gid=%d,mode=755", s.uid, s.gid)); err != nil {
		t.Skipf("nothing can be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(s.state, unix.MNT_DETACH) })
	said, ready := s.start()
	if ready || !matches(adviceTexts(t)["WriteMount"], said) {
		t.Fatalf("ready %v: %s", ready, said)
	}
	s.must(unix.Mount("tmpfs", s.state, "tmpfs", unix.MS_REMOUNT, fmt.Sprintf("uid=%d,gid=%d,mode=755", s.uid, s.gid)))
	if said, ready := s.start(); !ready {
		t.Errorf("with a mount that can be written to: %s", said)
	}
}

// TestPortAdvice: a port that is taken, and one that only root may use.
func TestPortAdvice(t *testing.T) {
	s := newSickbed(t, 54321, 54322)
	s.well()
	l, err := net.Listen("tcp", "[::]:0")
	s.must(err)
	defer l.Close()
	for port, want := range map[string]string{strconv.Itoa(l.Addr().(*net.TCPAddr).Port): "FindPort", "1": "HighPort"} {
		s.port = port
		said, ready := s.start()
		if low, err := os.ReadFile("/proc/sys/net/ipv4/ip_unprivileged_port_start"); port == "1" && (err != nil || strings.TrimSpace(string(low)) == "0") {
			t.Logf("here everybody may use every port")
			continue
		}
		if ready || !matches(adviceTexts(t)[want], said) {
			t.Errorf("port %s: ready %v: %s", port, ready, said)
		}
		s.port = "0" // as told: another one
		if said, ready := s.start(); !ready {
			t.Errorf("with another port: %s", said)
		}
	}
}

// TestSetUpRefusals: root is not led to give away what is not the arbiter's, and what it
// is told then leads on.
func TestSetUpRefusals(t *testing.T) {
	s := newSickbed(t, 54321, 54322)
	s.dir(s.state, 0, 0, 0o700)
	s.must(os.WriteFile(filepath.Join(s.state, "diary"), nil, 0o600))
	refused := func(want string) string {
		t.Helper()
		cmd := exec.Command(s.path("bin/quorate"), "cert", "init", "--state", s.state, "--user", "54321:54322")
		out, err := cmd.CombinedOutput()
		if err == nil || !matches(adviceTexts(t)[want], string(out)) {
			t.Fatalf("%v, without %s: %s", err, want, out)
		}
		return string(out)
	}
	said := refused("ShareState")
	if info, err := os.Stat(s.state); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	s.must(os.Chmod(s.state, 0o711)) // as the arbiter would then say: see OpenPath
	for _, m := range asRoot.FindAllStringSubmatch(said, -1) {
		s.root(m[1])
	}
	s.state = filepath.Join(s.state, "arbiter")
	if said, ready := s.start(); !ready {
		t.Errorf("in a directory of its own: %s", said)
	}
	s.state = s.path("srv/theirs")
	s.dir(s.state, 65534, 65534, 0o700)
	for _, m := range asRoot.FindAllStringSubmatch(refused("OtherOwner"), -1) {
		s.root(m[1])
	}
	s.root("quorate cert init --state " + s.state + " --user 54321:54322")
	if said, ready := s.start(); !ready {
		t.Errorf("in a directory that was given to it: %s", said)
	}
}
