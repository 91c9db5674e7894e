// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/nodeconf"
	"github.com/quorate/quorate/internal/words"
)

// The exit codes of the C tools.
const (
	toolUsageCode   = 1
	toolInternal    = 2
	toolConnect     = 3
	toolDaemonError = 4
)

// statusTool is one of the C tools that ask a daemon over its local socket.
type statusTool struct {
	usage  string
	spec   string // of getopt; the letters mean the same in both tools
	socket string // unless -p names another one
	lost   string // no connection, without the reason
}

// QNetdTool is corosync-qnetd-tool: the same flags, texts and exit codes as
// the C tool, except that a connection without an answer and a cluster that is
// not there are told on stderr (Q6).
func QNetdTool(prog string, args []string, stdout, stderr io.Writer) int {
	t := statusTool{
		usage: "usage: corosync-qnetd-tool [-Hhlsv] [-c cluster_name] [-p qnetd_ipc_socket_path]\n",
		spec:  "Hhlsvc:p:", socket: qnetdSocket, lost: "Can't connect to qnetd socket (is QNetd running?)",
	}
	return t.run(prog, args, stdout, stderr)
}

// QDeviceTool is corosync-qdevice-tool: the same flags, texts and exit codes as the
// C tool, except that a connection without an answer is told on stderr (Q6).
func QDeviceTool(prog string, args []string, stdout, stderr io.Writer) int {
	t := statusTool{
		usage: "usage: corosync-qdevice-tool [-Hhsv] [-p qdevice_ipc_socket_path]\n",
		spec:  "Hhsvp:", socket: nodeconf.DefaultSettings().SocketFile, lost: "Can't connect to QDevice socket (is QDevice running?)",
	}
	return t.run(prog, args, stdout, stderr)
}

func (t *statusTool) run(prog string, args []string, stdout, stderr io.Writer) int {
	opts, _, misuse := getopt(args, t.spec, true)
	path, command, verbose, cluster, named := t.socket, "", "", "", false
	for _, o := range opts {
		switch o.Letter {
		case 'H':
			command = "shutdown "
		case 'l':
			command = "list "
		case 's':
			command = "status "
		case 'v':
			verbose = "verbose "
		case 'c':
			cluster, named = o.Arg, true
		case 'p':
			path = o.Arg
		case 'h':
			fmt.Fprint(stdout, t.usage)
			return toolUsageCode
		}
	}
	if misuse != nil {
		fmt.Fprintf(stderr, "%s: %s\n", prog, misuse)
	}
	if misuse != nil || command == "" {
		fmt.Fprint(stdout, t.usage)
		return toolUsageCode
	}
	listing := command == "list "
	if command != "shutdown " {
		command += verbose
		if named {
			command += "cluster " + words.Quote(cluster) + " "
		}
	}
	ctx := context.Background()
	c, err := control.Dial(ctx, path)
	if err != nil {
		fmt.Fprintf(stderr, "%s: %s: %s\n", prog, t.lost, strerror(err))
		return toolConnect
	}
	code := tell(ctx, c, prog, command, stdout, stderr)
	if code == toolEmpty && listing && named && cluster != "" {
		fmt.Fprintf(stderr, "%s: no connected node is of cluster %q\n", prog, cluster)
	}
	return max(code, 0)
}

// toolEmpty is a success without any text.
const toolEmpty = -1

func tell(ctx context.Context, c net.Conn, prog, command string, stdout, stderr io.Writer) int {
	text, err := control.Ask(ctx, c, command)
	var refused control.DaemonError
	switch {
	case errors.As(err, &refused):
		fmt.Fprintf(stderr, "Error: %s", refused)
		return toolDaemonError
	case errors.Is(err, control.ErrStatusLine):
		fmt.Fprintf(stderr, "%s: %s\n", prog, err)
		return toolConnect
	case err != nil:
		fmt.Fprintf(stderr, "%s: %s\n", prog, err)
		return toolInternal
	}
	if _, err := stdout.Write(text); err != nil {
		return toolInternal
	}
	if len(text) == 0 {
		return toolEmpty
	}
	return 0
}

// strerror words an error of the system as C does.
func strerror(err error) string {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return err.Error()
	}
	switch errno {
	case syscall.ENOENT:
		return "No such file or directory"
	case syscall.ECONNREFUSED:
		return "Connection refused"
	case syscall.EACCES:
		return "Permission denied"
	}
	return os.NewSyscallError("connect", errno).Error()
}
