// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package advice

// What to do about the arbiter's daemon and its socket.
const (
	StartArbiter    Advice = "Start it with `systemctl start corosync-qnetd`, or name its socket with `--socket`."
	ArbiterLog      Advice = "journalctl -u corosync-qnetd"
	UseCTool        Advice = "Ask it with `corosync-qnetd-tool -lv`."
	StopOther       Advice = "If that is the service, it is already at work. To run another one, stop that process first."
	FindPort        Advice = "`ss -ltnp 'sport = :{port}'` shows which program has the port. Stop that program, or choose another port with `--port`."
	HighPort        Advice = "Only root may use port {port}. Choose one above 1023 with `--port`."
	RunDirectory    Advice = "As root, run `install -d -o {user} -g {group} -m 0770 {dir}`. Or put both files elsewhere with `quorate qnetd --lock-file FILE --socket FILE`."
	RemoveStaleFile Advice = "As root, run `rm {file}`: it is left over from a run as another user."
	RemoveStaleDir  Advice = "As root, run `rm -r {dir}`, then start the arbiter again."
	OtherStore      Advice = "Stop the other arbiter first, or give this one its own directory with `quorate qnetd --state DIRECTORY`."
)

// What to do where the arbiter's daemon may not read or write its directory. {where}
// is --state or --certs with the directory.
const (
	InitArbiter  Advice = "As root, run `quorate cert init {where} --user {user}`, then start the arbiter again."
	InitService  Advice = "As root, run `quorate cert init {where} --user {user}`, then `systemctl restart corosync-qnetd`."
	InitRunning  Advice = "As root, run `quorate cert init {where} --user {user}`. The arbiter then goes on by itself."
	OpenPath     Advice = "The user {user} can't get through {dir}. As root, run `chmod o+x {dir}`, or keep the arbiter's files elsewhere with `quorate qnetd --state DIRECTORY`."
	OwnDirectory Advice = "{dir} belongs to {owner}. If it is the arbiter's, run `chown -R {user} {dir}` as root and start the arbiter again. If not, give the arbiter another one with `quorate qnetd --state DIRECTORY`."
	OwnFiles     Advice = "Some files in {dir} belong to somebody else. As root, run `chown -R {user} {dir}`, then start the arbiter again."
	OwnVolume    Advice = "Run `chown -R {user} DIRECTORY` as root on the host, where DIRECTORY is the one that is mounted at {dir}."
	NoLinks      Advice = "Root does not write through such a link or name. Put the file itself there, or choose a directory other than {dir} with `--state`."
	WriteMount   Advice = "{dir} is on a read-only file system. Let the arbiter write there: mount it read-write. In a container, mount the volume without ro. In a systemd unit, name it in ReadWritePaths=."
)

// What to do about the arbiter's certificates.
const (
	InitFirst      Advice = "Run `quorate cert init {where}` first."
	ShareState     Advice = "{dir} has other files in it. Give the arbiter its own directory, for example `quorate cert init --state {dir}/arbiter --user {user}`."
	OtherOwner     Advice = "If it is the arbiter's, run `chown -R {user} {dir}` first. If not, choose another directory with `--state`."
	TakeOverAgain  Advice = "Run `cd {dir}`, `rm -f {files}` and `quorate cert init {where}`: that takes everything over from the NSS database again."
	RestoreArbiter Advice = "Restore the files in {dir} from a backup. If you have none: run `mv {dir} {dir}.damaged` and `quorate cert init {where}`, " +
		"and give every node of every cluster new certificates."
	InstallNSS Advice = "Install the package that has them: libnss3-tools (Debian, Ubuntu), nss-tools (Fedora, RHEL) or mozilla-nss-tools (SUSE)."
	OtherCA    Advice = "If the nodes trust the one in the database (SHA-256 {fingerprint}): run `mv {file} {file}.old`. " +
		"If they trust the one in the file, restore the database of that CA from a backup."
	NewCA         Advice = "No node can connect then. Run `mv {dir} {dir}.expired` and `quorate cert init {where}`, and give every node of every cluster new certificates."
	NewCAOnNode   Advice = "No node can connect then. On the arbiter, `quorate cert show` says what to do."
	RenewServer   Advice = "No node can connect then. Run `cd {dir}`, `rm {files}` and `quorate cert init {where}`: that makes a new one from the same CA."
	RenewCluster  Advice = "Run `quorate cert request {cluster}` on one node, have it signed on the arbiter, and import the certificate on every node."
	SetClock      Advice = "Check the clock: `timedatectl`."
	MountWritable Advice = "{dir} is on a read-only file system. Mount it read-write, or choose another directory."
	LostKey       Advice = "You can't sign anything without that key. Restore it from a backup. If you have none: run `mv {dir} {dir}.old` and `quorate cert init {where}`, " +
		"and give every node of every cluster new certificates."
)

