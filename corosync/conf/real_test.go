// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// program returns the path of the real Corosync. It may be missing on a
// developer's machine only.
func program(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("corosync")
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/corosync")
	}
	if err != nil && os.Getenv("CI") != "true" {
		t.Skip("no corosync here")
	}
	if err != nil {
		t.Fatal("no corosync here, and CI must have one")
	}
	if os.Geteuid() != 0 {
		t.Fatal("corosync -t needs root")
	}
	return path
}

// real asks corosync -t. Where it trips over its own assertions or memory, and
// dies of a signal, that is a refusal too.
func real(t *testing.T, path string, text []byte) (accepts bool, said string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "corosync.conf")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(path, "-t", "-c", file).CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return err == nil, string(out)
}

func ours(host Host, text []byte) error {
	f, err := Parse(text)
	if err == nil {
		err = f.Check(host)
	}
	return err
}

// compare plays a text to the real program and to this package.
func compare(t *testing.T, path string, host Host, text []byte) (accepts bool) {
	t.Helper()
	accepts, said := real(t, path, text)
	err := ours(host, text)
	if err != nil && (strings.Contains(err.Error(), noAddr) || strings.Contains(err.Error(), nested)) {
		return accepts // it reads freed memory, and may get away with it
	}
	if (err == nil) != accepts {
		t.Errorf("corosync accepts: %v, we say: %v\n%s\nfile:\n%s\n%q", accepts, err, said, text, text)
	}
	return accepts
}

// seed returns the files of testdata, for this host.
func seed(t testing.TB) map[string][]byte {
	t.Helper()
	name, _ := os.Hostname()
	paths, _ := filepath.Glob("testdata/*.conf")
	files := map[string][]byte{}
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(p)] = bytes.ReplaceAll(data, []byte("HOST"), []byte(name))
	}
	if len(files) < 4 {
		t.Fatal("no files in testdata")
	}
	return files
}

// TestRealCorosync plays the table of TestCheck, and the files of testdata, to
// the real program.
func TestRealCorosync(t *testing.T) {
	path, host := program(t), ThisHost()
	for name, text := range seed(t) {
		t.Run(name, func(t *testing.T) {
			if !compare(t, path, host, text) {
				t.Error("corosync refuses it")
			}
		})
	}
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			if accepts := compare(t, path, host, []byte(c.file(host.Name))); accepts != (c.want == "") {
				t.Errorf("corosync accepts: %v, and the table says %q", accepts, c.want)
			}
		})
	}
}

// userFiles are files of uidgid.d, and whether Corosync takes them.
var userFiles = []struct {
	name, text string
	good       bool
}{
	{"empty", "", true},
	{"known", "# ours\nuidgid {\n uid: root\n gid: root\n}\n", true},
	{"two", "uidgid {\n uid: 0\n}\nuidgid {\n gid: 0\n}\n", true},
	{"unknown", "uidgid {\n uid: nosuchuser\n}\n", false},
	{"unknown group", "uidgid {\n gid: nosuchgroup\n}\n", false},
	{"no name", "uidgid {\n uid: \n}\n", false},
	{"another key", "uidgid {\n user: root\n}\n", false},
	{"another section", "totem {\n token: 5000\n}\n", false},
	{"outside", "uid: root\n", false},
	{"nested", "uidgid {\n uidgid {\n  uid: root\n }\n}\n", false},
	{"nested otherwise", "uidgid {\n totem {\n }\n}\n", false},
	{"no syntax", "hello\n", false},
	{"not closed", "uidgid {\n uid: root\n", false},
	{"one brace too many", "}\n", false},
}

// TestRealUserFiles plays files of uidgid.d to the real program.
func TestRealUserFiles(t *testing.T) {
	path := program(t)
	for _, c := range userFiles {
		for _, name := range []string{"site", ".hidden"} {
			t.Run(c.name+" "+name, func(t *testing.T) {
				dir := t.TempDir()
				conf, host := filepath.Join(dir, "corosync.conf"), ThisHost()
				host.UserFiles = func() []string { return UserFiles(conf) }
				text := []byte("totem {\nversion: 2\n}\n" + strings.ReplaceAll(oneNode, "HOST", host.Name))
				if err := errors.Join(os.Mkdir(filepath.Join(dir, "uidgid.d"), 0o700), os.Mkdir(filepath.Join(dir, "uidgid.d", "sub"), 0o700),
					os.Symlink("nowhere", filepath.Join(dir, "uidgid.d", "dangling")), os.WriteFile(conf, text, 0o600),
					os.WriteFile(filepath.Join(dir, "uidgid.d", name), []byte(c.text), 0o600)); err != nil {
					t.Fatal(err)
				}
				out, err := exec.Command(path, "-t", "-c", conf).CombinedOutput()
				if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
					t.Fatal(err)
				}
				if said := ours(host, text); (err == nil) != c.good || (said == nil) != c.good {
					t.Errorf("corosync accepts: %v, we say: %v, the table: %v\n%s", err == nil, said, c.good, out)
				}
			})
		}
	}
}

