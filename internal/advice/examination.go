// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package advice

// What to do about an arbiter, on its own machine.
const (
	StartArbiterHere Advice = "systemctl start corosync-qnetd"
	RestartArbiter   Advice = "systemctl restart corosync-qnetd"
	RestartArbiterAt Advice = "On the arbiter, run `systemctl restart corosync-qnetd`."
	StartReplaced    Advice = "If you have put quorate in its place, `systemctl restart corosync-qnetd` starts that."
	InitHere         Advice = "As root, run `quorate cert init {where}`."
	EnrolCluster     Advice = "On a node of the cluster, run `pvecm qdevice setup ADDRESS`, or do the steps of quorate-cert(8)."
	NameArbiterState Advice = "If its directory is another one, name it: `quorate doctor --arbiter --state DIRECTORY`."
	DoctorOnNode     Advice = "On a node of the cluster, run `quorate doctor`: it says whether a firewall is in the way."
	LookAtAbsent     Advice = "Start {node}, or run `quorate doctor` there: it checks the network and the node daemon."
	AwaitHold        Advice = "Wait: the vote moves by itself when that time has passed."
	ClustersJSON     Advice = "Run `quorate clusters --json`."
	KeysToOwner      Advice = "As root, run `chmod o-rwx {file}`."
	FirewallOnNode   Advice = "To find out whether a firewall keeps nodes out, run `quorate doctor` on a node."
)
