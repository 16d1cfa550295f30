package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	patience = time.Minute
	rest     = 5 * time.Second // after which memory counts as idle
)

// starts runs the whole house twice in an empty folder: the first start makes
// the database and the demo community, the second finds them.
func starts(ctx context.Context, binary, dir string) ([]row, error) {
	var rows []row
	var idle string
	for _, which := range []string{"first start to /readyz", "second start to /readyz"} {
		took, err := start(ctx, binary, dir, func(_ string, pid int) error {
			time.Sleep(rest)
			has, err := memory(pid, "VmRSS")
			idle = has.String()
			return err
		})
		if err != nil {
			return rows, fmt.Errorf("%s: %w", which, err)
		}
		rows = append(rows, row{which, seconds(took)})
	}
	return append(rows, row{"idle memory (RSS, without PostgreSQL)", idle}), nil
}

// start runs the program until then is done with it.
func start(ctx context.Context, binary, dir string, then func(url string, pid int) error) (took time.Duration, err error) {
	addr, err := free(ctx)
	if err != nil {
		return 0, err
	}
	var log bytes.Buffer
	cmd := exec.CommandContext(ctx, binary, "--dir", dir)
	cmd.Env = append(cmd.Environ(), "CONSERVATORY_ADDR="+addr)
	cmd.Stdout, cmd.Stderr = &log, &log
	begin := time.Now() //nolint:forbidigo // measures, decides nothing
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	err = ready(ctx, "http://"+addr+"/readyz", ended)
	took = time.Since(begin)
	if err == nil {
		err = then("http://"+addr, cmd.Process.Pid)
	}
	_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	select {
	case <-ended: //nolint:errcheck // how it parts is not measured
	case <-time.After(patience):
		_ = cmd.Process.Kill()
		err = errors.Join(err, errors.New("it does not stop"))
	}
	if err != nil {
		return 0, fmt.Errorf("%w\n%s", err, log.String())
	}
	return took, nil
}

func free(ctx context.Context) (string, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func ready(ctx context.Context, url string, ended chan error) error {
	client := &http.Client{Timeout: time.Second}
	for limit := time.After(patience); ; {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return err
		}
		if resp, err := client.Do(req); err == nil {
			_ = resp.Body.Close() // it was not read
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case err := <-ended:
			ended <- err
			return fmt.Errorf("it ended: %w", err)
		case <-limit:
			return errors.New("it is not ready after a minute")
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// megabytes of memory; zero when they are not known on this system.
type megabytes float64

// String is for the table.
func (m megabytes) String() string {
	if m == 0 {
		return "not known on this system"
	}
	return fmt.Sprintf("%.0f MB", float64(m))
}

// memory gives what a process has (VmRSS) or has had at most (VmHWM), where
// /proc tells it.
func memory(pid int, line string) (megabytes, error) {
	file, err := os.Open("/proc/" + strconv.Itoa(pid) + "/status")
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if kilobytes, ok := strings.CutPrefix(lines.Text(), line+":"); ok {
			n, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(kilobytes), " kB"), 64)
			return megabytes(n * 1024 / 1e6), err
		}
	}
	return 0, nil
}
