package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	atOnce = 64
	most   = 250.0 // megabytes
)

// demo are people of the demo community, and the password of all of them.
func demo() (emails []string, password string) {
	return []string{"aisha@example.org", "fatou@example.org", "grace@example.org", "hanna@example.org", "joy@example.org", "becky@example.org"}, "make room for yes"
}

// logins starts the built program twice, so that the demo community is there,
// and lets many people in at once. What counts is the most memory that the
// process ever had.
func logins(ctx context.Context) ([]row, error) {
	dir, err := os.MkdirTemp("", "measure")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // what is left is in the folder for temporary files
	binary, house := filepath.Join(dir, "conservatory"), filepath.Join(dir, "house")
	if _, err := build(ctx, binary); err != nil {
		return nil, err
	}
	if _, err := start(ctx, binary, house, func(string, int) error { return nil }); err != nil {
		return nil, err
	}
	var rows []row
	var crowded error
	_, err = start(ctx, binary, house, func(url string, pid int) error {
		before, err := memory(pid, "VmHWM")
		if err != nil {
			return err
		}
		took, count, err := crowd(ctx, url)
		if err != nil {
			return err
		}
		after, err := memory(pid, "VmHWM")
		rows = []row{
			{"peak memory before", before.String()},
			{strconv.Itoa(atOnce) + " logins at once", seconds(took) + ", answered " + statuses(count)},
			{"peak memory after", after.String()},
		}
		crowded = tooMuch(count, after)
		return err
	})
	return rows, errors.Join(err, crowded)
}

// tooMuch fails when not everybody was let in, or the peak is too high. Where
// the system does not tell it, it is not.
func tooMuch(count map[int]int, peak megabytes) error {
	var all []error
	if n := count[http.StatusOK]; n != atOnce {
		all = append(all, fmt.Errorf("%d of %d were let in", n, atOnce))
	}
	if peak > most {
		all = append(all, fmt.Errorf("the peak is above %.0f MB", most))
	}
	return errors.Join(all...)
}

// statuses says how many got which.
func statuses(count map[int]int) string {
	var each []string
	for _, status := range slices.Sorted(maps.Keys(count)) {
		each = append(each, fmt.Sprintf("%d × %d", count[status], status))
	}
	return strings.Join(each, ", ")
}

// crowd logs in as many people at once, who all know their password, and says
// how many got which status.
func crowd(ctx context.Context, url string) (took time.Duration, count map[int]int, err error) {
	emails, password := demo()
	client := &http.Client{Timeout: patience, Transport: &http.Transport{MaxConnsPerHost: atOnce}}
	defer client.CloseIdleConnections()
	var (
		mu sync.Mutex
		wg sync.WaitGroup
	)
	count = map[int]int{}
	gate := make(chan struct{})
	for i := range atOnce {
		wg.Go(func() {
			<-gate
			status, failed := logIn(ctx, client, url, emails[i%len(emails)], password)
			mu.Lock()
			defer mu.Unlock()
			count[status]++
			if failed != nil {
				err = failed
			}
		})
	}
	begin := time.Now() //nolint:forbidigo // measures, decides nothing
	close(gate)
	wg.Wait()
	return time.Since(begin), count, err
}

func logIn(ctx context.Context, client *http.Client, url, email, password string) (status int, err error) {
	body, err := json.Marshal(map[string]string{"email": email, "password": password})
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/auth/login", bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	answer, err := io.ReadAll(resp.Body)
	if err == nil && !slices.Contains([]int{http.StatusOK, http.StatusServiceUnavailable}, resp.StatusCode) {
		err = fmt.Errorf("answered %d: %s", resp.StatusCode, answer)
	}
	return resp.StatusCode, err
}
