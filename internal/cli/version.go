// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// Version is the release of quorate.
const Version = "0.1.0"

// cRelease is the C release whose behaviour is the reference.
const cRelease = "3.0.3"

// CompatVersion is what the C programs' names answer to -v: that release, and ours.
const CompatVersion = cRelease + "+quorate-" + Version

// versionInfo is what is known of this program. What the build has not recorded is empty.
type versionInfo struct {
	Version  string `json:"version"`
	Compat   string `json:"compat"`             // what the C programs' names answer to -v
	Commit   string `json:"commit,omitempty"`   // 40 hexadecimal digits
	Date     string `json:"date,omitempty"`     // of the commit, RFC 3339
	Modified bool   `json:"modified,omitempty"` // the commit is not all that was built
	Go       string `json:"go"`
	OS       string `json:"os"`
	Arch     string `json:"arch"`
	Variant  string `json:"variant,omitempty"` // of the processor, as GOARM=7
}

// thisVersion asks the program for what the build has recorded.
func thisVersion() versionInfo {
	v := versionInfo{Version: Version, Compat: CompatVersion, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Commit = s.Value
		case "vcs.time":
			v.Date = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		case "GOARM", "GO386", "GOMIPS":
			v.Variant = s.Key + "=" + s.Value
		}
	}
	return v
}

// short is one line: the release, and the commit where it is known.
func (v versionInfo) short() string {
	if len(v.Commit) < 12 {
		return "quorate " + v.Version
	}
	return fmt.Sprintf("quorate %s (%s)", v.Version, v.Commit[:12])
}

// write prints all of it for people.
func (v versionInfo) write(w io.Writer) error {
	lines := []string{"quorate\t" + v.Version}
	if v.Commit != "" {
		commit := v.Commit
		if len(v.Date) >= len("2006-01-02") {
			commit += " of " + v.Date[:len("2006-01-02")]
		}
		if v.Modified {
			commit += ", with changes"
		}
		lines = append(lines, "commit\t"+commit)
	}
	target := v.OS + "/" + v.Arch
	if v.Variant != "" {
		target += ", " + v.Variant
	}
	return columns(w, append(lines, "Go\t"+v.Go, "built for\t"+target, "behaves as\tcorosync-qdevice "+cRelease)...)
}

func newVersionCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version, and what it was built from and for",
		Long: `Print the version of quorate, the commit that it was built from if the build
recorded it, the version of Go, and the kind of machine that it was built for.

corosync-qnetd -v and corosync-qdevice -v print the version of the C programs whose
behaviour quorate follows, and then quorate's own.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if asJSON {
				return writeJSONLine(cmd.OutOrStdout(), thisVersion())
			}
			return thisVersion().write(cmd.OutOrStdout())
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, on one line")
	return cmd
}
