// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package arbiter

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/quorate/quorate/internal/advice"
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/daemon"
	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/fault"
	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/qnetd"
	"github.com/quorate/quorate/internal/status"
	"github.com/quorate/quorate/internal/store"
	"github.com/quorate/quorate/internal/wire"
)

// LogQueueSize is how many bytes of log lines an arbiter keeps for an output that does not take
// them: a split of 10,000 clients has that many at once, and more.
const LogQueueSize = 16 << 20

// Config is all that an arbiter daemon is told.
type Config struct {
	Machine qnetd.Config

	Network string   // tcp, tcp4 or tcp6
	Hosts   []string // names or addresses to listen on; none is every address
	Port    uint16   // 0 takes any free port
	Backlog int      // of the listening sockets; 0 is the kernel's limit

	SendQueue int         // messages that may wait for a client; one more and it is given up
	CertDir   string      // CA, server certificate and enrolled clusters
	Store     store.Place // where the grants are
	LockFile  string      // empty: none

	// Standby is a directory for what CertDir has and Store is to have where
	// this process may not write there: see standby.go. Empty: none.
	Standby string

	Control daemon.ControlConfig

	Log *slog.Logger

	// OnListen, if not nil, is called once with the addresses on which clients
	// are accepted, and OnReady after it, when everybody else was told.
	OnListen func([]net.Addr)
	OnReady  func()

	// Cores, if not nil, is told when all cores are of use, and when one is enough:
	// at the start, and 2 s after the last handshake or write of a grant. At the end
	// all are. Calls come one at a time, from any goroutine.
	Cores func(all bool)

	strangers   int           // for tests: maxStrangers, if not 0
	returnAfter time.Duration // how often a standby tries to return; 0 is 10 s
	container   bool          // for tests: take this for a container

	// NotifySocket is systemd's NOTIFY_SOCKET; empty if there is none.
	NotifySocket string
}

// GrantsFile returns where the grants of an arbiter with the certificates in certDir are kept
// if nobody says otherwise: beside the directory if it has the C daemon's name, because that
// one belongs to NSS, and inside it otherwise.
func GrantsFile(certDir string) store.File {
	dir := filepath.Clean(certDir)
	if filepath.Base(dir) == "nssdb" {
		dir = filepath.Dir(dir)
	}
	return store.File(filepath.Join(dir, "grants.db"))
}

// Run runs an arbiter until parent is done or the local socket asks for the
// shutdown; both are success. An error says what could not be set up, or which
// part of the daemon failed.
func Run(parent context.Context, cfg Config) error {
	ctx, stop := context.WithCancel(parent)
	defer stop()
	log, endLog := daemon.Queued(cfg.Log, LogQueueSize)
	defer endLog()
	d := &arbiter{cfg: cfg, log: log, stop: stop, started: time.Now()}
	err := d.open(ctx)
	if err == nil {
		err = d.serve(ctx)
	}
	if err == nil && parent.Err() != nil {
		daemon.LogEvent(log, event.Event{Kind: event.Ending, Level: event.Info, What: "the arbiter", Reason: daemon.EndedBySignal})
	}
	return errors.Join(err, d.close())
}

// arbiter is a running daemon.
type arbiter struct {
	cfg     Config
	log     *slog.Logger
	stop    context.CancelFunc
	started time.Time

	tls       *tls.Config
	certs     *pki.Reloader // nil: no TLS
	standby   standby
	lock      *daemon.LockFile
	store     store.Store
	records   []store.Record
	control   net.Listener
	listeners []*listener
	loop      *loop
}

// open takes up everything that may fail before the first client is served. A
// second daemon on the same lock file touches nothing.
func (d *arbiter) open(ctx context.Context) error {
	var err error
	if d.cfg.LockFile != "" {
		if d.lock, err = daemon.Lock(d.cfg.LockFile); err != nil {
			return withRunAdvice(err, d.cfg.LockFile)
		}
	}
	if err := d.openCerts(); err != nil {
		return err
	}
	if err := d.openStore(ctx); err != nil {
		return err
	}
	d.logAway()
	if d.control, err = control.Listen(d.cfg.Control.Path, d.cfg.Control.Options); err != nil {
		return withRunAdvice(err, d.cfg.Control.Path)
	}
	hosts := d.cfg.Hosts
	if len(hosts) == 0 {
		hosts = []string{""}
	}
	for _, host := range hosts {
		l, err := listen(ctx, d.cfg.Network, host, d.cfg.Port, d.cfg.Backlog)
		if err != nil {
			return withPortAdvice(err, d.cfg.Port)
		}
		d.listeners = append(d.listeners, l)
	}
	return nil
}

// openCerts makes the CA where there is none, and loads the certificates.
func (d *arbiter) openCerts() error {
	if d.cfg.Machine.TLS == wire.TLSUnsupported {
		return nil
	}
	dir := d.cfg.CertDir
	did, err := pki.EnsureArbiter(dir)
	if d.cfg.Standby != "" && store.Forbidden(err) {
		dir, did, err = d.borrowCerts(err)
	}
	if err != nil {
		return d.withAdvice(err)
	}
	switch did {
	case pki.Created:
		daemon.LogEvent(d.log, event.Event{Kind: event.CertsMade, Level: event.Info, What: dir})
	case pki.Renewed:
		daemon.LogEvent(d.log, event.Event{Kind: event.CertsRenewed, Level: event.Info, What: dir})
	case pki.TakenOver:
		daemon.LogEvent(d.log, event.Event{Kind: event.CertsTakenOver, Level: event.Info, What: dir})
	}
	d.certs, err = pki.NewReloader(dir, d.cfg.Machine.ClientCertRequired, func(err error) {
		if err != nil {
			daemon.LogEvent(d.log, event.Event{Kind: event.CertsUnusable, Level: event.Error, Reason: fault.Words(err)})
			return
		}
		daemon.LogEvent(d.log, event.Event{Kind: event.CertsReloaded, Level: event.Info})
	})
	if err != nil {
		return d.withAdvice(err)
	}
	a, err := pki.LoadArbiter(dir)
	if err != nil {
		return d.withAdvice(err)
	}
	for _, w := range a.Warnings(time.Now()) {
		daemon.LogEvent(d.log, event.Event{Kind: event.CertsWarning, Level: event.Warning, Reason: w})
	}
	d.tls = d.certs.TLSConfig()
	return nil
}

