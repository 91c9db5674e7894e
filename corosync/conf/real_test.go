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

// program returns the path of the real Corosync, which may be missing on a
// developer's machine only.
func program(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("corosync")
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/corosync")
	}
	switch {
	case err != nil && os.Getenv("CI") == "true":
		t.Fatal("no corosync here, and CI must have one")
	case err != nil:
		t.Skip("no corosync here")
	case os.Geteuid() != 0:
		t.Skip("corosync -t needs root")
	}
	return path
}

// real asks corosync -t. It answers by its exit status, or by a signal where it
// trips over its own assertions: that is a refusal too.
func real(t *testing.T, path, file string) (accepts bool, said string) {
	t.Helper()
	out, err := exec.Command(path, "-t", "-c", file).CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return err == nil, string(out)
}

// both plays a text to the real program and to this package.
func both(t *testing.T, path string, host Host, text []byte) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "corosync.conf")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	accepts, said := real(t, path, file)
	f, err := Parse(text)
	if err == nil {
		err = f.Check(host)
	}
	if err != nil && strings.Contains(err.Error(), noAddr) {
		return
	}
	if (err == nil) != accepts {
		t.Errorf("corosync accepts: %v, we say: %v\n%s\nfile:\n%q", accepts, err, said, text)
	}
}

func TestRealCorosyncRandom(t *testing.T) {
	path, host := program(t), ThisHost()
	seeds, _ := filepath.Glob("testdata/*.conf")
	var lines [][]byte
	var files [][]byte
	for _, s := range seeds {
		data, _ := os.ReadFile(s)
		data = bytes.ReplaceAll(data, []byte("HOST"), []byte(host.Name))
		files = append(files, data)
		lines = append(lines, bytes.SplitAfter(data, []byte("\n"))...)
	}
	n := 300
	fmt.Sscan(os.Getenv("CONF_RANDOM"), &n)
	r := rand.New(rand.NewPCG(1, uint64(n)))
	for i := 0; i < n && !t.Failed(); i++ {
		both(t, path, host, mutate(r, files[r.IntN(len(files))], lines))
	}
}

var bits = strings.Fields("{ } : # . , \t x 0 1 -1 +2 256 65536 4294967295 4294967296 18446744073709551615 99999999999999999999 totem quorum node nodelist interface yes no on off \r \x00 \n \xa0")

func mutate(r *rand.Rand, data []byte, lines [][]byte) []byte {
	all := bytes.SplitAfter(data, []byte("\n"))
	for range 1 + r.IntN(3) {
		if len(all) == 0 {
			break
		}
		i := r.IntN(len(all))
		switch r.IntN(6) {
		case 0:
			all = append(all[:i:i], all[i+1:]...)
		case 1:
			all = append(all[:i:i], append([][]byte{lines[r.IntN(len(lines))]}, all[i:]...)...)
		case 2:
			all[i] = lines[r.IntN(len(lines))]
		case 3:
			j := r.IntN(len(all[i]) + 1)
			all[i] = append(all[i][:j:j], append([]byte(bits[r.IntN(len(bits))]), all[i][j:]...)...)
		case 4:
			if c := bytes.IndexByte(all[i], ':'); c >= 0 {
				all[i] = append(all[i][:c+1:c+1], []byte(" "+bits[r.IntN(len(bits))]+"\n")...)
			}
		case 5:
			j := r.IntN(len(all))
			all = append(all, append([]byte{}, all[j]...))
			all[i], all[j] = all[j], all[i]
		}
	}
	return bytes.Join(all, nil)
}
