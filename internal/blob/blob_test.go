package blob_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/internal/blob"
)

func TestStore(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{"a folder": "file://" + t.TempDir() + "/new/files", "memory": "mem://"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := blob.Open(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			write := func(key, text string, then error) error {
				return s.Write(t.Context(), key, "text/plain", func(w io.Writer) error {
					_, err := io.WriteString(w, text)
					return errors.Join(err, then)
				})
			}
			broken := errors.New("broken off")
			if err := write("a/1", "first", nil); err != nil {
				t.Fatal(err)
			}
			if err := write("a/1", "half of the sec", broken); !errors.Is(err, broken) {
				t.Errorf("%v", err)
			}
			if got := read(t.Context(), t, s, "a/1"); got != "first" {
				t.Errorf("a write that broke off left %q", got)
			}
			if err := errors.Join(write("a/1", "second", nil), write("a/2", "other", nil), write("b/1", "other", nil)); err != nil {
				t.Fatal(err)
			}
			if got := read(t.Context(), t, s, "a/1"); got != "second" {
				t.Errorf("%q", got)
			}
			if err := errors.Join(s.Delete(t.Context(), "a/1"), s.Delete(t.Context(), "a/1")); err != nil {
				t.Errorf("deleting twice: %v", err)
			}
			if _, _, err := s.Read(t.Context(), "a/1"); !blob.Missing(err) {
				t.Errorf("%v", err)
			}
			if keys, err := s.List(t.Context(), "a/"); err != nil || !slices.Equal(keys, []string{"a/2"}) {
				t.Errorf("%v %v", keys, err)
			}
		})
	}
	if _, err := blob.Open(t.Context(), "elsewhere://x"); err == nil || !strings.Contains(err.Error(), "open the blob store") {
		t.Errorf("%v", err)
	}
}

func read(ctx context.Context, t *testing.T, s *blob.Store, key string) string {
	t.Helper()
	r, size, err := s.Read(ctx, key)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	if err != nil || int64(len(text)) != size {
		t.Errorf("%d bytes, said to be %d: %v", len(text), size, err)
	}
	return string(text)
}
