// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/quorate/quorate/internal/advice"
	"github.com/quorate/quorate/internal/arbiter"
	"github.com/quorate/quorate/internal/limited"
	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/safedir"
	"github.com/quorate/quorate/internal/store"
)

// packageUser is the user that the packages of corosync-qnetd make for it.
const packageUser = "coroqnetd"

// unitDirs are where systemd looks for a unit, the one that counts first.
var unitDirs = []string{"/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"}

// arbiterSetUp is what setUpArbiter did.
type arbiterSetUp struct {
	certs    pki.Ensured
	owner    *pki.Owner // nil: nobody else's
	fits     bool       // the directory is the owner's already
	handed   bool       // something was given to the owner
	register store.File
	made     bool // the register is new
	given    bool // it was there, and had another owner or mode
}

// setUpArbiter makes what an arbiter's daemon needs, or takes it over: with root's
// rights also what a daemon of another user may not make in a directory of root's. user
// is the one to run as; empty is found out.
func setUpArbiter(dir, user string, groupWrite bool, progress func(string)) (s arbiterSetUp, err error) {
	s.register = arbiter.GrantsFile(dir)
	root := os.Geteuid() == 0
	if user != "" && !root {
		return s, errors.New(advice.AsRoot.String())
	}
	if root {
		if s.owner, s.fits, err = arbiterOwner(dir, user); err != nil {
			return s, err
		}
	}
	opt := pki.InitOptions{GroupWrite: groupWrite, Owner: s.owner, Progress: progress}
	if s.fits {
		opt.Owner = nil
	}
	s.certs, err = pki.SetUp(dir, opt)
	if err != nil || !root {
		return s, err
	}
	if s.owner != nil {
		if s.handed, err = pki.HandOver(dir, s.owner); err != nil {
			return s, err
		}
	}
	access, err := s.access(dir)
	if err == nil {
		s.made, s.given, err = s.register.Prepare(access)
	}
	return s, err
}

// access returns whom the register belongs to.
func (s *arbiterSetUp) access(dir string) (safedir.Access, error) {
	if s.owner != nil && !s.fits {
		return s.owner.Register(), nil
	}
	info, err := os.Stat(dir)
	if err != nil {
		return safedir.Access{}, err
	}
	return safedir.Access{UID: safedir.UID(info), GID: safedir.GID(info), Mode: 0o660}, nil
}

// arbiterOwner returns the user that the arbiter of this directory runs as, or nil if
// it is root, or a group was chosen: the one that was named, the one that the directories
// belong to, the one of the systemd unit, or the one that the packages make. fits says that it
// is the directories'.
func arbiterOwner(dir, named string) (o *pki.Owner, fits bool, err error) {
	if named != "" {
		o, err = pki.FindOwner(named)
		return o, false, err
	}
	for _, path := range []string{dir, filepath.Dir(filepath.Clean(dir))} {
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, false, err
		}
		uid, gid := safedir.UID(info), safedir.GID(info)
		if uid != 0 {
			return &pki.Owner{UID: uid, GID: gid, Name: pki.UserName(uid)}, true, nil
		}
		if gid == 0 {
			continue
		}
		// As Debian's package has it: root's, and the group is that of the user. Who that
		// is does not matter, if somebody has chosen the group.
		if g, err := user.LookupGroupId(strconv.Itoa(gid)); err == nil {
			if o, err := pki.FindOwner(g.Name); err == nil && o.GID == gid {
				return o, true, nil
			}
		}
		return nil, true, nil
	}
	for _, name := range []string{unitUser(unitDirs, qnetdName+".service"), packageUser} {
		if name == "" {
			continue
		}
		if o, err := pki.FindOwner(name); err == nil {
			if o.UID == 0 {
				return nil, false, nil
			}
			return o, false, nil
		}
	}
	return nil, false, nil
}

// unitUser returns the User= of a systemd unit, or "".
func unitUser(dirs []string, unit string) (name string) {
	for _, dir := range dirs {
		if b, err := limited.ReadFile(filepath.Join(dir, unit), 1<<20); err == nil {
			name = userOf(string(b), "")
			break
		}
	}
	for i := len(dirs) - 1; i >= 0; i-- {
		extra, _ := filepath.Glob(filepath.Join(dirs[i], unit+".d", "*.conf"))
		for _, path := range extra {
			if b, err := limited.ReadFile(path, 1<<20); err == nil {
				name = userOf(string(b), name)
			}
		}
	}
	return name
}

func userOf(unit, name string) string {
	for line := range strings.Lines(unit) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "User="); ok {
			name = strings.TrimSpace(value)
		}
	}
	return name
}

// tell says what was found, what was made, and for whom.
func (s *arbiterSetUp) tell(w io.Writer, dir string) error {
	a, err := pki.LoadArbiter(dir)
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w. %s", err, advice.AsRoot)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s\n", map[pki.Ensured]string{
		pki.Present:   "The arbiter's certificates are there and stay as they are: " + dir,
		pki.Created:   "Made a new CA and a server certificate: " + dir,
		pki.TakenOver: "Took over the CA and the server certificate of the NSS database, which stays as it is: " + dir,
		pki.Renewed:   "The CA is there and stays. Made a new server certificate: " + dir,
	}[s.certs])
	fmt.Fprintf(w, "CA certificate: %s\n  valid until %s, SHA-256 %s\n", filepath.Join(dir, pki.CACertFile), a.CA.NotAfter.Format("2006-01-02"), pki.Fingerprint(a.CA))
	switch _, err := os.Stat(s.register.File()); {
	case s.made:
		fmt.Fprintf(w, "Made the register of grants: %s\n", s.register)
	case s.given:
		fmt.Fprintf(w, "The register of grants is there and stays; its owner and mode were wrong, and were corrected: %s\n", s.register)
	case err == nil:
		fmt.Fprintf(w, "The register of grants is there and stays: %s\n", s.register)
	}
	switch o := s.owner; {
	case o == nil:
	case s.handed:
		fmt.Fprintf(w, "Gave user %s access to all of that.\n", o.Name)
	default:
		fmt.Fprintf(w, "User %s, which the arbiter runs as, has access to all of that.\n", o.Name)
	}
	clusters, _ := pki.Clusters(dir) // what can't be read there is for cert show to say
	if len(clusters) > 0 {
		have := "clusters have a certificate"
		if len(clusters) == 1 {
			have = "cluster has a certificate"
		}
		fmt.Fprintf(w, "%d %s. %s\n", len(clusters), have, advice.ShowCerts)
		return nil
	}
	start := advice.NextArbiter
	if state := filepath.Dir(filepath.Clean(dir)); filepath.Clean(dir) != qnetdCertDir && certDirOf(state) == filepath.Clean(dir) {
		start = advice.NextArbiterAt.WithWord("dir", state)
	}
	fmt.Fprintf(w, "\n%s\n%s\n", start, advice.NextTrust.WithWord("file", filepath.Join(dir, pki.CACertFile)))
	return nil
}
