// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/quorate/quorate/corosync/cfg"
	"github.com/quorate/quorate/corosync/cmap"
	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/pki/p12"
	"github.com/quorate/quorate/internal/status"
)

// evil is a name that repaints a terminal, sets its title, rings, goes to the start of
// the line and turns the text around.
const evil = "e\x1b[31mv\x1b]0;t\x07i\u009b2Jl\x7f\r\u202ex\x9b1m"

// harmless fails if a command has printed what a terminal obeys.
func harmless(t *testing.T, what string, args []string) (stdout, stderr string) {
	t.Helper()
	_, stdout, stderr = call(args...)
	for text := stdout + stderr; text != ""; {
		r, n := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && n == 1 {
			r = rune(text[0])
		}
		if r < 0x20 && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 || r == '\u202e' {
			t.Errorf("%s: prints %q raw:\n%q\n%q", what, text[:n], stdout, stderr)
			return stdout, stderr
		}
		text = text[n:]
	}
	if slices.Contains(args, "--json") && stdout != "" && !json.Valid([]byte(stdout)) {
		for line := range strings.Lines(stdout) {
			if !json.Valid([]byte(line)) {
				t.Errorf("%s: no JSON: %q", what, line)
			}
		}
	}
	return stdout, stderr
}

// both is harmless for text and for JSON, and wants the name in each.
func both(t *testing.T, args ...string) {
	t.Helper()
	for _, args := range [][]string{args, append(slices.Clone(args), "--json")} {
		what := strings.ReplaceAll(strings.Join(args, " "), evil, "EVIL")
		out, errs := harmless(t, what, args)
		if !strings.Contains(out+errs, "[31mv") && !strings.Contains(out+errs, "e?[31mv") {
			t.Errorf("%s: the name is not there, so nothing is proved:\n%s%s", what, out, errs)
		}
	}
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestHostileFiles: what a file says is not obeyed by a terminal, whichever command
// prints it.
func TestHostileFiles(t *testing.T) {
	dir := t.TempDir()
	text, err := os.ReadFile(twoNodes)
	if err != nil {
		t.Fatal(err)
	}
	inLine := strings.ReplaceAll(evil, "\r", "")
	named := strings.NewReplacer("prod", inLine, "pve1", inLine).Replace(string(text))
	for name, body := range map[string]string{
		"named": named,
		"key":   string(text) + "quorum {\n" + inLine + ": 1\n}\n",
		"value": strings.Replace(string(text), "version: 2", "version: "+inLine, 1),
		"net":   strings.Replace(string(text), "ffsplit", inLine, 1),
		"host":  strings.Replace(string(text), "10.0.0.9", inLine, 1),
		"line":  string(text) + inLine + "\n",
		"head":  inLine + " {\n}\n" + string(text),
	} {
		file := write(t, filepath.Join(dir, name+".conf"), body)
		for _, args := range [][]string{{"explain", file}, {"explain", "--all", file}, {"explain", "--json", file}, {"doctor", "--conf", file, "--sockets", dir, "--socket", dir + "/none"}} {
			harmless(t, name+": "+args[0], append([]string{"quorate"}, args...))
		}
	}
	both(t, "quorate", "explain", filepath.Join(dir, "named.conf"))

	sim := write(t, filepath.Join(dir, evil), "# "+evil+"\ncluster nodes=2\nup 1 2\nwait 15s\n")
	harmless(t, "sim", []string{"quorate", "sim", sim})
	harmless(t, "sim of two", []string{"quorate", "sim", sim, sim})
	harmless(t, "sim, an error", []string{"quorate", "sim", write(t, filepath.Join(dir, "bad"), "cluster nodes=2\n"+evil+"\n")})
	harmless(t, "lab", []string{"quorate", "lab", "--script", write(t, filepath.Join(dir, "lab"), "# "+evil+"\nwait 1s\n")})
	harmless(t, "lab, an error", []string{"quorate", "lab", "--script", write(t, filepath.Join(dir, "lab"), evil+"\n")})
	for _, word := range []string{"explain", "sim", "cert import", "cert trust", "lab --script"} {
		args := append([]string{"quorate"}, strings.Fields(word)...)
		harmless(t, word+", no such file", append(args, filepath.Join(dir, evil+"none")))
	}
}

// certificate makes a certificate with a name that only a hostile program would make.
func certificate(t *testing.T, cn string, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: strings.ToValidUTF8(cn, "")}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), BasicConstraintsValid: true, IsCA: parent == nil, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	if parent == nil {
		parent, parentKey = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, parentKey)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return c, key, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// TestHostileCertificates: nor what a certificate says, or the name of its file.
