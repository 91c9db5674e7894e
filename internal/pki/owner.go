// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package pki

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/quorate/quorate/internal/advice"
	"github.com/quorate/quorate/internal/safedir"
)

// Owner is the user that an arbiter runs as, for whom root sets up its directory.
type Owner struct {
	UID, GID int    // a GID of -1 is not known
	Name     string // as it was named
	Private  bool   // the group is this user's alone
}

// access returns whom a file of that mode belongs to. With a private group it stays
// root's, and the group may read it: a daemon that is taken over can't change what it
// was given. Otherwise it is the user's alone.
func (o *Owner) access(mode fs.FileMode) safedir.Access {
	if o.Private {
		return safedir.Access{UID: 0, GID: o.GID, Mode: mode}
	}
	return safedir.Access{UID: o.UID, GID: o.GID, Mode: mode &^ 0o070}
}

// Register returns whom the register of grants belongs to, which the arbiter writes.
func (o *Owner) Register() safedir.Access { return o.access(0o660) }

// may reports whether the user has these rights (as in mode 0007) to what info is of.
func (o *Owner) may(info fs.FileInfo, rights fs.FileMode) bool {
	mode := info.Mode().Perm()
	switch {
	case o.UID == 0:
		return true
	case safedir.UID(info) == o.UID:
		return mode>>6&rights == rights
	case o.GID >= 0 && safedir.GID(info) == o.GID:
		return mode>>3&rights == rights
	}
	return mode&rights == rights
}

// ours are the names of an arbiter's files, as patterns, with the mode that they have.
var ours = []struct {
	pattern string
	mode    fs.FileMode
}{
	{CACertFile, 0o644}, {serverCertFile, 0o644}, {serverKeyFile, 0o640}, {serialFile, 0o640}, {markerFile, 0o640},
	{"cluster-*.crt", 0o640}, {caKeyFile, 0o600}, {lockFile, 0o600},
}

// HandOver makes sure that the arbiter's user can read the certificates in dir, and get
// to them. It is for root. What is right already stays as it is; it reports whether
// anything had to change. A directory of another user, or one in which there is more
// than an arbiter's, is refused, with an error that says what to do.
func HandOver(dir string, o *Owner) (changed bool, err error) {
	if info, err := os.Stat(dir); err == nil && safedir.UID(info) == o.UID {
		own := *o
		own.Private = false // it is the user's own, and stays that
		o = &own
	}
	parents, err := openState(dir, o)
	if err != nil {
		return false, err
	}
	err = lockedBy(lockFile, dir, modesOf(false), func(d *folder) error {
		if parents != nil {
			changed = true
			if err := parents(); err != nil {
				return err
			}
		}
		if d.readable(o) {
			return nil
		}
		changed = true
		return d.give(o)
	})
	return changed, err
}

// readable reports whether the user can read what a daemon needs.
func (d *folder) readable(o *Owner) bool {
	info, err := d.Stat(".")
	if err != nil || !o.may(info, 0o5) {
		return false
	}
	for _, name := range []string{CACertFile, serverCertFile, serverKeyFile} {
		if info, err := d.Stat(name); err != nil || !o.may(info, 0o4) {
			return false
		}
	}
	return true
}

// give makes the files and the directory those of o.
func (d *folder) give(o *Owner) error {
	info, err := d.Stat(".")
	if err != nil {
		return err
	}
	if uid := safedir.UID(info); uid != 0 && uid != o.UID {
		return otherOwner(d.path, uid, o)
	}
	entries, err := fs.ReadDir(d.FS(), ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		for _, own := range ours {
			if ok, _ := filepath.Match(own.pattern, e.Name()); !ok {
				continue
			}
			if err := d.giveFile(e.Name(), o.access(own.mode), o); err != nil {
				return err
			}
		}
	}
	return safedir.OwnDir(d.Root, o.access(0o750)) // the last one: until then nobody else can get in
}

// giveFile gives one file away, if it is root's to give: one of root's that lies in
// a directory of somebody else may have been moved there.
func (d *folder) giveFile(name string, access safedir.Access, o *Owner) error {
	f, err := safedir.OpenFile(d.Root, name, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if uid := safedir.UID(info); uid != o.UID && (uid != 0 || d.uid != 0) {
		return fmt.Errorf("%s belongs to user %s, in a directory of another. %s", f.Name(), UserName(uid),
			advice.OtherOwner.WithWord("user", o.Name).WithWord("dir", d.path))
	}
	return safedir.Own(f, access)
}

// FindOwner returns the user that spec names, as chown takes it: a name or a number,
// and after a colon the group.
func FindOwner(spec string) (*Owner, error) {
	name, group, hasGroup := strings.Cut(spec, ":")
	o := &Owner{Name: spec, GID: -1}
	u, err := user.Lookup(name)
	if err != nil {
		u, err = user.LookupId(name)
	}
	if err == nil {
		o.UID, _ = strconv.Atoi(u.Uid)
		o.GID, _ = strconv.Atoi(u.Gid)
	} else if o.UID, err = strconv.Atoi(name); err != nil || o.UID < 0 || o.UID >= math.MaxInt32 {
		return nil, fmt.Errorf("there is no user %q on this machine", name)
	}
	if hasGroup {
		if g, err := user.LookupGroup(group); err == nil {
			group = g.Gid
		}
		if o.GID, err = strconv.Atoi(group); err != nil || o.GID < 0 || o.GID >= math.MaxInt32 {
			return nil, fmt.Errorf("there is no group %q on this machine", group)
		}
	}
	if g, err := user.LookupGroupId(strconv.Itoa(o.GID)); err == nil && u != nil {
		o.Private = o.GID > 0 && g.Name == u.Username
	}
	return o, nil
}

// UserName returns the name of a user, or the number where there is none.
func UserName(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return strconv.Itoa(uid)
}

func otherOwner(path string, uid int, o *Owner) error {
	return fmt.Errorf("%s belongs to user %s, and not to %s, which the arbiter runs as. %s", path, UserName(uid), o.Name,
		advice.OtherOwner.WithWord("user", o.Name).WithWord("dir", path))
}

// openState looks whether the user can get through the directory that dir is in, where
// the register lies, too, and returns what makes it so; nil is nothing.
func openState(dir string, o *Owner) (func() error, error) {
	state := filepath.Dir(filepath.Clean(dir))
	if filepath.Base(filepath.Clean(dir)) != "nssdb" {
		return nil, nil // it is its own
	}
	info, err := os.Stat(state)
	if err != nil || o.may(info, 0o1) {
		return nil, err
	}
	if uid := safedir.UID(info); uid != 0 && uid != o.UID {
		return nil, otherOwner(state, uid, o)
	}
	entries, err := os.ReadDir(state)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if n := e.Name(); n != "nssdb" && n != "lost+found" && !strings.HasPrefix(n, "grants.db") {
			return nil, fmt.Errorf("user %s can't get through %s. %s", o.Name, state,
				advice.ShareState.WithWord("dir", state).WithWord("user", o.Name))
		}
	}
	return func() error {
		r, err := safedir.Open(state)
		if err != nil {
			return err
		}
		return errors.Join(safedir.OwnDir(r, o.access(0o750)), r.Close())
	}, nil
}
