// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package pki

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/quorate/quorate/internal/advice"
	"github.com/quorate/quorate/internal/pki/p12"
	"github.com/quorate/quorate/internal/safedir"
)

// The names in the C programs' databases.
const (
	nickCA      = "QNet CA"
	nickServer  = "QNetd Cert"
	nickCluster = "Cluster Cert"
)

// pwdFile has the database's password, in most cases none.
const pwdFile = "pwdfile.txt"

// ErrNSSTools is returned where an NSS database is to be taken over and NSS's
// own programs are missing.
var ErrNSSTools = errors.New("NSS's certutil and pk12util are needed to take over the database of the C programs")

// toolTimeout is how long one of NSS's programs may take. On a small machine
// the key derivation of pk12util takes ten seconds.
const toolTimeout = 2 * time.Minute

// nssFiles returns the names of the NSS database in dir, the one with the
// certificates first, or nil.
func nssFiles(dir string) []string {
	for _, names := range [][]string{{"cert9.db", "key4.db"}, {"cert8.db", "key3.db", "secmod.db"}} {
		if exists(dir, names[0]) {
			return names
		}
	}
	return nil
}

// nssDB is a copy of an NSS database, in a directory of its own that nobody
// else may enter. The programs of NSS work on the copy: the original is only
// read, and stays as it was.
type nssDB struct {
	from     string // the directory of the original
	dir      string // the directory of the copy
	spec     string // the copy, as the programs want it named
	files    []string
	password bool // pwdFile has one
}

// openNSS copies the database in dir to a new directory in work, which may be the
// same. The caller holds the lock of work, and closes the copy. Where somebody other
// than root may write to work, root's copy is elsewhere: the programs of NSS go by paths.
func openNSS(dir string, work *folder) (*nssDB, error) {
	for _, program := range []string{"certutil", "pk12util"} {
		if _, err := exec.LookPath(program); err != nil {
			return nil, fmt.Errorf("%s: %w, and %s is not installed. %s", dir, ErrNSSTools, program, advice.InstallNSS)
		}
	}
	entries, err := fs.ReadDir(work.FS(), ".")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".takeover-") { // from a run that was killed
			if err := work.RemoveAll(e.Name()); err != nil {
				return nil, err
			}
		}
	}
	base, err := work.privately()
	if err != nil {
		return nil, err
	}
	private, err := os.MkdirTemp(base, ".takeover-") // mode 0700
	if err != nil {
		return nil, err
	}
	db := &nssDB{from: dir, dir: private}
	if err := db.copy(); err != nil {
		return nil, errors.Join(err, db.close())
	}
	return db, nil
}

// privately returns a directory in which nobody else can put anything in the place of
// one that this process makes there.
func (d *folder) privately() (string, error) {
	if os.Geteuid() != 0 {
		return d.path, nil
	}
	info, err := d.Stat(".")
	if err != nil {
		return "", err
	}
	if safedir.UID(info) == 0 && info.Mode().Perm()&0o022 == 0 {
		return d.path, nil
	}
	if info, err := os.Stat("/run"); err == nil && info.IsDir() && safedir.UID(info) == 0 && info.Mode().Perm()&0o022 == 0 {
		return "/run", nil
	}
	return os.TempDir(), nil
}

func (db *nssDB) close() error { return os.RemoveAll(db.dir) }

// copy copies the files that hold certificates and keys, and not pkcs11.txt,
// which may name other modules.
func (db *nssDB) copy() error {
	db.files = nssFiles(db.from)
	names := slices.Clone(db.files)
	if len(names) == 0 { // there was one a moment ago
		return fmt.Errorf("the NSS database in %s is gone", db.from)
	}
	db.spec = "sql:" + db.dir
	if names[0] == "cert8.db" {
		db.spec = "dbm:" + db.dir
	}
	for _, name := range names {
		names = append(names, name+"-journal") // of a program that was killed
	}
	names = append(names, pwdFile)
	before := stampOf(db.from, names...)
	for _, name := range names {
		b, err := readFrom(db.from, name)
		if errors.Is(err, os.ErrNotExist) || name == pwdFile && isEmpty(db.from, pwdFile) {
			continue // Debian's password file is empty, and root's alone
		}
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(db.dir, name), b, 0o600); err != nil {
			return err
		}
		db.password = db.password || name == pwdFile && len(bytes.TrimSpace(b)) > 0
	}
	if stampOf(db.from, names...) != before {
		return fmt.Errorf("the NSS database in %s is being written by another program. %s", db.from, advice.TryAgain)
	}
	return nil
}

// maxNSS is how many bytes a file of an NSS database may have.
const maxNSS = 64 << 20

// readFrom reads a file of an NSS database, which is a file and no link.
func readFrom(dir, name string) ([]byte, error) {
	r, err := safedir.Open(dir)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	f, err := safedir.OpenFile(r, name, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxNSS+1))
	if err == nil && len(b) > maxNSS {
		err = fmt.Errorf("%s has more than %d bytes", f.Name(), maxNSS)
	}
	return b, err
}

func isEmpty(dir, name string) bool {
	info, err := os.Stat(filepath.Join(dir, name))
	return err == nil && info.Size() == 0
}

// run runs one of NSS's programs on the copy, without a terminal that it could
// ask for a password on, and returns what it printed.
func (db *nssDB) run(name string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), toolTimeout)
	defer cancel()
	args = append(args, "-d", db.spec)
	if db.password {
		flag := "-f"
		if name == "pk12util" {
			flag = "-k"
		}
		args = append(args, flag, filepath.Join(db.dir, pwdFile))
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = db.dir
	cmd.Env = []string{"LC_ALL=C", "HOME=" + db.dir, "PATH=" + os.Getenv("PATH")}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil {
		return nil, db.failed(ctx, name, errOut.String(), err)
	}
	return out.Bytes(), nil
}

