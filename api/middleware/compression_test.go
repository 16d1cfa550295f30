package middleware_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
)

func TestCompression(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	w := h.World(t)
	topic := "/v1/topics/" + h.Topic(t, w.A, w.SpaceA, "Compressed").String()
	for range 5 {
		h.Do(t, apitest.Call{
			Method: http.MethodPost, Path: topic + "/posts", Token: w.A.Token, Body: map[string]string{"body": strings.Repeat("Again. ", 100)},
		}).Must(t, http.StatusCreated)
	}
	ask := func(t *testing.T, path, encoding string) *http.Response {
		t.Helper()
		c := get(path, "Accept-Encoding", encoding)
		c.Token = w.A.Token
		resp, err := http.DefaultTransport.RoundTrip(h.Request(t, c))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = resp.Body.Close() })
		return resp
	}

	for _, encoding := range []string{"gzip", "zstd"} {
		t.Run("a long answer comes as "+encoding+", if asked for", func(t *testing.T) {
			t.Parallel()
			resp := ask(t, topic+"/posts", encoding)
			if got := resp.Header.Get("Content-Encoding"); got != encoding {
				t.Errorf("it comes as %q", got)
			}
			if !slices.Contains(resp.Header.Values("Vary"), "Accept-Encoding") {
				t.Errorf("it varies by %q", resp.Header.Values("Vary"))
			}
		})
	}

	t.Run("an uncompressed one varies too", func(t *testing.T) {
		t.Parallel()
		resp := ask(t, topic+"/posts", "identity")
		if got := resp.Header.Get("Content-Encoding"); got != "" || !slices.Contains(resp.Header.Values("Vary"), "Accept-Encoding") {
			t.Errorf("comes as %q, varies by %q", got, resp.Header.Values("Vary"))
		}
	})

	t.Run("a version does not depend on it", func(t *testing.T) {
		t.Parallel()
		zipped, whole := ask(t, topic, "gzip").Header.Get("ETag"), ask(t, topic, "identity").Header.Get("ETag")
		if zipped == "" || zipped != whole {
			t.Errorf("%s and %s", zipped, whole)
		}
	})

	t.Run("a stream comes as it is", func(t *testing.T) {
		t.Parallel()
		resp := ask(t, "/v1/stream", "gzip, zstd")
		if got := resp.Header.Get("Content-Encoding"); resp.StatusCode != http.StatusOK || got != "" {
			t.Errorf("%d, as %q", resp.StatusCode, got)
		}
	})
}
