// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// sshDir is where a host has the files of its SSH server and client.
const sshDir = "/etc/corosync/ssh"

// serverConfig lets root in with a key, and nobody with a password.
const serverConfig = `ListenAddress %s
HostKey ` + sshDir + `/host
AuthorizedKeysFile ` + sshDir + `/authorized_keys
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
PidFile none
MaxStartups 100
Subsystem sftp internal-sftp
`

// clientConfig asks nobody anything, and believes no host that it does not know.
const clientConfig = `Host *
 IdentityFile ` + sshDir + `/id
 IdentitiesOnly yes
 UserKnownHostsFile ` + sshDir + `/known_hosts
 GlobalKnownHostsFile none
 StrictHostKeyChecking yes
 BatchMode yes
`

// StartSSH gives every host a real SSH server with a host key of its own, and lets
// root of the given one in on all of them, with a key. Each host has a /tmp of its
// own until StopSSH.
func (l *Lab) StartSSH(from *Host) {
	l.T.Helper()
	var known strings.Builder
	for _, h := range l.hosts() {
		must(l.T, os.Mkdir(h.ssh(""), 0o755))
		must(l.T, run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", h.ssh("host")))
		pub, err := os.ReadFile(h.ssh("host.pub"))
		must(l.T, err)
		fmt.Fprintf(&known, "%s %s", h.Addr, pub)
	}
	must(l.T, run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", from.ssh("id")))
	pub, err := os.ReadFile(from.ssh("id.pub"))
	must(l.T, err)
	must(l.T, os.WriteFile(from.ssh("known_hosts"), []byte(known.String()), 0o600))
	must(l.T, os.WriteFile(from.ssh("config"), []byte(clientConfig), 0o600))
	from.MustRun("mount", "--bind", sshDir+"/config", "/etc/ssh/ssh_config")
	for _, h := range l.hosts() {
		must(l.T, os.WriteFile(h.ssh("authorized_keys"), pub, 0o600))
		must(l.T, os.WriteFile(h.ssh("sshd_config"), fmt.Appendf(nil, serverConfig, h.Addr), 0o600))
		h.MustRun("mkdir", "-p", "/run/sshd")
		h.MustRun("mount", "-t", "tmpfs", "none", "/tmp")
		h.Start("sshd", "/usr/sbin/sshd", "-D", "-e", "-f", sshDir+"/sshd_config")
	}
	for _, h := range l.hosts() {
		Eventually(l.T, h.Name+" takes SSH", 20*time.Second, func() bool {
			_, err := from.Run("ssh", "root@"+h.Addr, "true")
			return err == nil
		})
	}
}

// StopSSH ends the servers.
func (l *Lab) StopSSH() {
	l.T.Helper()
	for _, h := range l.hosts() {
		h.Kill("sshd")
		h.MustRun("umount", "-l", "/tmp")
	}
}

func (l *Lab) hosts() []*Host { return append([]*Host{l.Arbiter}, l.Nodes...) }

func (h *Host) ssh(name string) string { return filepath.Join(h.Dir, "etc", "ssh", name) }
