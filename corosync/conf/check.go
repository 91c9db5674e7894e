// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strconv"
	"strings"
)

const (
	stateDir   = "/var/lib/corosync"
	maxSubsys  = 63 // bytes of a subsystem's name
	keyFile    = "/etc/corosync/authkey"
	minKeyFile = 128 // bytes
	maxMode    = 63  // bytes of totem.link_mode
)

// Check tells whether corosync -t would accept the file on a host: nil, or an
// *Error with the first thing that it would refuse. More than that can go wrong
// at the start: see Lint.
func (f *File) Check(h Host) error {
	c := &checker{f: f, host: h}
	for _, check := range []func() *Error{c.values, c.users, c.userFiles, c.logging, c.state, c.totem} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// A checker follows Corosync through its start. Its steps return the first
// error.
type checker struct {
	f     *File
	host  Host
	mode  transport
	local int    // position of the local node
	id    uint32 // of the local node
	links [maxLinks]linkState

	broadcast bool
}

func (c *checker) values() *Error {
	if len(c.f.errs) > 0 {
		return c.f.errs[0]
	}
	return nil
}

func (c *checker) users() *Error {
	for _, id := range c.f.ids {
		if err := c.user(id); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) user(id idItem) *Error {
	ask, what := c.host.User, "user"
	if id.group {
		ask, what = c.host.Group, "group"
	}
	if n, ok := number(id.name, Uint64); ok && !strings.Contains(id.name, "-") {
		// Corosync keeps the number in an int, where the largest is its
		// sign of failure.
		if u, _ := strconv.ParseUint(n, 10, 64); u < math.MaxUint32 {
			return nil
		}
	}
	if id.name == "" {
		return errorf(id.line, "uidgid: no %s given", what)
	}
	if ask == nil {
		return nil
	}
	if err := ask(id.name); err != nil {
		return errorf(id.line, "uidgid: %s %q is not known here", what, id.name)
	}
	return nil
}

// userFiles checks the files of uidgid.d, which hold uidgid sections and nothing else.
func (c *checker) userFiles() *Error {
	if c.host.UserFiles == nil || c.host.ReadFile == nil {
		return nil
	}
	for _, path := range c.host.UserFiles() {
		data, err := c.host.ReadFile(path)
		if err != nil {
			return errorf(0, "%s", unreadable(path, err))
		}
		if err := c.userFile(data); err != nil {
			return errorf(0, "%s: %v", path, err)
		}
	}
	return nil
}

func (c *checker) userFile(data []byte) error {
	if len(data) > MaxSize {
		return fmt.Errorf("longer than allowed for such a file (%d bytes)", MaxSize)
	}
	root, err := parse(data)
	if err != nil {
		return err
	}
	for _, e := range root.body {
		switch {
		case e.item != nil:
			return errorf(e.item.no, "%s: only uidgid sections are allowed here", e.item.key)
		case e.sub.name != "uidgid":
			return errorf(e.sub.open.no, "section %s: only uidgid sections are allowed here", e.sub.name)
		}
		for _, in := range e.sub.body {
			if in.sub != nil {
				return errorf(in.sub.open.no, "a section in a uidgid section")
			}
			id, err := in.item.id()
			if err == nil {
				err = c.user(id)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// text returns a key that cmap holds as a string.
func (c *checker) text(name string) (string, bool) {
	k, ok := c.f.keys[name]
	return k.Value, ok && k.Type == String
}

// bad makes an error about a key.
func (c *checker) bad(name, format string, args ...any) *Error {
	e := errorf(c.f.keys[name].Line, name+": "+format, args...)
	e.key = name
	return e
}

// noAddr is said of a text that is no address. With a host that resolves names it is
// none there; with none in particular it can't be one anywhere.
func (c *checker) noAddr(name, value string) *Error {
	if c.host.Name == "" {
		return c.bad(name, "%q can't be an address", value)
	}
	return c.bad(name, "%q is not an address here", value)
}

// oneOf wants a string to be one of several, where it is given.
func (c *checker) oneOf(name string, allowed ...string) *Error {
	if v, ok := c.text(name); ok && !slices.Contains(allowed, v) {
		return c.bad(name, "%q is not one of: %s", v, strings.Join(allowed, ", "))
	}
	return nil
}

func (c *checker) logging() *Error {
	for _, key := range []string{"fileline", "function_name", "blackbox"} {
		if err := c.oneOf("logging."+key, "on", "off"); err != nil {
			return err
		}
	}
	if err := c.oneOf("logging.timestamp", "on", "off", "hires"); err != nil {
		return err
	}
	if err := c.logger("logging"); err != nil {
		return err
	}
	const prefix = "logging.logger_subsys."
	for _, k := range c.f.sorted {
		rest, _ := strings.CutPrefix(k.Name, prefix)
		name, key, _ := strings.Cut(rest, ".")
		if !strings.HasPrefix(k.Name, prefix) || key != "subsys" || name == "" {
			continue
		}
		if len(name) > maxSubsys {
			return c.bad(k.Name, "longer than %d bytes", maxSubsys)
		}
		if err := c.logger(prefix + name); err != nil {
			return err
		}
	}
	return nil
}

var (
	switches   = []string{"yes", "on", "no", "off"}
	facilities = []string{
		"auth", "authpriv", "cron", "daemon", "ftp", "kern", "lpr", "mail", "news", "syslog", "user", "uucp",
		"local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
	}
	priorities = []string{"alert", "crit", "debug", "emerg", "err", "error", "info", "notice", "warning"}
)

// logger checks the settings of the daemon or of one of its subsystems.
func (c *checker) logger(path string) *Error {
	for _, key := range []string{"to_stderr", "to_syslog", "to_file", "to_logfile"} {
		if err := c.oneOf(path+"."+key, switches...); err != nil {
			return err
		}
	}
	if err := c.oneOf(path+".syslog_facility", facilities...); err != nil {
		return err
	}
	for _, key := range []string{"syslog_level", "syslog_priority", "logfile_priority"} {
		if v, ok := c.text(path + "." + key); ok && !slices.Contains(priorities, strings.ToLower(v)) {
			return c.bad(path+"."+key, "%q is not one of: %s", v, strings.Join(priorities, ", "))
		}
	}
	if err := c.oneOf(path+".debug", "on", "off", "trace"); err != nil {
		return err
	}
	if file, ok := c.text(path + ".logfile"); ok && c.host.MayLog != nil {
		if err := c.host.MayLog(file); err != nil {
			return c.bad(path+".logfile", "%q can't be opened: %v", file, err)
		}
	}
	return nil
}

// state wants the directory that Corosync changes to.
func (c *checker) state() *Error {
	dir, ok := c.text("system.state_dir")
	if !ok {
		dir = stateDir
	}
	if c.host.IsDir != nil && !c.host.IsDir(dir) {
		return c.bad("system.state_dir", "%q is not a directory", dir)
	}
	return nil
}

// unreadable says why a file can't be read.
func unreadable(path string, err error) string {
	var perr *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return path + " does not exist"
	case errors.Is(err, fs.ErrPermission):
		return path + " can't be read by this user"
	case errors.As(err, &perr):
		err = perr.Err // its path is said already
	}
	return fmt.Sprintf("%s can't be read: %v", path, err)
}
