// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package arbiter

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/advice"
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/daemon"
	"github.com/quorate/quorate/internal/daemon/daemontest"
	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/qnetd"
	"github.com/quorate/quorate/internal/safedir"
	"github.com/quorate/quorate/internal/wire"
)

// asArbiter is the environment variable that makes this test binary an arbiter on
// the host that it names.
const asArbiter = "QUORATE_TEST_ARBITER"

func TestMain(m *testing.M) {
	if root := os.Getenv(asArbiter); root != "" {
		os.Exit(stockHost{root: root}.serve())
	}
	os.Exit(m.Run())
}

// stockHost is a directory with what Debian's corosync-qnetd package makes, and
// what its unit makes for the service: owners and modes are those, and the files
// are of the C script.
type stockHost struct {
	t        *testing.T
	root     string
	uid, gid uint32
}

func (h stockHost) certDir() string { return filepath.Join(h.root, "etc/nssdb") }
func (h stockHost) runDir() string  { return filepath.Join(h.root, "run") }
func (h stockHost) state() string   { return filepath.Join(h.root, "run/corosync-qnetd.state") }

// serve is the daemon, as corosync-qnetd sets it up.
func (h stockHost) serve() int {
	cfg := Config{
		Machine: qnetd.Defaults(), Network: "tcp", Hosts: []string{"127.0.0.1"}, SendQueue: 32,
		CertDir: h.certDir(), Store: GrantsFile(h.certDir()), LockFile: filepath.Join(h.runDir(), "corosync-qnetd.pid"),
		Control: daemon.ControlConfig{Path: filepath.Join(h.runDir(), "s"), Options: control.ListenOptions{GID: -1}, Limits: control.DefaultLimits()},
		Log:     slog.New(daemon.NewLogHandler(os.Stderr, nil, slog.LevelInfo)),

		returnAfter: 20 * time.Millisecond,
		OnListen:    func(addrs []net.Addr) { fmt.Println(addrs[0]) },
	}
	cfg.Standby = StandbyDir(cfg.LockFile)
	if err := Run(context.Background(), cfg); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func (h stockHost) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func newStockHost(t *testing.T) stockHost {
	t.Helper()
	missing := ""
	for _, program := range []string{"certutil", "pk12util", "corosync-qnetd-certutil"} {
		if _, err := exec.LookPath(program); err != nil {
			missing = program + " (see scripts/deps)"
		}
	}
	if os.Geteuid() != 0 {
		missing = "root, to be another user"
	}
	if missing != "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("needs " + missing)
		}
		t.Skip("needs " + missing)
	}
	h := stockHost{t: t, uid: 65534, gid: 65534}
	if u, err := user.Lookup("coroqnetd"); err == nil {
		uid, uidErr := strconv.Atoi(u.Uid)
		gid, gidErr := strconv.Atoi(u.Gid)
		h.must(errors.Join(uidErr, gidErr))
		h.uid, h.gid = uint32(uid), uint32(gid)
	}
	var err error
	h.root, err = os.MkdirTemp("", "quorate-stock-") // t.TempDir is closed to other users
	h.must(err)
	t.Cleanup(func() { h.must(os.RemoveAll(h.root)) })
	h.must(errors.Join(os.Chmod(h.root, 0o755), os.Mkdir(filepath.Join(h.root, "etc"), 0o755)))
	h.newRun()
	return h
}

// newRun makes the runtime directory anew, as when the service is started.
func (h stockHost) newRun() {
	h.t.Helper()
	h.must(errors.Join(os.RemoveAll(h.runDir()), os.Mkdir(h.runDir(), 0o700),
		os.Chown(h.runDir(), int(h.uid), int(h.gid)), os.Chmod(h.runDir(), 0o770)))
}

// certutil runs the C script.
func (h stockHost) certutil(args ...string) {
	h.t.Helper()
	path, err := exec.LookPath("corosync-qnetd-certutil")
	h.must(err)
	text, err := os.ReadFile(path)
	h.must(err)
	moved := strings.ReplaceAll(string(text), "/etc/corosync/qnetd", filepath.Join(h.root, "etc"))
	if moved == string(text) {
		h.t.Fatal("the script has no directory to move")
	}
	copied := filepath.Join(h.t.TempDir(), "script")
	h.must(os.WriteFile(copied, []byte(moved), 0o755))
	if out, err := exec.Command("bash", append([]string{copied}, args...)...).CombinedOutput(); err != nil {
		h.t.Fatalf("%q: %v: %s", args, err, out)
	}
}