// TestRealCorosyncRandom plays files with random faults to the real program.
// CONF_RANDOM sets how many; the default takes three seconds.
func TestRealCorosyncRandom(t *testing.T) {
	path, host := program(t), ThisHost()
	n := 300
	if v := os.Getenv("CONF_RANDOM"); v != "" {
		if _, err := fmt.Sscan(v, &n); err != nil {
			t.Fatal(err)
		}
	}
	m := newMutator(seed(t), uint64(n))
	good := 0
	for i := 0; i < n && !t.Failed(); i++ {
		if compare(t, path, host, m.file()) {
			good++
		}
	}
	if good == 0 || good == n {
		t.Errorf("%d of %d were good: the faults are no test", good, n)
	}
}

// A mutator makes files that are nearly right.
type mutator struct {
	*rand.Rand
	files [][]byte
	lines [][]byte
}

func newMutator(files map[string][]byte, seed uint64) *mutator {
	m := &mutator{Rand: rand.New(rand.NewPCG(1, seed))}
	for _, name := range []string{"keys.conf", "knet.conf", "udp.conf", "udpu.conf"} {
		m.files = append(m.files, files[name])
		m.lines = append(m.lines, bytes.SplitAfter(files[name], []byte("\n"))...)
	}
	return m
}

// fragments are what is put into lines, and in the place of values.
var fragments = append(strings.Fields(`{ } : # . , x 0 1 2 -1 +2 28 126 256 65536 4294967295 4294967296
	18446744073709551615 99999999999999999999 totem yes no on off 127.0.0.1 192.0.2.7 ::1 fd00::7 239.1.1.1 127.1 0x7f.1
	ipv4 ipv6 udp udpu knet sctp aes256 sha1 none zlib lz4 local9 trace debug INFO root nobody nosuchuser`),
	"", "\r", "\x00", "\n", "\xa0", "\t", " ", "1 2", strings.Repeat("y", 260), strings.Repeat("z", 500))

// settings are keys that may be put behind a section's opening brace.
var settings = map[string]string{
	"totem": `version token consensus join merge downcheck hold token_retransmit token_coefficient token_warning
		token_retransmits_before_loss_const max_network_delay transport secauth crypto_cipher crypto_hash crypto_model
		knet_compression_model ip_version link_mode cluster_name config_version keyfile key nodeid clear_node_high_bit`,
	"interface": `linknumber bindnetaddr mcastaddr mcastport broadcast ttl knet_link_priority knet_transport knet_pong_count`,
	"node":      `nodeid name quorum_votes ring0_addr ring1_addr ring7_addr ring8_addr`,
	"quorum":    `expected_votes two_node wait_for_all votes provider auto_tie_breaker`,
	"device":    `timeout sync_timeout votes master_wins model`,
	"logging": `to_stderr to_syslog to_logfile to_file debug timestamp fileline function_name blackbox syslog_facility
		syslog_priority syslog_level logfile_priority`,
	"logger_subsys": `subsys debug to_syslog syslog_facility syslog_priority`,
	"system":        `sched_rr qb_ipc_type move_to_root_cgroup allow_knet_handle_fallback state_dir`,
	"uidgid":        `uid gid other`,
	"resources":     `watchdog_timeout`,
}

func (m *mutator) fragment() string { return fragments[m.IntN(len(fragments))] }

func (m *mutator) file() []byte {
	all := bytes.SplitAfter(m.files[m.IntN(len(m.files))], []byte("\n"))
	for range 1 + m.IntN(3) {
		i := m.IntN(len(all))
		other := m.lines[m.IntN(len(m.lines))]
		switch m.IntN(8) {
		case 0:
			all = append(all[:i:i], all[i+1:]...)
		case 1:
			all = append(all[:i:i], append([][]byte{other}, all[i:]...)...)
		case 2:
			all[i] = other
		case 3:
			j := m.IntN(len(all[i]) + 1)
			all[i] = append(all[i][:j:j], append([]byte(m.fragment()), all[i][j:]...)...)
		case 4:
			if c := bytes.IndexByte(all[i], ':'); c >= 0 {
				all[i] = append(all[i][:c+1:c+1], []byte(" "+m.fragment()+"\n")...)
			}
		case 5:
			j := m.IntN(len(all))
			all[i], all[j] = all[j], all[i]
		default:
			all = m.setting(all)
		}
		if len(all) == 0 {
			break
		}
	}
	return bytes.Join(all, nil)
}

// setting puts a key with a random value into a section that has such keys.
func (m *mutator) setting(all [][]byte) [][]byte {
	for range 20 {
		i := m.IntN(len(all))
		name, _, _ := strings.Cut(strings.TrimSpace(string(all[i])), " ")
		if keys := strings.Fields(settings[name]); len(keys) > 0 {
			line := keys[m.IntN(len(keys))] + ": " + m.fragment() + "\n"
			return append(all[:i+1:i+1], append([][]byte{[]byte(line)}, all[i+1:]...)...)
		}
	}
	return all
}
