// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package advice

// What to do about the node daemon.
const (
	StartNodeDaemon   Advice = "systemctl start corosync-qdevice"
	EnableNodeDaemon  Advice = "systemctl enable corosync-qdevice"
	RestartNodeDaemon Advice = "systemctl restart corosync-qdevice"
	DisableNodeDaemon Advice = "If you removed it for good, run `systemctl disable --now corosync-qdevice` on this node."
	NodeDaemonState   Advice = "systemctl status corosync-qdevice"
	NodeDaemonLog     Advice = "journalctl -u corosync-qdevice"
	NodeDaemonTool    Advice = "corosync-qdevice-tool -sv"
	Doctor            Advice = "quorate doctor"
	Status            Advice = "quorate status"

	// OnNode sends somebody to another node with one of the commands above.
	OnNode Advice = "On {node}, run `{command}`."

	NoMasterWins Advice = "If you don't want that: on {node}, remove master_wins=on from COROSYNC_QDEVICE_OPTIONS " +
		"in /etc/default/corosync-qdevice or /etc/sysconfig/corosync-qdevice, and run `systemctl restart corosync-qdevice`."
	RunHeuristic  Advice = "Run the command by hand and look at its exit code. `corosync-cmapctl -g quorum.device.heuristics.exec_{name}` prints it."
	RunHeuristics Advice = "Run the commands by hand and look at their exit codes. `corosync-cmapctl quorum.device.heuristics` prints them."
	SeeFindings   Advice = "See above, at names, port, certificates and TLS."
	SeeConf       Advice = "See above, at corosync.conf."
)

// On returns where a command is to be run, if it is not here.
func On(node string, command Advice) Advice {
	return OnNode.With("node", node).With("command", command.String())
}

// What to do about the quorum.
const (
	StartMissingNodes Advice = "Start the missing nodes."
	CancelWaitForAll  Advice = "Only if you are certain that the missing nodes are off: `corosync-cmapctl -s quorum.cancel_wait_for_all u8 1`."
	LowerExpected     Advice = "Only if you are certain that the missing nodes are off: `corosync-quorumtool -e {votes}`."
	BringBack         Advice = "Bring {node} back. It has {votes}."
	GetArbiterVote    Advice = "Get the arbiter's vote, which is worth {votes}: `quorate doctor` says what is in the way."
	LookAtNode        Advice = "Start {node}, or look at its network with `corosync-cfgtool -s`."
)

// What to do about the running Corosync and its configuration.
const (
	SetUpCorosync  Advice = "Make this machine a node first, for example with `pvecm create CLUSTER` or `pcs cluster setup CLUSTER NODE...`."
	CorosyncState  Advice = "systemctl status corosync"
	CorosyncLog    Advice = "journalctl -u corosync"
	CorosyncQuorum Advice = "journalctl -u corosync --grep quorum"
	StartCorosync  Advice = "systemctl start corosync"
	Reload         Advice = "corosync-cfgtool -R"
	MendConf       Advice = "Correct corosync.conf, then run `corosync-cfgtool -R`."
	MendDevice     Advice = "Correct quorum.device in corosync.conf, then run `corosync-cfgtool -R`."
	ReloadVotes    Advice = "If you did not set quorum.expected_votes to that on purpose, run `corosync-cfgtool -R`."
	MendFile       Advice = "Correct it. `corosync -t` checks the file."
	MendLine       Advice = "Correct the line. `corosync -t` and `quorate doctor` check the file."
	NameConf       Advice = "Name the file: `quorate doctor --conf {file}`."
	LookIntoFile   Advice = "Check what is in it, and whether Corosync reads this file."
	TryToRead      Advice = "Find out why it can't be read: `cat {file}`."
	SetUpDevice    Advice = "If it should have one: on Proxmox, run `pvecm qdevice setup ADDRESS`. Elsewhere, add quorum.device to corosync.conf."

	SeeCorosyncLog Advice = "Its log says why: `journalctl -u corosync`."
	RunCorosync    Advice = "Start it with `systemctl start corosync`. If it does not start, `journalctl -u corosync` says why."
	UseVotequorum  Advice = "Set quorum.provider to corosync_votequorum in corosync.conf and run `systemctl restart corosync`."
	TryAgain       Advice = "Wait a few seconds and try again."
	LetUserIn      Advice = "Run this as root, or give the user access with a uidgid section in corosync.conf."
	ListKeys       Advice = "To list all keys: `quorate corosync get '*'`."
	AsRoot         Advice = "Run this as root."
)

// What to do about names, the network and the clock.
const (
	NameInHosts   Advice = "Add the name to /etc/hosts: that works without a name server."
	LookAtArbiter Advice = "Check that the arbiter is up, and that its address is right."
	LookBetween   Advice = "Check that the arbiter is running, and check the network in between."
	OpenUFW       Advice = "On the arbiter, open TCP port {port}: `ufw allow {port}/tcp`."
	OpenFirewalld Advice = "Or with firewalld: `firewall-cmd --permanent --add-port={port}/tcp`, then `firewall-cmd --reload`."
	OpenNftables  Advice = "Or with nftables alone: `nft insert rule inet filter input tcp dport {port} accept`."
	SyncClock     Advice = "timedatectl set-ntp true"
	IsItArbiter   Advice = "Check that quorum.device.net.host and port are the arbiter's."
	ArbiterTLSOn  Advice = "On the arbiter, remove `-s off` from COROSYNC_QNETD_OPTIONS in /etc/default/corosync-qnetd or /etc/sysconfig/corosync-qnetd, and run `systemctl restart corosync-qnetd`."
	NodeTLSOn     Advice = "Set quorum.device.net.tls to on in corosync.conf, then run `corosync-cfgtool -R`."
)

// What to do about a node's certificates.
const (
	TrustArbiter Advice = "Copy qnetd-cacert.crt from the arbiter to this node and run `quorate cert trust qnetd-cacert.crt{flags}`."
	TrustAnew    Advice = "If the arbiter was set up again: run `mv {dir} {dir}.old`, copy qnetd-cacert.crt from the arbiter to this node and run `quorate cert trust qnetd-cacert.crt{flags}`."
	GetCert      Advice = "Copy qdevice-net-node.p12 from a node that is set up and run `quorate cert import qdevice-net-node.p12{flags}`. " +
		"If no node is: run `quorate cert request {cluster}{flags}`, have it signed on the arbiter with `quorate cert sign {cluster} qdevice-net-node.crq`, " +
		"and run `quorate cert import cluster-{name}.crt{flags}` here."
	ArbiterKnows Advice = "On the arbiter, `quorate cert show` lists the clusters that have a certificate."
)

// What to ask the arbiter.
const (
	LookAgain      Advice = "Run `quorate status` again in a few seconds."
	AskArbiter     Advice = "On the arbiter, run `quorate clusters {cluster}`."
	AskAnyArbiter  Advice = "On the arbiter, run `quorate clusters {cluster}` or `corosync-qnetd-tool -lv`."
	StartArbiterAt Advice = "On the arbiter, run `systemctl start corosync-qnetd`."
)
