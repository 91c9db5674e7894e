// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package fault

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"

	"github.com/quorate/quorate/corosync"
)

func itoa(n int) string { return strconv.Itoa(n) }

// Words returns the text of an error in one line, in which what comes from a library is
// in plain words.
func Words(err error) string {
	if err == nil {
		return ""
	}
	s := err.Error()
	for _, r := range known(err, nil) {
		s = strings.Replace(s, r.old, r.new, 1)
	}
	return strings.ReplaceAll(plainTLS(s), "\n", "; ")
}

type replacement struct{ old, new string }

// known lists what is to be replaced in the text of an error, from the outside in. What
// is behind an error that is replaced as a whole is not looked at.
func known(err error, list []replacement) []replacement {
	if err == nil {
		return list
	}
	if _, ok := err.(*Fault); ok { //nolint:errorlint // the tree is walked by hand
		return list
	}
	if text, ok := translate(err); ok {
		return append(list, replacement{err.Error(), text})
	}
	switch u := err.(type) { //nolint:errorlint // likewise
	case interface{ Unwrap() []error }:
		for _, e := range u.Unwrap() {
			list = known(e, list)
		}
	case interface{ Unwrap() error }:
		list = known(u.Unwrap(), list)
	}
	return list
}

// translate words one error, if it is one of a library.
func translate(err error) (string, bool) {
	switch e := err.(type) { //nolint:errorlint // the tree is walked by hand
	case *net.OpError:
		return operation(e), true
	case *net.DNSError:
		return Lookup(e, e.Name).Text, true
	case *fs.PathError:
		return "can't " + verb(e.Op) + " " + e.Path + ": " + Words(e.Err), true
	case *os.LinkError:
		return "can't " + verb(e.Op) + " " + e.Old + " to " + e.New + ": " + Words(e.Err), true
	case *os.SyscallError:
		return Words(e.Err), true
	case *exec.Error:
		return "can't run " + e.Name + ": " + Words(e.Err), true
	case *strconv.NumError:
		return strconv.Quote(e.Num) + " is not a number that fits", true
	case *corosync.Error:
		return service(e), true
	case corosync.Code:
		return code(e), true
	}
	return library(err)
}

// library words errors that have no fields of use.
func library(err error) (string, bool) {
	switch err { //nolint:errorlint // the very values
	case io.EOF:
		return "the other side closed the connection", true
	case io.ErrUnexpectedEOF:
		return "it ends in the middle", true
	case context.DeadlineExceeded, os.ErrDeadlineExceeded:
		return "it took too long", true
	case context.Canceled:
		return "it was cancelled", true
	case net.ErrClosed:
		return "the connection is closed", true
	case exec.ErrNotFound:
		return "there is no such program", true
	}
	switch e := err.(type) { //nolint:errorlint // likewise
	case x509.UnknownAuthorityError:
		return "another CA has signed the certificate", true
	case x509.CertificateInvalidError:
		if e.Reason == x509.Expired {
			return "the certificate is not valid now", true
		}
		return "the certificate is one that its CA may not issue", true
	case x509.HostnameError:
		return "the certificate is for another name", true
	case *tls.CertificateVerificationError:
		return Words(e.Err), true
	case tls.RecordHeaderError:
		return "the other side does not speak TLS", true
	case *json.SyntaxError, *json.UnmarshalTypeError:
		return "it can't be read as JSON", true
	case asn1.StructuralError, asn1.SyntaxError:
		return "the data is damaged or of another kind", true
	}
	return "", false
}

// operation words a step of the network.
func operation(e *net.OpError) string {
	if t := alert(e); t != nil {
		return t.Text
	}
	if e.Op == "dial" && e.Addr != nil {
		if e.Addr.Network() == "unix" {
			return "can't reach the socket " + e.Addr.String() + ": " + Words(e.Err)
		}
		return Dial(e, e.Addr.String()).Text
	}
	if e.Op == "listen" && e.Addr != nil {
		if errors.Is(e, syscall.EADDRINUSE) {
			return at(e.Addr.String()) + " is in use by another program"
		}
		if errors.Is(e, syscall.EADDRNOTAVAIL) {
			return "can't listen on " + at(e.Addr.String()) + ": this machine does not have that address"
		}
		return "can't listen on " + at(e.Addr.String()) + ": " + Words(e.Err)
	}
	if e.Op == "read" || e.Op == "write" {
		return Conn(e.Err).Text
	}
	return Words(e.Err)
}

// verb words an operation on a file.
func verb(op string) string {
	switch op {
	case "openat", "openat2":
		return "open"
	case "stat", "lstat", "fstat", "statat", "fstatat":
		return "look at"
	case "unlink", "unlinkat", "removeall", "RemoveAll":
		return "remove"
	case "mkdir", "mkdirat":
		return "make"
	case "fsync", "sync":
		return "write"
	case "renameat":
		return "rename"
	case "fork/exec":
		return "run"
	case "chdir", "readdirent", "readdir", "fdopendir":
		return "read"
	case "chmod", "fchmod", "fchmodat":
		return "set the mode of"
	case "chown", "fchown", "lchown", "fchownat":
		return "change the owner of"
	}
	return op
}