func TestHostileCertificates(t *testing.T) {
	dir := t.TempDir()
	ca, caKey, caPEM := certificate(t, evil, nil, nil)
	other, _, otherPEM := certificate(t, evil+"2", nil, nil)
	leaf, leafKey, leafPEM := certificate(t, evil, ca, caKey)
	file, err := p12.Encode(&p12.Contents{
		Keys:  []p12.Key{{Key: leafKey, Name: evil, ID: []byte{1}}},
		Certs: []p12.Cert{{Cert: leaf, Name: evil, ID: []byte{1}}, {Cert: ca, Name: evil}},
	}, "")
	if err != nil {
		t.Fatal(err)
	}
	path := func(name string) string { return filepath.Join(dir, name) }
	write(t, path("ca"+evil), caPEM)
	write(t, path("other"), otherPEM)
	write(t, path("leaf"), leafPEM)
	write(t, path("p12"), string(file))
	cert := func(args ...string) {
		t.Helper()
		both(t, append([]string{"quorate", "cert", "--node-dir", path("node" + evil), "--state", path("state" + evil)}, args...)...)
	}
	for _, args := range [][]string{
		{"trust", path("ca" + evil)}, {"trust", path("ca" + evil)}, {"trust", path("other")}, {"request", evil}, {"request", "prod"},
		{"import", path("leaf")}, {"import", path("p12")}, {"show"}, {"init"}, {"sign", evil, path("p12")}, {"sign", "prod", path("none" + evil)},
	} {
		what := "cert " + args[0]
		harmless(t, what, append([]string{"quorate", "cert", "--node-dir", path("node" + evil), "--state", path("state" + evil)}, args...))
	}
	arbiter := certDirOf(path("state" + evil))
	write(t, filepath.Join(arbiter, "cluster-"+evil+".crt"), leafPEM)
	write(t, filepath.Join(arbiter, "cluster-y"+evil+".crt"), evil)
	cert("show")
	for _, args := range [][]string{
		{"corosync-qnetd-certutil", "-s", "-c", path("none" + evil), "-n", evil}, {"corosync-qnetd-certutil", "-s", "-c", path("leaf"), "-n", "x"},
	} {
		harmless(t, args[0], args)
	}
	if other.Subject.CommonName == "" || pki.Fingerprint(leaf) == "" {
		t.Fatal("nothing is proved")
	}
}

// TestHostileDaemons: nor what Corosync says, or a daemon of this machine, who repeat
// what others have told them.
func TestHostileDaemons(t *testing.T) {
	c, _ := withDevice(t)
	for _, key := range []string{"totem.cluster_name", "nodelist.node.0.name", "nodelist.node.1.name", "nodelist.node.1.ring0_addr", "quorum.device.net.host", "totem.transport", "test.odd"} {
		c.keys.Set(key, cmap.StringValue(evil))
	}
	c.cfg.Nodes[2] = cfg.NodeStatus{Node: 2, Reachable: true, Links: []cfg.NodeLink{{Enabled: true, Source: evil, Destination: evil}}}
	snapshot := nodeDaemon()
	snapshot.Cluster, snapshot.Host, snapshot.Reason, snapshot.ArbiterReason.Text = evil, evil, evil, evil
	node := serveNode(t, &nodeSnapshot{st: snapshot})
	both(t, "quorate", "status", "--sockets", c.dir, "--socket", node)
	for _, args := range []string{"status", "members", "get test.odd", "get *"} {
		both(t, append([]string{"quorate", "corosync", "--sockets", c.dir}, strings.Fields(args)...)...)
	}
	harmless(t, "corosync get, no such key", []string{"quorate", "corosync", "--sockets", c.dir, "get", evil})
	harmless(t, "doctor", []string{"quorate", "doctor", "--sockets", c.dir, "--socket", node, "--conf", "/none"})

	arbiter := status.QNetd{Clusters: []status.Cluster{{Name: evil, Reason: evil, Blocked: evil, Nodes: []status.Node{{ID: 1, Address: evil}}}}, Standby: evil, StoreError: evil}
	j, err := status.AppendJSON(nil, &arbiter, "")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.ContainsRune(j, 0x9b) || bytes.Contains(j, []byte("\u202e")) {
		t.Errorf("JSON with controls: %q", j)
	}
	raw := strings.ReplaceAll(string(j), `\u009b`, "\u009b")
	answer := "OK\n" + raw
	both(t, "quorate", "clusters", "--socket", scripted(t, answer))
	for _, tool := range []string{"corosync-qnetd-tool", "corosync-qdevice-tool"} {
		for _, a := range []string{"OK\nCluster \"" + evil + "\":\n", "Error\nError " + evil + "\n", evil, "OK\n" + evil} {
			harmless(t, tool, []string{tool, "-s", "-p", scripted(t, a)})
		}
	}
	harmless(t, "status of another daemon", []string{"quorate", "status", "--sockets", c.dir, "--socket", scripted(t, "Error\n"+evil+"\n")})
	harmless(t, "clusters of another daemon", []string{"quorate", "clusters", "--socket", scripted(t, "Error\n"+evil+"\n")})
}
