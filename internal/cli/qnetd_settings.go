// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"errors"
	"math"
	"os/user"
	"strconv"
	"strings"
	"time"

	"github.com/quorate/quorate/internal/arbiter"
	"github.com/quorate/quorate/internal/nodeconf"
	"github.com/quorate/quorate/internal/qnetd"
	"github.com/quorate/quorate/internal/words"
)

// Outcomes of a setting, as the C daemon tells them apart.
var (
	errUnknownSetting = errors.New("unknown option")
	errBadSetting     = errors.New("invalid value")
	errOldSetting     = errors.New("deprecated")
)

// setting is one name of -S: how its value changes the configuration. Names
// and ranges are the C daemon's; the last two are ours.
type setting struct {
	name string
	set  func(cfg *arbiter.Config, value string) error
}

func qnetdSettings() []setting {
	return []setting{
		{"listen_backlog", intSetting(1, math.MaxInt32, func(c *arbiter.Config, v int64) { c.Backlog = nodeconf.Saturate[int](v) })},
		{"max_client_send_buffers", intSetting(2, math.MaxInt64, func(c *arbiter.Config, v int64) { c.SendQueue = nodeconf.Saturate[int](v) })},
		{"max_client_send_size", intSetting(16, math.MaxInt64, func(c *arbiter.Config, v int64) { c.Machine.MaxReplySize = nodeconf.Saturate[uint32](v) })},
		{"max_client_receive_size", intSetting(16, math.MaxInt64, func(c *arbiter.Config, v int64) { c.Machine.MaxRequestSize = nodeconf.Saturate[uint32](v) })},
		{"nss_db_dir", textSetting(func(c *arbiter.Config, v string) { c.CertDir, c.Store = v, arbiter.GrantsFile(v) })},
		{"cert_nickname", textSetting(func(*arbiter.Config, string) {})}, // a name within an NSS database: we have none
		{"heartbeat_interval_min", intSetting(1, math.MaxUint32, func(c *arbiter.Config, v int64) { c.Machine.HeartbeatMin = uint32(v) })},
		{"heartbeat_interval_max", intSetting(1, math.MaxUint32, func(c *arbiter.Config, v int64) { c.Machine.HeartbeatMax = uint32(v) })},
		{"dpd_enabled", boolSetting(func(c *arbiter.Config, v bool) { c.Machine.DPD = v })},
		{"dpd_interval", func(*arbiter.Config, string) error { return errOldSetting }},
		{"dpd_interval_coefficient", floatSetting(1, 1000, func(c *arbiter.Config, v float64) { c.Machine.DPDFactor = v })},
		{"lock_file", textSetting(func(c *arbiter.Config, v string) { c.LockFile = v })},
		{"local_socket_file", textSetting(func(c *arbiter.Config, v string) { c.Control.Path = v })},
		{"local_socket_umask", umaskSetting},
		{"local_socket_gid", gidSetting},
		{"local_socket_backlog", intSetting(1, math.MaxInt32, func(c *arbiter.Config, v int64) { c.Control.Options.Backlog = nodeconf.Saturate[int](v) })},
		{"ipc_max_clients", intSetting(0, math.MaxInt64, func(c *arbiter.Config, v int64) { c.Control.Limits.MaxClients = nodeconf.Saturate[int](v) })},
		{"ipc_max_receive_size", intSetting(1024, math.MaxInt64, func(c *arbiter.Config, v int64) { c.Control.Limits.MaxReceive = nodeconf.Saturate[int](v) })},
		{"ipc_max_send_size", intSetting(1024, math.MaxInt64, func(c *arbiter.Config, v int64) { c.Control.Limits.MaxSend = nodeconf.Saturate[int](v) })},
		{"keep_active_partition_tie_breaker", boolSetting(func(c *arbiter.Config, v bool) { c.Machine.KeepActivePartition = v })},

		{"hold_time", holdSetting},
		{"probe_time", intSetting(1, maxSettingTime, func(c *arbiter.Config, v int64) {
			c.Machine.ProbeTime = time.Duration(v) * time.Millisecond
		})},
	}
}

