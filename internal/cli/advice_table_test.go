// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Why an advice can't be followed in a test.
const (
	systemd = "no systemd runs in a test; that the unit, the names and the flags exist is TestAdviceCommands and TestQNetdUnit"
	people  = "it is a person's to do: start a machine, look at a cable or a disk, wait"
	running = "it changes a running cluster; that the command exists and is called so is TestAdviceCommands"
	looks   = "it only shows something, and changes nothing"
)

// adviceTable says of each advice which test makes its state and follows it, or finds
// the state and sees it given, and why it is not followed in a test if it is not.
var adviceTable = map[string]string{
	"InitArbiter": "TestArbiterAdvice", "InitService": "TestArbiterAdvice", "OpenPath": "TestArbiterAdvice", "OwnDirectory": "TestArbiterAdvice",
	"OwnFiles": "TestArbiterAdvice", "OwnVolume": "TestArbiterAdvice", "RestoreArbiter": "TestArbiterAdvice", "RunDirectory": "TestArbiterAdvice",
	"RemoveStaleFile": "TestArbiterAdvice", "MoveStore": "TestArbiterAdvice", "WriteMount": "TestReadOnlyAdvice", "MountWritable": "TestReadOnlyCert", "NextArbiterAt": "TestInitElsewhere", "FindPort": "TestPortAdvice",
	"HighPort": "TestPortAdvice", "ShareState": "TestSetUpRefusals", "OtherOwner": "TestSetUpRefusals", "InitRunning": "TestStockPackage",
	"RemoveStaleDir": "TestStockRefusals", "NoLinks": "TestLinkAdvice", "InitFirst": "TestNothingToSignWith", "InitHere": "TestEnrolAsTold",
	"NextTrust": "TestEnrolAsTold", "NextRequest": "TestEnrolAsTold", "NextSign": "TestEnrolAsTold", "NextImport": "TestEnrolAsTold",
	"NextShare": "TestEnrolAsTold", "NextOthers": "TestEnrolAsTold", "TrustFirst": "TestEnrolAsTold", "TrustArbiter": "TestEnrolAsTold",
	"TrustOther": "TestEnrolAsTold", "TrustAnew": "TestEnrolAsTold", "GetCert": "TestEnrolAsTold", "RequestAgain": "TestEnrolAsTold",
	"RenewCluster": "TestEnrolAsTold", "EnrolCluster": "TestEnrolAsTold", "NoCerts": "TestEnrolAsTold", "ShowCerts": "TestEnrolAsTold",
	"ArbiterKnows": "TestEnrolAsTold", "LostKey": "TestNothingToSignWith", "NewCA": "TestArbiterMended", "RenewServer": "TestArbiterMended",
	"TakeOverAgain": "TestMendedFromDatabase", "NodeTakeOverAgain": "TestMendedFromDatabase", "CopyNodeCerts": "TestMendedAsTold",
	"StartAnew": "TestUntrustedCA", "OtherCA": "TestTakeOverArbiterOdd", "InstallNSS": "TestTakeOverArbiterOdd",
	"UseVotequorum": "TestCorosyncErrors", "LetUserIn": "TestCorosyncErrors", "TryAgain": "TestCorosyncErrors", "RunCorosync": "TestCorosyncErrors",
	"ListKeys": "TestCorosyncGet", "MendFile": "TestFindings", "MendLine": "TestFindings", "NameConf": "TestUnusableFiles",
	"LookIntoFile": "TestUnusableFiles", "TryToRead": "TestUnusableFiles", "ArbiterTLSOn": "TestFindings", "NodeTLSOn": "TestFindings",
	"IsItArbiter": "TestFindings", "NameInHosts": "TestFindings", "KeysToOwner": "TestArbiterIll", "OtherStore": "TestOpenTwice", "StopOther": "TestBackgroundNode",

	"StartNodeDaemon": systemd, "EnableNodeDaemon": systemd, "RestartNodeDaemon": systemd, "StartArbiterAt": systemd, "StartArbiterHere": systemd, "StartReplaced": systemd,
	"RestartArbiter": systemd, "RestartArbiterAt": systemd, "StartCorosync": systemd, "NextStart": systemd, "NextArbiter": systemd,
	"StartArbiter": systemd, "SyncClock": systemd, "NoMasterWins": systemd, "DisableNodeDaemon": systemd,
	"StartMissingNodes": people, "BringBack": people, "LookAtNode": people, "LookAtArbiter": people, "LookBetween": people, "LookAtAbsent": people,
	"AwaitHold": people, "SetClock": people, "NewCAOnNode": people, "GetArbiterVote": people, "SetUpCorosync": people, "SetUpDevice": people,
	"SeeFindings": people, "SeeConf": people, "OpenUFW": people, "OpenFirewalld": people, "OpenNftables": people, "CheckDisk": people, "RaiseWatchdogTimeout": people, "ExpectRunsAlone": people, "WriteNodelist": people,
	"CancelWaitForAll": running, "LowerExpected": running, "Reload": running, "ReloadVotes": running, "MendConf": running, "MendDevice": running,
	"Doctor": looks, "LookAgain": looks, "Status": looks, "NodeDaemonState": looks, "NodeDaemonLog": looks, "NodeDaemonTool": looks, "CorosyncState": looks,
	"CorosyncLog": looks, "CorosyncQuorum": looks, "SeeCorosyncLog": looks, "ArbiterLog": looks, "UseCTool": looks, "AskArbiter": looks,
	"AskAnyArbiter": looks, "ClustersJSON": looks, "DoctorOnNode": looks, "FirewallOnNode": looks, "RunHeuristic": looks, "RunHeuristics": looks,
	"NameAFile": looks, "NameArbiterState": looks, "OnNode": looks, "AsRoot": looks,
}

// TestAdviceTable: each advice is in the table, with a test that exists or a reason, and
// is given somewhere.
func TestAdviceTable(t *testing.T) {
	texts := adviceTexts(t)
	tests, given := map[string]bool{}, map[string]bool{}
	test, use := regexp.MustCompile(`(?m)^func (Test\w+)\(`), regexp.MustCompile(`\badvice\.([A-Z]\w+)`)
	err := filepath.WalkDir("..", func(path string, _ os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") {
			return err
		}
		b, err := os.ReadFile(path)
		found, into := use, given
		if strings.HasSuffix(path, "_test.go") {
			found, into = test, tests
		}
		for _, m := range found.FindAllStringSubmatch(string(b), -1) {
			into[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	given["OnNode"] = true // advice.On gives it
	for name := range texts {
		switch entry := adviceTable[name]; {
		case entry == "":
			t.Errorf("%s has no entry: which test makes its state and follows it?", name)
		case strings.HasPrefix(entry, "Test") && !tests[entry]:
			t.Errorf("%s: there is no %s", name, entry)
		}
		if !given[name] {
			t.Errorf("%s is given nowhere", name)
		}
	}
	for name := range adviceTable {
		if _, ok := texts[name]; !ok {
			t.Errorf("the table has %s, which is no advice", name)
		}
	}
}