// install does what the package's postinst does.
func (h stockHost) install() {
	h.t.Helper()
	h.certutil("-i", "-G")
	for _, name := range []string{"", "cert9.db", "key4.db"} {
		h.must(os.Chown(filepath.Join(h.certDir(), name), 0, int(h.gid)))
	}
}

// enrol makes a cluster's certificate, signed by the C script.
func (h stockHost) enrol(cluster string) *tls.Certificate {
	h.t.Helper()
	dir := filepath.Join(h.t.TempDir(), "nssdb")
	h.must(pki.InitNode(dir, filepath.Join(h.certDir(), pki.CACertFile), nil))
	crq, err := pki.RequestNode(dir, cluster)
	h.must(err)
	h.certutil("-s", "-c", crq, "-n", cluster)
	_, _, err = pki.ImportNodeCert(dir, filepath.Join(h.certDir(), "cluster-"+cluster+".crt"))
	h.must(err)
	n, err := pki.LoadNode(dir)
	h.must(err)
	return n.Cluster
}

// setUp does what quorate cert init does as root for the service's user.
func (h stockHost) setUp() {
	h.t.Helper()
	o := &pki.Owner{UID: int(h.uid), GID: int(h.gid), Name: "service", Private: true}
	_, err := pki.SetUp(h.certDir(), pki.InitOptions{Owner: o})
	h.must(err)
	_, err = pki.HandOver(h.certDir(), o)
	h.must(err)
	_, _, err = GrantsFile(h.certDir()).Prepare(o.Register())
	h.must(err)
}

// advice is what the service is told to do.
func (h stockHost) advice(a advice.Advice) string {
	return a.With("where", pki.Where(h.certDir())).With("user", pki.UserName(int(h.uid))).String()
}

// files has all that is below a directory, with mode and owner.
func (h stockHost) files(dir string) string {
	h.t.Helper()
	text := ""
	h.must(filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		owner := "root"
		if safedir.UID(info) != 0 {
			owner = "service"
		}
		text += fmt.Sprintf("%v %s %s\n", info.Mode(), owner, strings.TrimPrefix(path, h.root+"/"))
		return nil
	}))
	return text
}

// start runs the daemon as the service's user. Its stop is a kill -9.
func (h stockHost) start() *arbiterUnderTest {
	h.t.Helper()
	a := &arbiterUnderTest{dir: h.runDir(), log: &daemontest.LogBuffer{}}
	cmd := h.command()
	cmd.Stderr = a.log
	out, err := cmd.StdoutPipe()
	h.must(err)
	h.must(cmd.Start())
	a.stop = func() error {
		if err := cmd.Process.Kill(); errors.Is(err, os.ErrProcessDone) {
			return nil
		}
		_ = cmd.Wait() // "signal: killed"
		return nil
	}
	h.t.Cleanup(func() { _ = a.stop() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		h.t.Fatalf("daemon did not start: %v\n%s", err, a.log)
	}
	a.addr = strings.TrimSpace(line)
	return a
}

func (h stockHost) command() *exec.Cmd {
	h.t.Helper()
	self, err := os.Executable()
	h.must(err)
	program := filepath.Join(h.root, "arbiter") // go test's directory is closed to other users
	if _, err := os.Stat(program); err != nil {
		b, err := os.ReadFile(self)
		h.must(err)
		h.must(os.WriteFile(program, b, 0o755))
	}
	cmd := exec.Command(program)
	cmd.Dir = "/"
	cmd.Env = []string{asArbiter + "=" + h.root, "PATH=" + os.Getenv("PATH")}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: h.uid, Gid: h.gid}, Pdeathsig: syscall.SIGKILL}
	return cmd
}

// refuse runs the daemon, which must not start, and returns what it said.
func (h stockHost) refuse() string {
	h.t.Helper()
	out, err := h.command().CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		h.t.Errorf("daemon ended with %v", err)
	}
	return string(out)
}

// secure has a client go on over TLS.
func (p *peer) secure(cert *tls.Certificate) {
	p.t.Helper()
	if err := p.startTLS(cert, 0); err != nil {
		p.t.Fatal(err)
	}
}

// remembers fails unless the arbiter knows, after its start, that node 2 has the
// vote: node 1, which is the tie-breaker, comes back alone.
func (a *arbiterUnderTest) remembers(t *testing.T, cert *tls.Certificate) {
	t.Helper()
	a.cert = cert
	p := a.dial(t)
	alone := qnet.RingID{Node: 1, Seq: 10}
	if code := p.join("prod", 1, alone); code != wire.NoError {
		t.Fatalf("%v\n%s", code, a.log)
	}
	p.config(1, 2)
	p.report(alone, 1)
	v := p.vote()
	if v != qnet.VoteNACK {
		t.Errorf("after the restart node 1 has %v\n%s", v, a.log)
	}
	a.logs(t, "vote="+v.String(), "node 2 may still be using the vote")
}