// maxSettingTime bounds our own times: an hour, in ms.
const maxSettingTime = 3600 * 1000

// applySettings applies one argument of -S: name=value[,name=value...], up to
// the first empty name. Names are matched without regard to case, and a comma
// can't be escaped, both as in C. It calls deprecated for a name that has no
// effect any more.
func applySettings(cfg *arbiter.Config, arg string, deprecated func(name string)) error {
	settings := qnetdSettings()
	for part := range strings.SplitSeq(arg, ",") {
		name, value, _ := strings.Cut(part, "=")
		if name == "" {
			return nil
		}
		err := errUnknownSetting
		for _, s := range settings {
			if strings.EqualFold(s.name, name) {
				err = s.set(cfg, value)
				break
			}
		}
		switch {
		case errors.Is(err, errOldSetting):
			deprecated(name)
		case errors.Is(err, errUnknownSetting):
			return errors.New("Unknown option '" + name + "'") //nolint:staticcheck // the C daemon's words
		case err != nil:
			return errors.New("Invalid value '" + value + "' for option '" + name + "'") //nolint:staticcheck // likewise
		}
	}
	return nil
}

func textSetting(set func(*arbiter.Config, string)) func(*arbiter.Config, string) error {
	return func(c *arbiter.Config, v string) error {
		set(c, v)
		return nil
	}
}

func intSetting(low, high int64, set func(*arbiter.Config, int64)) func(*arbiter.Config, string) error {
	return func(c *arbiter.Config, text string) error {
		v, ok := words.Number(text, low, high)
		if !ok {
			return errBadSetting
		}
		set(c, v)
		return nil
	}
}

func boolSetting(set func(*arbiter.Config, bool)) func(*arbiter.Config, string) error {
	return func(c *arbiter.Config, text string) error {
		v, ok := words.Switch(text)
		if !ok {
			return errBadSetting
		}
		set(c, v)
		return nil
	}
}

func floatSetting(low, high float64, set func(*arbiter.Config, float64)) func(*arbiter.Config, string) error {
	return func(c *arbiter.Config, text string) error {
		v, err := strconv.ParseFloat(strings.TrimLeft(text, " \t\n\v\f\r"), 64)
		if err != nil || !(v >= low && v <= high) {
			return errBadSetting
		}
		set(c, v)
		return nil
	}
}

func umaskSetting(c *arbiter.Config, text string) error {
	c.Control.Options.SetUmask = false
	if text == "" {
		return nil
	}
	v, err := strconv.ParseUint(text, 8, 32)
	if err != nil || v > 0o777 {
		return errBadSetting
	}
	c.Control.Options.SetUmask, c.Control.Options.Umask = true, uint32(v)
	return nil
}

func gidSetting(c *arbiter.Config, text string) (err error) {
	if c.Control.Options.GID, err = groupID(text); err != nil {
		return errBadSetting
	}
	return nil
}

// groupID returns the number of a group that is given as number or name; -1 for none.
func groupID(text string) (int64, error) {
	if text == "" {
		return -1, nil
	}
	if v, ok := words.Number(text, -1, math.MaxUint32); ok {
		return v, nil
	}
	g, err := user.LookupGroup(text)
	if err != nil {
		return -1, err
	}
	return strconv.ParseInt(g.Gid, 10, 64)
}

// holdSetting sets the hold time in ms; 0 gives a vote away as soon as C does.
func holdSetting(c *arbiter.Config, text string) error {
	if strings.EqualFold(text, "auto") {
		c.Machine.HoldTime = qnetd.HoldAuto
		return nil
	}
	v, ok := words.Number(text, 0, maxSettingTime)
	if !ok {
		return errBadSetting
	}
	c.Machine.HoldTime = time.Duration(v) * time.Millisecond
	return nil
}
