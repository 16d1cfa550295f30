//go:build !linux

package embeddedpg

import "syscall"

// tieToParent cannot be had here: the next Start ends an orphaned server.
func tieToParent(*syscall.SysProcAttr) {}

func lendName(*syscall.SysProcAttr) {}
