package embeddedpg_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/pkg/embeddedpg"
)

// The test binary is also the other process that some tests need.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "hold-server" {
		os.Exit(hold(os.Args[2]))
	}
	os.Exit(m.Run())
}

// hold starts a server, tells so, and keeps it until its input is closed.
func hold(dir string) int {
	server, err := embeddedpg.Start(context.Background(), embeddedpg.Config{Dir: dir, Fast: true})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("adopted:", server.Adopted())
	_, _ = io.Copy(io.Discard, os.Stdin)
	if err := server.Stop(context.Background()); err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

type holder struct {
	cmd   *exec.Cmd
	stdin io.Closer
}

// startHolder returns when the other process has its server.
func startHolder(t *testing.T, dir string) holder {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "hold-server", dir)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil || line != "adopted: false\n" {
		t.Fatalf("the other process said %q, %v", line, err)
	}
	return holder{cmd: cmd, stdin: stdin}
}
