// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package pki

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"path/filepath"
	"strings"

	"github.com/quorate/quorate/internal/advice"
	"github.com/quorate/quorate/internal/safedir"
)

// TakeOverArbiter makes an arbiter of ours of the NSS database in dir, which
// stays as it is: CA and server keep their keys and certificates, so that all
// clusters go on with theirs, under either program. Where there is no NSS
// database, or our files are there already, it does nothing.
func TakeOverArbiter(dir string) (did Ensured, err error) {
	if !errors.Is(state(dir), ErrNSS) {
		return Present, nil
	}
	err = locked(dir, modesOf(false), func(d *folder) error {
		if !errors.Is(state(dir), ErrNSS) {
			return nil // another process was faster
		}
		did = TakenOver
		return importArbiter(d)
	})
	if err != nil {
		return Present, fmt.Errorf("taking over the NSS database of the C corosync-qnetd: %w", err)
	}
	return did, nil
}

func importArbiter(d *folder) error {
	db, err := openNSS(d.path, d)
	if err != nil {
		return err
	}
	defer func() { _ = db.close() }() // the next takeover removes what is left
	restore := advice.RestoreArbiter.WithWord("dir", d.path).With("where", Where(d.path))
	ca, server, exported, err := db.arbiter()
	if err != nil {
		return damagedDB(err, restore)
	}
	caKey, err := db.key(nickCA, ca)
	if err != nil {
		return damagedDB(err, restore)
	}
	serverKey, err := db.key(nickServer, server)
	if err != nil {
		return damagedDB(err, restore)
	}
	info, err := d.Stat(db.files[1])
	if err != nil {
		return err
	}
	d.uid, d.gid = safedir.UID(info), safedir.GID(info)
	mode := info.Mode().Perm() & 0o660 // for whom C's daemon may run as
	if err := raiseSerial(d, mode, ca, server); err != nil {
		return err
	}
	if !exported {
		if err := d.write(CACertFile, append(describe(ca), certPEM(ca.Raw)...), 0o644); err != nil {
			return err
		}
	}
	text, err := keyPEM(caKey)
	if err != nil {
		return err
	}
	if err := d.write(caKeyFile, text, 0o600); err != nil { // only to sign with: the daemon needs no access
		return err
	}
	return writeServer(d, mode, server.Raw, serverKey)
}

// raiseSerial makes sure that the next serial number is above that of every
// certificate that is known, as it is unless serial.txt was lost. C and we
// count in the same file.
func raiseSerial(d *folder, mode fs.FileMode, known ...*x509.Certificate) error {
	dir := d.path
	last, err := lastSerial(dir)
	if err != nil {
		return err
	}
	paths, err := filepath.Glob(filepath.Join(dir, "cluster-*.crt"))
	if err != nil {
		return err
	}
	for _, path := range paths {
		if c, err := readCluster(path); err == nil { // C leaves an empty one where signing failed
			known = append(known, c)
		}
	}
	highest := big.NewInt(last)
	for _, c := range known {
		if c.SerialNumber.Cmp(highest) > 0 {
			highest = c.SerialNumber
		}
	}
	if highest.Cmp(big.NewInt(last)) == 0 {
		return nil
	}
	if !highest.IsInt64() || highest.Int64() > 1<<62 {
		return fmt.Errorf("%s is lost, and a certificate has serial number %v, after which C can't count", filepath.Join(dir, serialFile), highest)
	}
	return d.write(serialFile, fmt.Appendln(nil, highest), mode)
}

// takeOverNode reads what our files lack from the NSS database in dir, which
// stays as it is: the CA, and the cluster's certificate and key, which have that
// nickname there.
func takeOverNode(dir, nickname string) (did Ensured, err error) {
	if nssFiles(dir) == nil || exists(dir, nodeClusterFile) {
		return Present, nil
	}
	err = lockedBy(nodeLockFile, dir, modesOf(true), func(d *folder) error {
		if exists(dir, nodeClusterFile) {
			return nil // another process was faster
		}
		did, err = importNode(d, nickname)
		return err
	})
	if err != nil {
		return Present, fmt.Errorf("taking over the NSS database of the C corosync-qdevice: %w", err)
	}
	return did, nil
}

func importNode(d *folder, nickname string) (did Ensured, err error) {
	dir := d.path
	db, err := openNSS(dir, d)
	if err != nil {
		return Present, err
	}
	defer func() { _ = db.close() }() // the next takeover removes what is left
	anew := advice.StartAnew.WithWord("dir", dir).With("flags", NodeFlags(dir))
	trust, err := db.trust()
	if err != nil {
		return Present, damagedDB(err, anew)
	}
	ca, err := loadCert(filepath.Join(dir, nodeCAFile))
	if errors.Is(err, fs.ErrNotExist) {
		flags, ok := trust[nickCA]
		if !ok {
			return Present, fmt.Errorf("the NSS database in %s has no CA called %q. %s", dir, nickCA, anew)
		}
		if ssl, _, _ := strings.Cut(flags, ","); !strings.Contains(ssl, "C") {
			return Present, fmt.Errorf("the NSS database in %s does not trust its %q (flags %q). %s", dir, nickCA, flags, anew)
		}
		if ca, err = db.cert(nickCA); err == nil {
			did = TakenOver
			err = d.write(nodeCAFile, certPEM(ca.Raw), 0o644)
		}
	} else {
		err = damaged(err, mendNode(dir))
	}
	if err != nil {
		return Present, err
	}
	if _, ok := trust[nickname]; !ok {
		return did, nil // the node has a CA, and waits for its certificate
	}
	c, key, err := db.pair(nickname)
	if err != nil {
		return Present, damagedDB(err, anew)
	}
	if err := c.CheckSignatureFrom(ca); err != nil {
		return Present, fmt.Errorf("certificate of cluster %q in %s is not of the arbiter's CA there. %s", c.Subject.CommonName, dir, anew)
	}
	return TakenOver, writeCluster(d, c, key)
}
