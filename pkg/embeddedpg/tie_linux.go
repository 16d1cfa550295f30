package embeddedpg

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// tieToParent asks for a clean shutdown when we die, however we die.
func tieToParent(attributes *syscall.SysProcAttr) { attributes.Pdeathsig = syscall.SIGINT }

// lendName runs a child in a user namespace in which our uid is one that the
// passwd file knows. Files it makes are ours all the same.
func lendName(attributes *syscall.SysProcAttr) {
	known := knownID()
	if known == 0 {
		return
	}
	attributes.Cloneflags |= syscall.CLONE_NEWUSER
	attributes.UidMappings = []syscall.SysProcIDMap{{ContainerID: known, HostID: os.Geteuid(), Size: 1}}
	attributes.GidMappings = []syscall.SysProcIDMap{{ContainerID: known, HostID: os.Getegid(), Size: 1}}
}

func knownID() int {
	file, err := os.Open("/etc/passwd")
	if err != nil {
		return 0
	}
	defer file.Close() //nolint:errcheck // it was only read
	for lines := bufio.NewScanner(file); lines.Scan(); {
		fields := strings.Split(lines.Text(), ":")
		if len(fields) < 3 {
			continue
		}
		if id, err := strconv.Atoi(fields[2]); err == nil && id > 0 {
			return id
		}
	}
	return 0
}
