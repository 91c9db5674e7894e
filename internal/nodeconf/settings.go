// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package nodeconf

import (
	"errors"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quorate/quorate/internal/words"
)

// Settings are the advanced settings of -S. Times are in ms where no type says
// otherwise; DefaultSettings has the defaults of the C daemon.
type Settings struct {
	LockFile     string
	MasterWins   bool   // votequorum's master wins flag
	DeviceName   string // in votequorum, at most 254 bytes
	MaxTryAgain  int    // tries to reach cmap, one a second
	SocketFile   string
	SocketUmask  string // octal; empty: the process's own
	SocketGroup  string // name or number; empty or -1: none
	Backlog      int    // of the local socket
	MaxClients   int    // of the local socket; 0 is unlimited
	MaxReceive   int    // bytes of a command on the local socket
	MaxSend      int    // bytes of an answer on the local socket
	CertDir      string
	ServerName   string // common name of the arbiter's certificate
	Nickname     string // of the cluster's certificate in an NSS database
	MinSendSize  uint32 // bytes: the least that an arbiter must take
	MaxReplySize uint32 // bytes: the most that it may announce to send
	SendBuffers  int    // messages that may wait to be sent

	HeartbeatMin, HeartbeatMax           uint32
	ConnectTimeoutMin, ConnectTimeoutMax uint32
	TestAlgorithm                        bool // the algorithm test may be used

	HeuristicsTimeoutMin, HeuristicsTimeoutMax   uint32
	HeuristicsIntervalMin, HeuristicsIntervalMax uint32
	HeuristicsMaxExecs                           int
	HeuristicsMaxProcesses                       int
	HeuristicsSearchPath                         bool // commands without a slash are looked for in PATH
	HeuristicsKillInterval                       time.Duration

	// WithdrawTime is ours: see qdevice.Config.
	WithdrawTime time.Duration
}

// DefaultSettings returns the settings of a daemon without -S.
func DefaultSettings() Settings {
	return Settings{
		LockFile:     "/var/run/corosync-qdevice/corosync-qdevice.pid",
		DeviceName:   "Qdevice",
		MaxTryAgain:  10,
		SocketFile:   "/var/run/corosync-qdevice/corosync-qdevice.sock",
		Backlog:      10,
		MaxClients:   10,
		MaxReceive:   4096,
		MaxSend:      65536,
		CertDir:      "/etc/corosync/qdevice/net/nssdb",
		ServerName:   "Qnetd Server",
		Nickname:     "Cluster Cert",
		MinSendSize:  1 << 15,
		MaxReplySize: 1 << 24,
		SendBuffers:  10,
		HeartbeatMin: 1000, HeartbeatMax: 120000,
		ConnectTimeoutMin: 1000, ConnectTimeoutMax: 120000,
		HeuristicsTimeoutMin: 1000, HeuristicsTimeoutMax: 120000,
		HeuristicsIntervalMin: 1000, HeuristicsIntervalMax: 3600000,
		HeuristicsMaxExecs: 32, HeuristicsMaxProcesses: 160,
		HeuristicsKillInterval: 5 * time.Second,
		WithdrawTime:           300 * time.Millisecond,
	}
}

// Outcomes of Settings.Set, as the C daemon tells them apart.
var (
	ErrUnknownSetting = errors.New("unknown option")
	ErrBadSetting     = errors.New("invalid value")
)

// nameLimit is the longest name of a device in bytes.
const nameLimit = 254

// maxWithdraw bounds the withdraw time, in ms: longer is as good as 0.
const maxWithdraw = 3600 * 1000

// Set applies one setting. Names are matched without regard to case, as in C. The
// error is ErrUnknownSetting or ErrBadSetting.
func (s *Settings) Set(name, value string) error {
	set, ok := s.fields()[strings.ToLower(name)]
	if !ok {
		return ErrUnknownSetting
	}
	if !set(value) {
		return ErrBadSetting
	}
	return nil
}

// SettingNames lists the names that Set knows, sorted.
func SettingNames() []string {
	var s Settings
	return slices.Sorted(maps.Keys(s.fields()))
}

