// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package arbiter

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/quorate/quorate/internal/advice"
	"github.com/quorate/quorate/internal/fault"
	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/safedir"
	"github.com/quorate/quorate/internal/store"
)

// The C daemon only reads its directory, and its packages make it root's. There
// ours keeps what it has to write in a private directory of its runtime directory
// instead: the server's key and certificate out of the NSS database, and the
// grants. That is safe, for a record that is lost is rule H6 of docs/decision.md,
// but a restart of the service may then move the vote, or keep it back for a hold
// time. So it is only for a process that may not write, it is said in the log and
// in the status, and what is there moves as soon as it may.

// standby is what a daemon keeps there.
type standby struct {
	mu       sync.Mutex
	certsWhy error  // why the certificates are there; nil if they are not
	logged   string // the last notice in the log
}

// returnAfter is how often a daemon looks whether it may write by now.
const returnAfter = 10 * time.Second

// StandbyDir returns where a daemon with this lock file keeps what it may not
// write to its proper place: beside the lock file, which lies in a directory that
// is the daemon's.
func StandbyDir(lockFile string) string {
	if lockFile == "" {
		return ""
	}
	return lockFile[:len(lockFile)-len(filepath.Ext(lockFile))] + ".state"
}

// privateDir makes dir, mode 0700, or makes sure that the one that is there is
// this user's alone, in a directory where nobody else could put another in its
// place, except those who share the daemon's group.
func privateDir(dir string) error {
	parent := filepath.Dir(dir)
	info, err := os.Stat(parent)
	if err != nil {
		return err
	}
	uid, euid := safedir.UID(info), os.Geteuid()
	open := info.Mode().Perm()&0o002 != 0 || euid == 0 && safedir.GID(info) != 0 && info.Mode().Perm()&0o020 != 0
	if uid != 0 && uid != euid || open {
		return fmt.Errorf("%s is not a directory of user %s alone, so keys and grants can't be kept there", parent, pki.UserName(euid))
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	if info, err = os.Lstat(dir); err != nil {
		return err
	}
	if !info.IsDir() || safedir.UID(info) != euid || info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s is not a directory of user %s alone (mode 0700). %s", dir, pki.UserName(euid), advice.RemoveStaleDir.WithWord("dir", dir))
	}
	return nil
}

func (d *arbiter) borrowedDir() string { return filepath.Join(d.cfg.Standby, "nssdb") }

// borrowCerts copies what is needed of the NSS database, where the daemon may not
// write beside it, and returns to where.
func (d *arbiter) borrowCerts(why error) (string, pki.Ensured, error) {
	if err := privateDir(d.cfg.Standby); err != nil {
		return "", pki.Present, errors.Join(why, err)
	}
	did, err := pki.BorrowArbiter(d.cfg.CertDir, d.borrowedDir())
	switch {
	case errors.Is(err, pki.ErrNoCA):
		return "", pki.Present, why // a new CA is not to be lost at the next stop
	case err != nil:
		return "", pki.Present, err
	}
	d.standby.certsWhy = why
	return d.borrowedDir(), did, nil
}

// spare is where grants are kept that can't be written where they belong.
func (d *arbiter) spare() store.Spare {
	if d.cfg.Standby == "" {
		return store.Spare{}
	}
	return store.Spare{Dir: d.cfg.Standby, Make: func() error {
		err := privateDir(d.cfg.Standby)
		if err != nil {
			d.log.Error("grants can't be kept in the runtime directory either", "reason", fault.Words(err))
		}
		return err
	}}
}

// away returns why certificates and grants are in the private directory; nil
// is for those that are not.
func (d *arbiter) away() (certs, grants error) {
	d.standby.mu.Lock()
	certs = d.standby.certsWhy
	d.standby.mu.Unlock()
	return certs, d.store.Away()
}

// stateDir is where grants and certificates belong, as it was configured.
func (d *arbiter) stateDir() string {
	if file := d.cfg.Store.File(); file != "" {
		return filepath.Dir(file)
	}
	return d.cfg.CertDir
}

// awayNotice says for people what is in the private directory and what to do; it
// is empty if nothing is.
func (d *arbiter) awayNotice() string {
	certs, grants := d.away()
	what, why := "certificates and grants are", grants
	switch {
	case certs == nil && grants == nil:
		return ""
	case grants == nil:
		what, why = "certificates are", certs
	case certs == nil:
		what = "grants are"
	}
	var path *fs.PathError // the heart of the matter
	if errors.As(why, &path) {
		why = path
	}
	return fmt.Sprintf("%s kept in %s, not in %s: %v. They may be lost when the service stops. %s",
		what, d.cfg.Standby, d.stateDir(), why, d.site().advise(why, true))
}

// logAway logs the notice, if it is new.
func (d *arbiter) logAway() {
	s := d.awayNotice()
	if s != "" && s != d.standby.logged {
		d.log.Warn(s)
	}
	d.standby.logged = s
}

// returnHome moves what is in the private directory to where it belongs, once that
// is possible, and ends then.
func (d *arbiter) returnHome(ctx context.Context) error {
	every := d.cfg.returnAfter
	if every == 0 {
		every = returnAfter
	}
	t := time.NewTicker(every)
	defer t.Stop()
	for d.awayNotice() != "" {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		d.returnGrants()
		d.returnCerts()
		d.logAway()
	}
	if d.cfg.Standby == "" {
		return nil
	}
	if err := os.RemoveAll(d.borrowedDir()); err != nil {
		d.log.Warn("a copy of the server's key is left over", "reason", fault.Words(err))
	}
	_ = os.Remove(d.cfg.Standby) // if it is there and nothing is left in it
	return nil
}

func (d *arbiter) returnGrants() {
	moved, err := d.store.Return()
	if moved {
		d.log.Info("grants are now recorded in their own directory", "store", d.cfg.Store.String())
		if err != nil {
			d.log.Warn("the temporary record is left over", "reason", fault.Words(err))
		}
	}
}

func (d *arbiter) returnCerts() {
	if certs, _ := d.away(); certs == nil {
		return
	}
	_, err := pki.TakeOverArbiter(d.cfg.CertDir)
	if err == nil {
		err = d.certs.Move(d.cfg.CertDir)
	}
	d.standby.mu.Lock()
	d.standby.certsWhy = err
	d.standby.mu.Unlock()
	if err != nil {
		return
	}
	d.log.Info("certificates are now read from their own directory", "directory", d.cfg.CertDir)
}
