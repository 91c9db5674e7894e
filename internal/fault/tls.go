// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package fault

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
)

// Handshake is why the TLS handshake of a node with the arbiter at a host has failed.
func Handshake(err error, host string) *Fault {
	var f *Fault
	if errors.As(err, &f) {
		return &Fault{f.Cause, strings.ReplaceAll(f.Text, "{arbiter}", host), err}
	}
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &record):
		return &Fault{NotTLS, "what answers at " + host + " does not speak TLS", err}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &Fault{Closed, host + " closed the connection during the TLS handshake", err}
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return &Fault{Reset, host + " reset the connection during the TLS handshake", err}
	case timedOut(err):
		return &Fault{NoAnswer, host + " does not finish the TLS handshake", err}
	}
	if t := alert(err); t != nil {
		return t
	}
	if c := Certificate(err); c.Cause != Unknown {
		return &Fault{c.Cause, strings.ReplaceAll(c.Text, "{arbiter}", host), err}
	}
	return &Fault{Unknown, "the TLS handshake with " + host + " failed: " + Words(err), err}
}

// Certificate is why an arbiter's certificate is refused. {arbiter} stands for where it
// was met.
func Certificate(err error) *Fault {
	var f *Fault
	var authority x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var name x509.HostnameError
	switch {
	case errors.As(err, &f):
		return f
	case errors.As(err, &authority):
		return &Fault{OtherCA, "{arbiter} is not the arbiter that this cluster is enrolled with, so it is not used: another CA has signed its certificate", err}
	case errors.As(err, &name):
		return &Fault{OtherName, "the certificate of {arbiter} is for another name", err}
	case errors.As(err, &invalid):
		switch invalid.Reason {
		case x509.Expired:
			return &Fault{Expired, "the certificate of {arbiter} is not valid now", err}
		case x509.IncompatibleUsage:
			return &Fault{OtherName, "the certificate of {arbiter} is not a server certificate", err}
		}
		return &Fault{OtherCA, "the certificate of {arbiter} is one that its CA may not issue", err}
	}
	return &Fault{Unknown, "the certificate of {arbiter} can't be used: " + Words(err), err}
}

// alert is what the other end says of a handshake, nil if err is nothing of the kind.
func alert(err error) *Fault {
	var op *net.OpError
	if !errors.As(err, &op) || (op.Op != "remote error" && op.Op != "local error") {
		return nil
	}
	if op.Op == "local error" {
		return &Fault{NoCommonTLS, "the other side's TLS can't be used: " + plainTLS(op.Err.Error()), err}
	}
	switch text := strings.TrimPrefix(op.Err.Error(), "tls: "); text {
	case "certificate required":
		return &Fault{CertWanted, "the other side requires a certificate, and none was sent", err}
	case "bad certificate", "unknown certificate", "unsupported certificate", "access denied", "error decrypting message":
		return &Fault{CertRefused, "the other side refuses the certificate that it got", err}
	case "unknown certificate authority":
		return &Fault{CertRefused, "the other side refuses the certificate that it got: it does not know the CA that has signed it", err}
	case "expired certificate":
		return &Fault{CertRefused, "the other side refuses the certificate that it got: it is not valid now, by the other side's clock", err}
	case "revoked certificate":
		return &Fault{CertRefused, "the other side refuses the certificate that it got: it is revoked", err}
	case "protocol version not supported", "handshake failure", "insufficient security level", "illegal parameter":
		return &Fault{NoCommonTLS, "the two sides have no version or cipher of TLS in common", err}
	case "unrecognized name":
		return &Fault{OtherName, "the other side does not have the name of an arbiter", err}
	default:
		return &Fault{Unknown, "the other side ends the TLS handshake: " + plainTLS(text), err}
	}
}

// plainTLS takes the marks of Go's libraries out of a text.
func plainTLS(s string) string {
	return strings.NewReplacer("x509: ", "", "tls: ", "", "asn1: ", "", "pkcs8: ", "", "*ecdsa.PublicKey", "ECDSA", "*rsa.PublicKey", "RSA",
		"*ecdsa.PrivateKey", "ECDSA", "*rsa.PrivateKey", "RSA", "ed25519.PublicKey", "Ed25519", "ed25519.PrivateKey", "Ed25519").Replace(s)
}

// PeerHandshake is why the TLS handshake of an arbiter with a client has failed.
func PeerHandshake(err error) *Fault {
	var f *Fault
	var record tls.RecordHeaderError
	var authority x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &f):
		return f
	case errors.As(err, &record):
		return &Fault{NotTLS, "it said that it would use TLS, but does not", err}
	case errors.As(err, &authority):
		return &Fault{CertRefused, "another CA has signed its certificate", err}
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return &Fault{CertRefused, "its certificate is not valid now", err}
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.ErrUnexpectedEOF):
		return &Fault{Closed, "it went away during the TLS handshake", err}
	case timedOut(err):
		return &Fault{NoAnswer, "it did not finish the TLS handshake in time", err}
	case strings.Contains(err.Error(), "didn't provide a certificate"):
		return &Fault{CertWanted, "it has no certificate", err}
	case strings.Contains(err.Error(), "unsupported versions"), strings.Contains(err.Error(), "no cipher suite"):
		return &Fault{NoCommonTLS, "it has no version or cipher of TLS in common with this arbiter", err}
	}
	if t := alert(err); t != nil {
		return &Fault{t.Cause, strings.ReplaceAll(t.Text, "the other side", "it"), err}
	}
	return &Fault{Unknown, "the TLS handshake failed: " + Words(err), err}
}