// What to do next where the certificates of a cluster are being set up.
const (
	NoCerts       Advice = "On an arbiter, begin with `quorate cert init`. On a node, copy qnetd-cacert.crt from the arbiter and begin with `quorate cert trust qnetd-cacert.crt`."
	ShowCerts     Advice = "To list them: `quorate cert show`."
	NextTrust     Advice = "Then, on every node: copy {file} there and run `quorate cert trust qnetd-cacert.crt`."
	NextRequest   Advice = "Next, on one node of the cluster: `quorate cert request CLUSTER{flags}`. CLUSTER is the cluster_name in corosync.conf."
	NextOthers    Advice = "Or, if another node has the cluster's certificate: copy its qdevice-net-node.p12 here and run `quorate cert import qdevice-net-node.p12{flags}`."
	NextSign      Advice = "Next, on the arbiter: copy {file} there and run `quorate cert sign {cluster} qdevice-net-node.crq`."
	NextImport    Advice = "Next, on the node that made the request: copy {file} there and run `quorate cert import {base}`."
	NextShare     Advice = "Next, on every other node: copy {file} there and run `quorate cert import qdevice-net-node.p12`."
	NextStart     Advice = "Then start the node daemon: `systemctl enable --now corosync-qdevice`."
	NextArbiter   Advice = "Next, start the arbiter: `systemctl enable --now corosync-qnetd`."
	NextArbiterAt Advice = "Next, start the arbiter with that directory: `quorate qnetd --state {dir}`."
)

// What to do about a node's certificates on the node.
const (
	TrustFirst        Advice = "Copy qnetd-cacert.crt from the arbiter to this node and run `quorate cert trust qnetd-cacert.crt{flags}` first."
	TrustOther        Advice = "To trust another arbiter instead: run `mv {dir} {dir}.old`, then this command again. The node then needs a new certificate of its cluster."
	RequestAgain      Advice = "Make a new request with `quorate cert request {cluster}{flags}`, and get that one signed on the arbiter."
	StartAnew         Advice = "Run `mv {dir} {dir}.old` and set the node up again: copy qnetd-cacert.crt from the arbiter to this node and run `quorate cert trust qnetd-cacert.crt{flags}`."
	NodeTakeOverAgain Advice = "Run `cd {dir}`, `rm -f {files}` and `systemctl restart corosync-qdevice`: that takes everything over from the NSS database again."
	CopyNodeCerts     Advice = "Copy {files} from {dir} of another node of the cluster: all nodes have the same. " +
		"If no other node has them: run `mv {dir} {dir}.old`, copy qnetd-cacert.crt from the arbiter to this node and run `quorate cert trust qnetd-cacert.crt{flags}`."
)

// What to do about the register of grants.
const (
	MoveStore Advice = "Run `mv {file} {file}.damaged` and start the arbiter again. " +
		"Then, until a hold time has passed, it gives the vote only to clusters whose nodes have all reported."
	CheckDisk Advice = "If the machine did not lose power, its disk may be failing: look for errors with `dmesg`."
)