// openStore loads the grants. A damaged store is an error; one that can't be
// written is not, for the status must say so: nothing is granted then.
func (d *arbiter) openStore(ctx context.Context) error {
	var err error
	if d.store, err = d.cfg.Store.Open(ctx, d.spare()); err != nil {
		return d.withAdvice(err)
	}
	if d.records, err = d.store.Load(ctx); err != nil {
		return err
	}
	if err := d.store.Doubt(); err != nil {
		daemon.LogEvent(d.log, event.Event{
			Kind: event.StoreDoubtful, Level: event.Warning, What: d.cfg.Store.String(), Reason: fault.Words(err), Do: advice.CheckDisk.String(),
		})
	}
	if err := d.store.Writable(); err != nil {
		daemon.LogEvent(d.log, event.Event{
			Kind: event.StoreUnusable, Level: event.Error, What: d.cfg.Store.String(), Reason: fault.Words(err), Do: d.site().advise(err, true).String(),
		})
	}
	return nil
}

// serve runs the tasks until the first of them fails or ctx is done.
func (d *arbiter) serve(ctx context.Context) error {
	stored := make([]qnetd.Stored, len(d.records))
	for i, r := range d.records {
		stored[i] = qnetd.Stored{Cluster: r.Cluster, Grant: r.Grant}
	}
	d.cfg.Machine.Register, d.cfg.Machine.SharedRegister = d.store.ID(), d.store.Shared()
	var err error
	d.loop, err = newLoop(qnetd.New(d.cfg.Machine, time.Now(), stored), d.log, d.tls,
		connLimits{receive: d.cfg.Machine.MaxRequestSize, send: d.cfg.Machine.MaxReplySize, queue: d.cfg.SendQueue}, d.cfg.Cores)
	if err != nil {
		return err
	}
	if d.cfg.strangers > 0 {
		d.loop.maxStrangers = d.cfg.strangers
	}
	g, ctx := errgroup.WithContext(ctx)
	com := newCommitter(d.store, d.records, func(answers []qnetd.Input) {
		d.loop.call(ctx, func(time.Time) { d.loop.stored(answers) })
	})
	d.loop.commit, d.loop.forget, d.records = com.add, com.forget, nil
	g.Go(func() error { return com.run(ctx) })
	g.Go(func() error { return d.loop.run(ctx) })
	for _, l := range d.listeners {
		g.Go(func() error { return l.run(ctx, d.log, d.loop.events) })
	}
	h := control.QNetd(d)
	h.Log = d.log
	g.Go(func() error { return control.Serve(ctx, d.control, h, d.cfg.Control.Limits) })
	g.Go(func() error { return d.returnHome(ctx) })
	d.ready()
	g.Go(func() error { daemon.Announce(ctx, d.cfg.NotifySocket, d.log); return nil })
	return g.Wait()
}

// ready tells everybody but systemd that clients are being accepted.
func (d *arbiter) ready() {
	var addrs []net.Addr
	var names []string
	for _, l := range d.listeners {
		addrs = append(addrs, l.addr)
		names = append(names, l.addr.String())
	}
	daemon.LogEvent(d.log, event.Event{Kind: event.Ready, Level: event.Info, What: "the arbiter on " + strings.Join(names, ", ") + tlsWords(d.cfg.Machine.TLS)})
	if d.cfg.OnListen != nil {
		d.cfg.OnListen(addrs)
	}
	if d.cfg.OnReady != nil {
		d.cfg.OnReady()
	}
}

// tlsWords says whom the arbiter takes, as far as TLS goes.
func tlsWords(t wire.TLSSupport) string {
	switch t {
	case wire.TLSUnsupported:
		return ", without TLS,"
	case wire.TLSSupported:
		return ", with or without TLS,"
	}
	return ""
}

// close lets go of everything that open took, in reverse.
func (d *arbiter) close() error {
	var errs []error
	for _, l := range d.listeners {
		if err := l.file.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if d.control != nil {
		if err := d.control.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if d.store != nil {
		errs = append(errs, d.store.Close())
	}
	if d.lock != nil {
		d.lock.Release()
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("shutting down: %w", err)
	}
	return nil
}

// Status implements control.Daemon.
func (d *arbiter) Status(ctx context.Context) (status.QNetd, error) {
	st, err := d.loop.status(ctx)
	if err != nil {
		return st, err
	}
	st.Address, st.Port = "*", d.cfg.Port
	if len(d.cfg.Hosts) > 0 {
		st.Address = strings.Join(d.cfg.Hosts, ",") // one word, as crmsh reads it
	}
	if a, ok := d.listeners[0].addr.(*net.TCPAddr); ok {
		st.Port = uint16(a.Port)
	}
	if err := d.store.Writable(); err != nil && st.StoreError == "" {
		st.StoreError = err.Error()
	}
	st.Standby = d.awayNotice()
	return st, nil
}

// Shutdown implements control.Daemon.
func (d *arbiter) Shutdown() {
	daemon.LogEvent(d.log, event.Event{Kind: event.Ending, Level: event.Info, What: "the arbiter", Reason: daemon.EndedByCommand})
	d.stop()
}
