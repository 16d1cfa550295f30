package embeddedpg

import (
	"os"
	"syscall"
)

// account is the user who runs the server: on Windows always the caller.
type account struct {
	name     string
	drop     bool
	nameless bool
}

func serverAccount() (account, error) { return account{name: "the current user"}, nil }

func (account) give(string) error           { return nil }
func (account) owns(os.FileInfo) bool       { return true }
func (account) canEnter(string) bool        { return true }
func (account) blockedBy(dir string) string { return "" }

func (account) attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}
