package embeddedpg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// process is a server that we started.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
}

// launch starts the server and returns when it accepts connections.
func launch(ctx context.Context, cfg Config, at place, bin binaries, address address) (*process, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		process, report, err := launchOnce(ctx, cfg, at, bin, address)
		if err == nil {
			return process, nil
		}
		// After a kill of the server its children need a moment to notice.
		if !strings.Contains(report, "still in use") || sleep(ctx, 5*pause) != nil {
			return nil, fmt.Errorf("%w\n%s(all of it: %s)", err, report, at.path("postgres.log"))
		}
	}
}

func launchOnce(ctx context.Context, cfg Config, at place, bin binaries, address address) (*process, string, error) {
	log, err := os.OpenFile(at.path("postgres.log"), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, "", fmt.Errorf("opening the log: %w", err)
	}
	defer log.Close() //nolint:errcheck // the server writes to a copy of its own
	before, err := log.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, "", fmt.Errorf("opening the log: %w", err)
	}
	cmd := exec.Command(bin.program("postgres"), arguments(cfg, at, address)...) //nolint:noctx // the server outlives its start
	cmd.SysProcAttr = at.who.attributes()
	cmd.Dir = at.data()
	cmd.Env = environment(bin)
	cmd.Stdout, cmd.Stderr = log, log
	process, err := spawn(cmd)
	if err != nil {
		return nil, "", err
	}
	if err := awaitReady(ctx, address, process.running); err != nil {
		_ = process.shutDown(ctx)
		return nil, readFrom(log, before), err
	}
	return process, "", nil
}

func (p *process) running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

func readFrom(log *os.File, offset int64) string {
	text, _ := io.ReadAll(io.NewSectionReader(log, offset, 8<<10))
	return string(text)
}

// spawn starts the server such that the system ends it when this process dies.
// The death signal is sent when the thread that forked dies, and Go ends idle
// threads: so one is kept for it as long as the server lives.
func spawn(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, done: make(chan struct{})}
	tieToParent(cmd.SysProcAttr)
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
			close(p.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("running the server: %w", err)
	}
	return p, nil
}

// shutDown ends the server: kindly, until ctx has ended and some seconds more
// have passed, then less so. The data survives either way.
func (p *process) shutDown(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for _, step := range shutdownSteps() {
		_ = p.cmd.Process.Signal(step.signal)
		if p.ended(ctx, step.wait) {
			return nil
		}
	}
	return errors.New("the server does not end")
}

// ended waits until ctx has ended and then a while longer.
func (p *process) ended(ctx context.Context, longer time.Duration) bool {
	select {
	case <-p.done:
		return true
	case <-ctx.Done():
	}
	timer := time.NewTimer(longer)
	defer timer.Stop()
	select {
	case <-p.done:
		return true
	case <-timer.C:
		return false
	}
}

func arguments(cfg Config, at place, address address) []string {
	settings := address.settings()
	settings["logging_collector"] = "off"
	settings["log_destination"] = "stderr"
	if cfg.Fast {
		for _, name := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
			settings[name] = "off"
		}
		settings["wal_level"] = "minimal"
		settings["max_wal_senders"] = "0"
	}
	maps.Copy(settings, cfg.Settings)
	args := []string{"-D", at.data()}
	for name, value := range settings {
		args = append(args, "--"+strings.ReplaceAll(name, "_", "-")+"="+value)
	}
	slices.Sort(args[2:])
	return args
}

// awaitReady returns when a connection succeeds, or the server no longer runs.
func awaitReady(ctx context.Context, address address, running func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := knock(ctx, address)
		if err == nil {
			return nil
		}
		if !running() {
			return errors.New("the server ended while starting")
		}
		if ended := sleep(ctx, pause); ended != nil {
			return fmt.Errorf("waiting for the server to accept connections: %w (last: %w)", ended, err)
		}
	}
}

func knock(ctx context.Context, address address) error {
	conn, err := pgconn.Connect(ctx, "postgres://"+superuser+"@/postgres?"+address.query().Encode())
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}