// fields maps each name to what parses its value. Ranges are the C daemon's.
func (s *Settings) fields() map[string]func(string) bool {
	ignore := new(int64)
	return map[string]func(string) bool{
		"lock_file":              text(&s.LockFile),
		"local_socket_file":      text(&s.SocketFile),
		"local_socket_umask":     s.umask,
		"local_socket_gid":       text(&s.SocketGroup),
		"local_socket_backlog":   number(&s.Backlog, 1, math.MaxInt32),
		"max_cs_try_again":       number(&s.MaxTryAgain, 1, math.MaxInt32),
		"votequorum_device_name": s.deviceName,
		"ipc_max_clients":        number(&s.MaxClients, 0, math.MaxInt64),
		"ipc_max_receive_size":   number(&s.MaxReceive, 1024, math.MaxInt64),
		"ipc_max_send_size":      number(&s.MaxSend, 1024, math.MaxInt64),
		"master_wins":            s.masterWins,

		"heuristics_ipc_max_send_buffers":      number(ignore, 10, math.MaxInt64), // there is no worker process to talk to
		"heuristics_ipc_max_send_receive_size": number(ignore, 1024, math.MaxInt64),
		"heuristics_min_timeout":               number(&s.HeuristicsTimeoutMin, 250, math.MaxUint32),
		"heuristics_max_timeout":               number(&s.HeuristicsTimeoutMax, 250, math.MaxUint32),
		"heuristics_min_interval":              number(&s.HeuristicsIntervalMin, 250, math.MaxUint32),
		"heuristics_max_interval":              number(&s.HeuristicsIntervalMax, 250, math.MaxUint32),
		"heuristics_max_execs":                 number(&s.HeuristicsMaxExecs, 1, math.MaxInt64),
		"heuristics_use_execvp":                toggle(&s.HeuristicsSearchPath),
		"heuristics_max_processes":             number(&s.HeuristicsMaxProcesses, 1, math.MaxInt64),
		"heuristics_kill_list_interval":        millis(&s.HeuristicsKillInterval, 250, math.MaxUint32),

		"net_nss_db_dir":               text(&s.CertDir),
		"net_initial_msg_receive_size": number(ignore, 16, math.MaxInt64), // buffers grow as they must
		"net_initial_msg_send_size":    number(ignore, 16, math.MaxInt64),
		"net_min_msg_send_size":        number(&s.MinSendSize, 16, math.MaxInt64),
		"net_max_msg_receive_size":     number(&s.MaxReplySize, 16, math.MaxInt64),
		"net_max_send_buffers":         number(&s.SendBuffers, 2, math.MaxInt64),
		"net_nss_qnetd_cn":             text(&s.ServerName),
		"net_nss_client_cert_nickname": text(&s.Nickname),
		"net_heartbeat_interval_min":   number(&s.HeartbeatMin, 1, math.MaxUint32),
		"net_heartbeat_interval_max":   number(&s.HeartbeatMax, 1, math.MaxUint32),
		"net_min_connect_timeout":      number(&s.ConnectTimeoutMin, 1, math.MaxUint32),
		"net_max_connect_timeout":      number(&s.ConnectTimeoutMax, 1, math.MaxUint32),
		"net_test_algorithm_enabled":   toggle(&s.TestAlgorithm),

		"withdraw_time": millis(&s.WithdrawTime, 0, maxWithdraw),
	}
}

func (s *Settings) deviceName(v string) bool {
	if v == "" || len(v) > nameLimit {
		return false
	}
	s.DeviceName = v
	return true
}

func (s *Settings) umask(v string) bool {
	if v != "" {
		if n, err := strconv.ParseUint(v, 8, 32); err != nil || n > 0o777 {
			return false
		}
	}
	s.SocketUmask = v
	return true
}

// masterWins takes "model", too, which is off for the only model there is.
func (s *Settings) masterWins(v string) bool {
	on, ok := words.Switch(v)
	if !ok && !strings.EqualFold(v, "model") {
		return false
	}
	s.MasterWins = on
	return true
}

func text(p *string) func(string) bool {
	return func(v string) bool {
		*p = v
		return true
	}
}

func toggle(p *bool) func(string) bool {
	return func(v string) bool {
		on, ok := words.Switch(v)
		if ok {
			*p = on
		}
		return ok
	}
}

// number parses into p. What p can't hold becomes the largest that it can.
func number[T int | int64 | uint32](p *T, low, high int64) func(string) bool {
	return func(v string) bool {
		n, ok := words.Number(v, low, high)
		if !ok {
			return false
		}
		*p = Saturate[T](n)
		return true
	}
}

// Saturate returns n, or the largest number that a T can hold if that is less: the C
// daemons take settings up to 2^63 - 1, and an int has 32 bits on some machines. A
// negative n must fit.
func Saturate[T int | int64 | uint32](n int64) T {
	largest := int64(math.MaxInt64)
	for int64(T(largest)) != largest {
		largest >>= 1
	}
	return T(min(n, largest))
}

func millis(p *time.Duration, low, high int64) func(string) bool {
	return func(v string) bool {
		n, ok := words.Number(v, low, high)
		if ok {
			*p = time.Duration(n) * time.Millisecond
		}
		return ok
	}
}