// TestStockPackage runs the daemon as Debian's unit does, on what Debian's package
// has made: it gives a vote and remembers it while its runtime directory is there,
// and for good once root has run the set-up.
func TestStockPackage(t *testing.T) {
	h := newStockHost(t)
	h.install()
	cert := h.enrol("prod")
	before := h.files(filepath.Join(h.root, "etc"))
	a := h.start()
	a.cert = cert
	ps := a.pair(t, "prod")
	h.must(ps[0].c.Close())
	ps[1].report(qnet.RingID{Node: 2, Seq: 10}, 2)
	if v := ps[1].vote(); v != qnet.VoteACK {
		t.Errorf("node 2 has %v without node 1", v)
	}
	const says = "certificates and grants are kept in "
	if n := strings.Count(a.log.String(), says); n != 1 {
		t.Errorf("said %d times what is where:\n%s", n, a.log)
	}
	if st := askStatus(t, a); !strings.Contains(st, `"standby":"`+says+h.state()) || !strings.Contains(st, "quorate cert init") {
		t.Errorf("the status does not say what is where: %s", st)
	}
	h.must(a.stop())
	if now := h.files(filepath.Join(h.root, "etc")); now != before {
		t.Errorf("there were\n%sand are\n%s", before, now)
	}
	if got, want := h.files(h.state()), `drwx------ service run/corosync-qnetd.state
-rw------- service run/corosync-qnetd.state/grants.db
drwx------ service run/corosync-qnetd.state/nssdb
-rw------- service run/corosync-qnetd.state/nssdb/qnetd-borrowed.txt
-rw------- service run/corosync-qnetd.state/nssdb/qnetd-cacert.crt
-rw------- service run/corosync-qnetd.state/nssdb/qnetd-pki.lock
-rw------- service run/corosync-qnetd.state/nssdb/qnetd-server.crt
-rw------- service run/corosync-qnetd.state/nssdb/qnetd-server.key
`; got != want {
		t.Errorf("there are\n%swant\n%s", got, want)
	}

	a = h.start() // in the same runtime directory
	a.remembers(t, cert)
	if strings.Contains(a.log.String(), "taken over") {
		t.Errorf("the database was read again:\n%s", a.log)
	}

	h.setUp()
	daemontest.Settle(t, func() bool { _, err := os.Stat(h.state()); return errors.Is(err, fs.ErrNotExist) }, func() string {
		return "all stays where it is:\n" + a.log.String()
	})
	if st := askStatus(t, a); strings.Contains(st, "standby") {
		t.Errorf("status: %s", st)
	}
	h.must(a.stop())
	h.newRun()
	a = h.start()
	a.remembers(t, cert)
	if strings.Contains(a.log.String(), "kept in") {
		t.Errorf("something is not where it belongs:\n%s", a.log)
	}
}

// TestStockRefusals: where the service can't run, one line says what to do.
func TestStockRefusals(t *testing.T) {
	h := newStockHost(t)
	refused := func(what string, want ...string) {
		t.Helper()
		said := h.refuse()
		for _, w := range want {
			if !strings.Contains(said, w) {
				t.Errorf("%s: no %q in %s", what, w, said)
			}
		}
		if left, err := os.ReadDir(h.state()); len(left) > 0 || err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: left %v, %v", what, left, err)
		}
	}
	refused("nothing there, and not writable", "permission denied", h.advice(advice.InitArbiter))
	h.must(os.Chmod(h.runDir(), 0o777))
	h.install()
	refused("a runtime directory for everybody", "is not a directory of user")
	h.must(os.Chmod(h.runDir(), 0o770))
	h.must(os.RemoveAll(h.state()))
	h.must(os.Mkdir(h.state(), 0o700))
	refused("a private directory of somebody else", advice.RemoveStaleDir.With("dir", h.state()).String())
	h.must(os.Remove(h.state()))
	_, err := pki.EnsureArbiter(h.certDir())
	h.must(err)
	h.must(os.WriteFile(GrantsFile(h.certDir()).File(), make([]byte, 9000), 0o600))
	refused("root's record", "permission denied", h.advice(advice.InitArbiter))
}
