// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package lab

import (
	"fmt"
	"path/filepath"

	"github.com/quorate/quorate/internal/pki"
)

// enrol makes an arbiter's CA in arbiterDir, and the certificates of the cluster's
// nodes in nodeDir: the steps that quorate cert takes on real machines.
func enrol(arbiterDir, nodeDir string) error {
	if err := pki.Init(arbiterDir, pki.InitOptions{}); err != nil {
		return err
	}
	if err := pki.InitNode(nodeDir, filepath.Join(arbiterDir, pki.CACertFile), nil); err != nil {
		return err
	}
	crq, err := pki.RequestNode(nodeDir, clusterName)
	if err != nil {
		return err
	}
	signed, err := pki.Sign(arbiterDir, crq, clusterName, false)
	if err != nil {
		return fmt.Errorf("the cluster's certificate: %w", err)
	}
	_, _, err = pki.ImportNodeCert(nodeDir, signed.Path)
	return err
}