// failed is the error of one of NSS's programs, in its own last words.
func (db *nssDB) failed(ctx context.Context, name, printed string, err error) error {
	lines := strings.Split(strings.TrimSpace(printed), "\n")
	last := strings.TrimPrefix(lines[len(lines)-1], name+": ")
	_, nick, missing := strings.Cut(lines[0], "Could not find cert: ")
	switch {
	case missing:
		return &nssError{fmt.Sprintf("the NSS database in %s has no certificate %q", db.from, nick)}
	case ctx.Err() != nil:
		last = fmt.Sprintf("%s did not end within %d s", name, toolTimeout/time.Second)
	case last == "":
		last = fmt.Sprintf("%s failed: %v", name, err)
	default:
		last = fmt.Sprintf("%s says %q", name, last)
	}
	return &nssError{fmt.Sprintf("the NSS database in %s can't be read: %s", db.from, last)}
}

// An nssError is what one of NSS's programs says of a database.
type nssError struct{ text string }

func (e *nssError) Error() string { return e.text }

// damagedDB adds what to do to an error of NSS's programs.
func damagedDB(err error, do advice.Advice) error {
	var nss *nssError
	if errors.As(err, &nss) {
		return damaged(err, do)
	}
	return err
}

// trust returns the trust flags of each certificate by its nickname.
func (db *nssDB) trust() (map[string]string, error) {
	out, err := db.run("certutil", "-L")
	if err != nil {
		return nil, err
	}
	flags := map[string]string{}
	for line := range strings.SplitSeq(string(out), "\n") {
		line = strings.TrimRight(line, " ")
		if at := strings.LastIndexByte(line, ' '); at > 0 {
			flags[strings.TrimRight(line[:at], " ")] = line[at+1:]
		}
	}
	return flags, nil
}

// cert returns the certificate of a nickname: the newest, if there are several.
func (db *nssDB) cert(nick string) (*x509.Certificate, error) {
	out, err := db.run("certutil", "-L", "-n", nick, "-a")
	if err != nil {
		return nil, err
	}
	var newest *x509.Certificate
	for {
		var block *pem.Block
		if block, out = pem.Decode(out); block == nil {
			break
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("the NSS database in %s: certificate %q: %w", db.from, nick, err)
		}
		if newest == nil || c.NotBefore.After(newest.NotBefore) {
			newest = c
		}
	}
	if newest == nil {
		return nil, fmt.Errorf("the NSS database in %s has no certificate %q", db.from, nick)
	}
	return newest, nil
}

// key returns the private key of c, whose nickname is given.
func (db *nssDB) key(nick string, c *x509.Certificate) (crypto.Signer, error) {
	file, secret := filepath.Join(db.dir, "out.p12"), filepath.Join(db.dir, "out.pw")
	password := rand.Text()
	if err := os.WriteFile(secret, []byte(password), 0o600); err != nil {
		return nil, err
	}
	if _, err := db.run("pk12util", "-o", file, "-n", nick, "-w", secret); err != nil {
		if !db.password {
			return nil, err
		}
		return nil, fmt.Errorf("%w (it must have the password in %s)", err, pwdFile)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	contents, err := p12.Decode(b, password)
	if err != nil {
		return nil, fmt.Errorf("the NSS database in %s: what pk12util wrote: %w", db.from, err)
	}
	at := slices.IndexFunc(contents.Keys, func(k p12.Key) bool { return samePublic(k.Key, c) })
	if at < 0 {
		return nil, fmt.Errorf("the NSS database in %s has no private key for %q", db.from, nick)
	}
	return contents.Keys[at].Key, nil
}

// arbiter returns what the C arbiter has: the CA's and the server's certificate,
// and whether the CA's is in the file beside the database, too.
func (db *nssDB) arbiter() (ca, server *x509.Certificate, exported bool, err error) {
	if ca, err = db.cert(nickCA); err != nil {
		return nil, nil, false, err
	}
	if server, err = db.cert(nickServer); err != nil {
		return nil, nil, false, err
	}
	if err := server.CheckSignatureFrom(ca); err != nil {
		return nil, nil, false, &nssError{fmt.Sprintf("%q in the NSS database in %s is not from the CA there", nickServer, db.from)}
	}
	path := filepath.Join(db.from, CACertFile)
	beside, err := loadCert(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return ca, server, false, nil
	case err != nil:
		return nil, nil, false, err
	case !beside.Equal(ca):
		return nil, nil, false, fmt.Errorf("%s is not the CA in the NSS database next to it. %s", path,
			advice.OtherCA.WithWord("file", path).With("fingerprint", Fingerprint(ca)))
	}
	return ca, server, true, nil
}

// samePublic reports whether key is that of c.
func samePublic(key crypto.Signer, c *x509.Certificate) bool {
	pub, ok := c.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	return ok && pub.Equal(key.Public())
}

// pair returns a certificate and its key.
func (db *nssDB) pair(nick string) (*x509.Certificate, crypto.Signer, error) {
	c, err := db.cert(nick)
	if err != nil {
		return nil, nil, err
	}
	key, err := db.key(nick, c)
	return c, key, err
}

// keyOf returns the key that a request was made for with the C tool, and which
// waits in the database for its certificate c.
func (db *nssDB) keyOf(c *x509.Certificate) (crypto.Signer, error) {
	file := filepath.Join(db.dir, "in.crt")
	if err := os.WriteFile(file, c.Raw, 0o600); err != nil {
		return nil, err
	}
	if _, err := db.run("certutil", "-A", "-t", "u,u,u", "-n", nickCluster, "-i", file); err != nil {
		return nil, err
	}
	return db.key(nickCluster, c)
}
