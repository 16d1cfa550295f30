package mailsink_test

import (
	"encoding/json"
	"errors"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/womens-tech-conservatory/conservatory/pkg/mailsink"
)

func ask(t *testing.T, sink *mailsink.Sink, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	recorder := httptest.NewRecorder()
	sink.ServeHTTP(recorder, request)
	return recorder
}

func listed(t *testing.T, sink *mailsink.Sink, query string) []mailsink.Message {
	t.Helper()
	response := ask(t, sink, "GET", "/messages?"+query, "")
	if response.Code != http.StatusOK {
		t.Fatalf("status %d: %s", response.Code, response.Body)
	}
	var page struct{ Messages []mailsink.Message }
	if err := json.Unmarshal(response.Body.Bytes(), &page); err != nil {
		t.Fatal(err)
	}
	return page.Messages
}

func TestJSON(t *testing.T) {
	t.Parallel()
	sink, address := open(t, mailsink.Config{})
	if body := ask(t, sink, "GET", "/messages", "").Body.String(); body != "{\"messages\":[]}\n" {
		t.Errorf("an empty list is %q", body)
	}
	for _, subject := range []string{"one", "two", "three"} {
		to := map[bool]string{true: "bea@example.org", false: "ana@example.org"}[subject == "two"]
		mustSend(t, address, to, "Subject: "+subject+"\n\n")
	}
	middle := sink.Messages("")[1]
	for query, want := range map[string]string{
		"":                                    "three two one",
		"limit=2":                             "three two",
		"to=ANA@example.org":                  "three one",
		"since=2020-01-01T00:00:00%2B02:00":   "three two one",
		"since=2999-01-01T00:00:00Z":          "",
		"to=bea@example.org&limit=1000":       "two",
		"since=" + middle.Date.Format(nano):   "three two",
		"to=nobody@example.org&limit=1&x=any": "",
	} {
		if got := subjects(listed(t, sink, query)); got != want {
			t.Errorf("%q lists %q, want %q", query, got, want)
		}
	}
	for _, query := range []string{"limit=0", "limit=1001", "limit=x", "since=yesterday"} {
		if code := ask(t, sink, "GET", "/messages?"+query, "").Code; code != http.StatusBadRequest {
			t.Errorf("%q answers %d", query, code)
		}
	}
	t.Run("one message is JSON or a page, as asked", func(t *testing.T) {
		response := ask(t, sink, "GET", "/messages/"+middle.ID, "", "Accept", "application/json")
		var got mailsink.Message
		if err := json.Unmarshal(response.Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(middle, got); diff != "" {
			t.Errorf("-kept +shown:\n%s", diff)
		}
		page := ask(t, sink, "GET", "/messages/"+middle.ID, "", "Accept", "text/html,*/*")
		if kind := page.Header().Get("Content-Type"); kind != "text/html; charset=utf-8" {
			t.Errorf("a browser gets %q", kind)
		}
		if code := ask(t, sink, "GET", "/messages/none", "").Code; code != http.StatusNotFound {
			t.Errorf("an unknown id answers %d", code)
		}
	})
	t.Run("deleting forgets all", func(t *testing.T) {
		if code := ask(t, sink, "DELETE", "/messages", "").Code; code != http.StatusNoContent {
			t.Errorf("answers %d", code)
		}
		if got := sink.Messages(""); len(got) != 0 {
			t.Errorf("left %q", subjects(got))
		}
	})
}

const nano = time.RFC3339Nano

func TestFaultsOverHTTP(t *testing.T) {
	t.Parallel()
	sink, address := open(t, mailsink.Config{})
	for _, body := range []string{"", "{", `{"count":-1}`, `{"count":1,"code":250}`, `{"cuont":1}`} {
		if code := ask(t, sink, "POST", "/faults", body).Code; code != http.StatusBadRequest {
			t.Errorf("%q answers %d", body, code)
		}
	}
	if code := ask(t, sink, "POST", "/faults", `{"count":1}`, "Sec-Fetch-Site", "cross-site").Code; code != http.StatusForbidden {
		t.Errorf("another site gets %d", code)
	}
	mustSend(t, address, "ana@example.org", "Subject: none of these counted\n\n")
	if code := ask(t, sink, "POST", "/faults", `{"count":1,"code":550,"text":"No such mailbox"}`).Code; code != http.StatusNoContent {
		t.Errorf("answers %d", code)
	}
	if err := send(address, "ana@example.org", "\n"); refusal(err) != "550 5.0.0 No such mailbox" {
		t.Errorf("got %v", err)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	sink, address := open(t, mailsink.Config{})
	const script = `<script>alert("it's me")</script>`
	mustSend(t, address, "ana@example.org",
		"Subject: "+script+"\nX-Odd: =?utf-8?q?a=0D=0ASet-Cookie:_x=3D1"+`"><img_src=3Dx>`+"?=\n"+
			"Content-Type: multipart/alternative; boundary=b\n\n"+
			"--b\n\nGo to https://example.org/verify?token=a&b=c. Or not "+script+"\n"+
			"--b\nContent-Type: text/html\n\n<p>\"Hi\"</p></iframe>"+script+"\n--b--\n")
	m := only(t, sink, "")
	list := ask(t, sink, "GET", "/", "")
	page := ask(t, sink, "GET", "/messages/"+m.ID, "", "Accept", "text/html")

	t.Run("nothing of a mail becomes markup or a header", func(t *testing.T) {
		for name, response := range map[string]*httptest.ResponseRecorder{"list": list, "page": page} {
			body := response.Body.String()
			if response.Code != http.StatusOK || !strings.HasSuffix(body, "</html>\n") {
				t.Errorf("%s: status %d, %d bytes", name, response.Code, len(body))
			}
			for _, markup := range []string{"<script", "<img"} {
				if strings.Contains(body, markup) {
					t.Errorf("%s contains %s", name, markup)
				}
			}
			if response.Header().Get("Set-Cookie") != "" {
				t.Errorf("%s sets a cookie", name)
			}
			if policy := response.Header().Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'") {
				t.Errorf("%s has the policy %q", name, policy)
			}
		}
		if strings.Count(page.Body.String(), "</iframe>") != 1 {
			t.Error("the mail ends its frame")
		}
	})
	t.Run("the HTML part is whole, in a frame without scripts", func(t *testing.T) {
		_, rest, _ := strings.Cut(page.Body.String(), `<iframe title="HTML part" sandbox="allow-popups allow-popups-to-escape-sandbox" srcdoc="`)
		source, _, found := strings.Cut(rest, `"></iframe>`)
		if !found {
			t.Fatalf("no frame in %s", page.Body)
		}
		want := `<base target="_blank"><p>"Hi"</p></iframe>` + script
		if got := html.UnescapeString(source); got != want {
			t.Errorf("the frame shows %q", got)
		}
	})
	t.Run("links of the text can be followed, without the full stop", func(t *testing.T) {
		if !strings.Contains(page.Body.String(), `<a href="https://example.org/verify?token=a&amp;b=c" target="_blank" rel="noreferrer">`) {
			t.Errorf("no link in %s", page.Body)
		}
	})
	t.Run("the list can be narrowed to an address", func(t *testing.T) {
		if body := ask(t, sink, "GET", "/?to="+url.QueryEscape("bea@example.org"), "").Body.String(); !strings.Contains(body, "No mails yet") {
			t.Errorf("shows %s", body)
		}
		if body := list.Body.String(); !strings.Contains(body, `href="messages/`+m.ID+`"`) {
			t.Errorf("no link to the mail in %s", body)
		}
	})
}

func TestSamples(t *testing.T) {
	t.Parallel()
	made := []mailsink.Sample{{Name: "account/code", Subject: "Your <code>", Text: "See https://example.org/a.", HTML: `<p title="x">Your code</p>`}}
	var broken error
	sink, err := mailsink.New(mailsink.Config{Samples: func() ([]mailsink.Sample, error) { return made, broken }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sink.Close() })

	t.Run("each is shown in the light, in the dark and as text", func(t *testing.T) {
		body := ask(t, sink, "GET", "/samples", "").Body.String()
		for part, times := range map[string]int{
			`id="account/code"`: 1, "Your &lt;code&gt;": 2, `<a href="https://example.org/a"`: 1,
			html.EscapeString(`<p title="x">Your code</p>`): 2, `class="dark"`: 1, `class="light"`: 1,
		} {
			if n := strings.Count(body, part); n != times {
				t.Errorf("%q is there %d times, want %d:\n%s", part, n, times, body)
			}
		}
	})

	t.Run("the list of mails leads there", func(t *testing.T) {
		if body := ask(t, sink, "GET", "/", "").Body.String(); !strings.Contains(body, `href="samples"`) {
			t.Errorf("%s", body)
		}
	})

	t.Run("one that cannot be made is said to be so", func(t *testing.T) {
		broken = errors.New("the letter has a hole")
		if response := ask(t, sink, "GET", "/samples", ""); response.Code != http.StatusInternalServerError || !strings.Contains(response.Body.String(), "has a hole") {
			t.Errorf("%d %s", response.Code, response.Body)
		}
	})

	t.Run("without samples there is no such page", func(t *testing.T) {
		plain, _ := open(t, mailsink.Config{})
		if response := ask(t, plain, "GET", "/samples", ""); response.Code != http.StatusNotFound {
			t.Errorf("%d", response.Code)
		}
		if body := ask(t, plain, "GET", "/", "").Body.String(); strings.Contains(body, "samples") {
			t.Errorf("%s", body)
		}
	})
}
