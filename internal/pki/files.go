// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package pki

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/quorate/quorate/internal/limited"
)

// The files of a certificate directory.
const (
	CACertFile     = "qnetd-cacert.crt" // text, then PEM
	caKeyFile      = "qnetd-ca.key"
	serverCertFile = "qnetd-server.crt"
	serverKeyFile  = "qnetd-server.key"
	serialFile     = "serial.txt"
	lockFile       = "qnetd-pki.lock"
)

// PrivateFiles lists the files of an arbiter's directory that only its owner and its
// daemon may read.
func PrivateFiles() []string { return []string{caKeyFile, serverKeyFile} }

// ErrExists is returned by Init where there is a CA already.
var ErrExists = errors.New("certificate database already exists")

// ErrNoCA is returned where there is no CA.
var ErrNoCA = errors.New("certificate database doesn't exist")

// ErrNSS is returned for a directory that holds only an NSS database.
var ErrNSS = errors.New("has only the NSS database of the C corosync-qnetd, which has not been taken over yet")

// errNoServer is the state of a directory with a CA of ours and no server certificate.
var errNoServer = errors.New("has a CA, and no server certificate")

// exists reports whether name is in dir.
func exists(dir, name string) bool {
	_, err := os.Stat(filepath.Join(dir, name))
	return err == nil
}

// state says what a directory holds: nil for a CA of ours, or ErrNoCA, ErrNSS or
// errNoServer.
func state(dir string) error {
	_, err := os.Stat(filepath.Join(dir, CACertFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	switch {
	case exists(dir, serverKeyFile): // the last file that create writes
		return nil
	case nssFiles(dir) != nil:
		return fmt.Errorf("%s %w", dir, ErrNSS)
	case err == nil:
		return fmt.Errorf("%s %w", dir, errNoServer)
	}
	return fmt.Errorf("%s: %w", dir, ErrNoCA)
}

// markerFile is a file of an NSS database. pcs takes a directory for set up when
// there is one of some names, of which this is the one that may have only a
// comment: NSS's own tools make a database beside it.
const markerFile = "pkcs11.txt"

const marker = `# There is no NSS database here: quorate keeps keys and certificates in PEM files.
# pcs looks for a file of this name to see whether that is done.
`

// mark writes the marker, unless there is a file of its name.
func mark(d *folder) error {
	if exists(d.path, markerFile) {
		return nil
	}
	return d.write(markerFile, []byte(marker), d.modes.file)
}

// nextSerial takes the next serial number. The first one is 101, as in C.
func nextSerial(d *folder) (int64, error) {
	n, err := lastSerial(d.path)
	if err != nil {
		return 0, err
	}
	n++
	return n, d.write(serialFile, []byte(strconv.FormatInt(n, 10)+"\n"), d.modes.file)
}

// lastSerial returns the last serial number that was taken.
func lastSerial(dir string) (int64, error) {
	b, err := limited.ReadFile(filepath.Join(dir, serialFile), maxHandedIn)
	if errors.Is(err, fs.ErrNotExist) {
		return 100, nil
	}
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 63)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s has no serial number", filepath.Join(dir, serialFile))
	}
	return n, nil
}
