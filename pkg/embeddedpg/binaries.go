package embeddedpg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// oldestMajor is the oldest version a new data directory is made with.
const oldestMajor = 15

const waysOut = "install PostgreSQL (>= 15), or set DATABASE_URL to a running server"

// binaries is a directory with the programs of one version.
type binaries struct {
	dir     string
	version string
}

func (b binaries) program(name string) string { return filepath.Join(b.dir, name+exeSuffix()) }
func (b binaries) major() string              { return strings.SplitN(b.version, ".", 2)[0] }

func exeSuffix() string {
	if runtime.GOOS == "windows" {
		return ".exe"
	}
	return ""
}

// findBinaries returns those of the machine that fit the data, else downloads.
func findBinaries(ctx context.Context, cfg Config, at place) (binaries, error) {
	return chooseBinaries(ctx, cfg, at, searchDirs())
}

func chooseBinaries(ctx context.Context, cfg Config, at place, dirs []string) (binaries, error) {
	major, err := at.major()
	if err != nil {
		return binaries{}, err
	}
	var misfits []string
	for _, dir := range dirs {
		bin, err := inspect(ctx, dir, at.who)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			misfits = append(misfits, fmt.Sprintf("%s (%v)", dir, err))
		case bin.fits(major):
			return bin, nil
		default:
			misfits = append(misfits, fmt.Sprintf("%s (version %s)", dir, bin.version))
		}
	}
	if cfg.Download {
		return download(ctx, cfg, at.who, major)
	}
	return binaries{}, missing(at, major, misfits)
}

func (b binaries) fits(major string) bool {
	if major != "" {
		return b.major() == major
	}
	number, err := strconv.Atoi(b.major())
	return err == nil && number >= oldestMajor
}

func missing(at place, major string, misfits []string) error {
	found := "no server binaries on this machine"
	if len(misfits) > 0 {
		found = "no fitting server binaries on this machine, only " + strings.Join(misfits, ", ")
	}
	if major == "" {
		return fmt.Errorf("%s: %s", found, waysOut)
	}
	return fmt.Errorf("the data in %s was made by PostgreSQL %s, and there are %s: "+
		"install PostgreSQL %s, remove that directory to begin with an empty database, or set DATABASE_URL",
		at.data(), major, found, major)
}

// searchDirs lists where servers are usually installed, the caller's choice
// (PATH) first and then the newest first.
func searchDirs() []string {
	var dirs []string
	if path, err := exec.LookPath("postgres"); err == nil {
		// Debian and others put links to single programs in PATH: the rest of
		// them, and their libraries, are beside the target.
		if resolved, err := filepath.EvalSymlinks(path); err == nil {
			dirs = append(dirs, filepath.Dir(resolved))
		}
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin",
		"/usr/libexec/postgresql*",
		"/usr/pgsql-*/bin",
		"/usr/local/pgsql/bin",
		"/opt/homebrew/opt/postgresql@*/bin",
		"/usr/local/opt/postgresql@*/bin",
		"/Applications/Postgres.app/Contents/Versions/*/bin",
		`C:\Program Files\PostgreSQL\*\bin`,
	} {
		found, _ := filepath.Glob(pattern)
		slices.SortFunc(found, func(a, b string) int { return trailingNumber(b) - trailingNumber(a) })
		dirs = append(dirs, found...)
	}
	return dirs
}

func trailingNumber(path string) int {
	digits := regexp.MustCompile(`\d+`).FindAllString(path, -1)
	if len(digits) == 0 {
		return 0
	}
	number, _ := strconv.Atoi(digits[len(digits)-1])
	return number
}

// inspect tells the version of the server in dir, if the account can run it.
func inspect(ctx context.Context, dir string, who account) (binaries, error) {
	bin := binaries{dir: dir}
	if _, err := os.Stat(bin.program("initdb")); err != nil {
		return binaries{}, err
	}
	if blocked := who.blockedBy(dir); blocked != "" {
		return binaries{}, fmt.Errorf("user %s cannot enter %s", who.name, blocked)
	}
	cmd := exec.CommandContext(ctx, bin.program("postgres"), "--version")
	cmd.SysProcAttr = who.attributes()
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		return binaries{}, fmt.Errorf("running it: %w", err)
	}
	bin.version = regexp.MustCompile(`\d+(\.\d+)?`).FindString(string(out))
	if bin.version == "" {
		return binaries{}, fmt.Errorf("it tells no version: %q", out)
	}
	return bin, nil
}
