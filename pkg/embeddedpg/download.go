package embeddedpg

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

const (
	// The builds of github.com/zonkyio/embedded-postgres-binaries.
	repository = "https://repo1.maven.org/maven2"
	// A build is about 10 MB; more than this is not one.
	largestBuild = 256 << 20
)

// download returns a cached build for the major version, or fetches it.
func download(ctx context.Context, cfg Config, who account, major string) (binaries, error) {
	return downloadFrom(ctx, cfg, who, major, repository)
}

func downloadFrom(ctx context.Context, cfg Config, who account, major, repository string) (binaries, error) {
	version := buildOf(major)
	if version == "" {
		return binaries{}, fmt.Errorf("the data was made by PostgreSQL %s, for which there is no download: "+
			"install PostgreSQL %s, or set DATABASE_URL", major, major)
	}
	bin, err := fetch(ctx, cfg, who, version, repository)
	if err != nil {
		return binaries{}, fmt.Errorf("there are no fitting server binaries on this machine, and downloading PostgreSQL %s did not work: %w; %s",
			version, err, waysOut)
	}
	return bin, nil
}

// buildOf names the build for a major version; "" asks for the default one.
func buildOf(major string) string {
	switch major {
	case "", "15":
		return "15.13.0"
	case "16":
		return "16.9.0"
	case "17":
		return "17.5.0"
	case "18":
		return "18.3.0"
	}
	return ""
}

func fetch(ctx context.Context, cfg Config, who account, version, repository string) (binaries, error) {
	cache, err := cacheDir(cfg, who)
	if err != nil {
		return binaries{}, err
	}
	target := filepath.Join(cache, platform()+"-"+version)
	if bin, err := inspect(ctx, filepath.Join(target, "bin"), who); err == nil {
		return bin, nil
	}
	gate, err := waitLock(ctx, target+".lock")
	if err != nil {
		return binaries{}, err
	}
	defer gate.release()
	if bin, err := inspect(ctx, filepath.Join(target, "bin"), who); err == nil {
		return bin, nil
	}
	archive, err := fetchArchive(ctx, cfg, version, repository)
	if err != nil {
		return binaries{}, err
	}
	if err := unpack(archive, target); err != nil {
		return binaries{}, fmt.Errorf("unpacking: %w", err)
	}
	return inspect(ctx, filepath.Join(target, "bin"), who)
}

// cacheDir prefers the user's own, unless the server's user cannot get there.
func cacheDir(cfg Config, who account) (string, error) {
	dir := cfg.CacheDir
	if dir == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			base = os.TempDir()
		}
		dir = filepath.Join(base, "embeddedpg")
	}
	err := os.MkdirAll(dir, 0o755)
	if err == nil && who.blockedBy(dir) != "" {
		dir = filepath.Join(fallbackRoot, "binaries")
		err = os.MkdirAll(dir, 0o755)
	}
	if err != nil {
		return "", fmt.Errorf("making a directory for downloads: %w", err)
	}
	return dir, nil
}

// platform is the name that the builds use for this machine.
func platform() string {
	arch := runtime.GOARCH
	if arch == "arm64" {
		arch = "arm64v8"
	}
	if runtime.GOOS == "linux" && exists("/etc/alpine-release") {
		arch += "-alpine"
	}
	return runtime.GOOS + "-" + arch
}

func fetchArchive(ctx context.Context, cfg Config, version, repository string) ([]byte, error) {
	name := "embedded-postgres-binaries-" + platform()
	url := fmt.Sprintf("%s/io/zonky/test/postgres/%s/%s/%s-%s.jar", repository, name, version, name, version)
	major, _, _ := strings.Cut(version, ".")
	archive, err := get(ctx, url, func(percent int64) {
		cfg.say("downloading PostgreSQL %s … %d %%", major, percent)
	})
	if err != nil {
		return nil, err
	}
	wanted, err := get(ctx, url+".sha256", func(int64) {})
	var status statusError
	if errors.As(err, &status) && status == http.StatusNotFound {
		return archive, nil // not every build has one
	}
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(archive)
	if got := hex.EncodeToString(sum[:]); got != strings.TrimSpace(string(wanted)) {
		return nil, fmt.Errorf("the checksum of %s is %s, but should be %s", url, got, bytes.TrimSpace(wanted))
	}
	return archive, nil
}

type statusError int

func (e statusError) Error() string { return fmt.Sprintf("answer %d", int(e)) }

func get(ctx context.Context, url string, progress func(percent int64)) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("fetching %s: %w", url, err)
	}
	response, err := (&http.Client{Timeout: 10 * patience}).Do(request)
	if err != nil {
		return nil, fmt.Errorf("fetching: %w", err) // the error names the URL
	}
	defer response.Body.Close() //nolint:errcheck // it was only read
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetching %s: %w", url, statusError(response.StatusCode))
	}
	counted := &countingReader{from: io.LimitReader(response.Body, largestBuild), total: response.ContentLength, tell: progress}
	body, err := io.ReadAll(counted)
	if err != nil {
		return nil, fmt.Errorf("fetching %s: %w", url, err)
	}
	return body, nil
}

// countingReader tells the percentage that was read, every five per cent.
type countingReader struct {
	from              io.Reader
	total, seen, told int64
	tell              func(percent int64)
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.seen += int64(n)
	if c.total > 0 {
		if percent := c.seen * 100 / c.total; percent >= c.told+5 {
			c.told = percent
			c.tell(percent)
		}
	}
	return n, err
}
