// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package pki

import (
	"fmt"
	"os"
	"path/filepath"
)

// borrowedFile says which state of an NSS database a borrowed directory is of.
const borrowedFile = "qnetd-borrowed.txt"

// BorrowArbiter copies what a daemon needs of the NSS database in dir, where it
// may only read, to the directory private, which is made with mode 0700 if need
// be: the CA's certificate, and the server's with its key. The CA's own key stays
// out: a daemon signs nothing. What was copied before is used again while the
// database is the same. With no error LoadArbiter finds an arbiter in private;
// with ErrNoCA there is no database.
func BorrowArbiter(dir, private string) (did Ensured, err error) {
	names := nssFiles(dir)
	if names == nil {
		return Present, fmt.Errorf("%s: %w", dir, ErrNoCA)
	}
	if err := os.MkdirAll(private, 0o700); err != nil {
		return Present, err
	}
	err = locked(private, modesOf(false), func(d *folder) error {
		now := stampOf(dir, append(names, CACertFile, pwdFile)...)
		if was, err := os.ReadFile(filepath.Join(private, borrowedFile)); err == nil && string(was) == now {
			if _, err := LoadArbiter(private); err == nil {
				return nil
			}
		}
		did = TakenOver
		return borrow(dir, d, now)
	})
	if err != nil {
		return Present, fmt.Errorf("reading the NSS database of the C corosync-qnetd: %w", err)
	}
	return did, nil
}

func borrow(dir string, d *folder, stamp string) error {
	db, err := openNSS(dir, d)
	if err != nil {
		return err
	}
	defer func() { _ = db.close() }() // the next one removes what is left
	ca, server, _, err := db.arbiter()
	if err != nil {
		return err
	}
	key, err := db.key(nickServer, server)
	if err != nil {
		return err
	}
	text, err := keyPEM(key)
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		data []byte
	}{
		{CACertFile, append(describe(ca), certPEM(ca.Raw)...)},
		{serverCertFile, certPEM(server.Raw)},
		{serverKeyFile, text},
		{borrowedFile, []byte(stamp)}, // the last one: what it says is true of the others
	} {
		if err := d.write(f.name, f.data, 0o600); err != nil {
			return err
		}
	}
	return nil
}
