package softkey_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/pkg/softkey"
)

const (
	creation = `{"challenge":"Y2hhbGxlbmdl","rp":{"id":"example.org"},"user":{"id":"bWFyaWE"},"excludeCredentials":[]}`
	request  = `{"challenge":"Y2hhbGxlbmdl","rpId":"example.org","allowCredentials":[]}`
)

type answer struct {
	ID       string
	Response struct{ ClientDataJSON, AuthenticatorData, UserHandle string }
}

func read(t *testing.T, raw json.RawMessage, err error) (a answer, client, data string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &a); err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]*string{a.Response.ClientDataJSON: &client, a.Response.AuthenticatorData: &data} {
		text, err := base64.RawURLEncoding.DecodeString(from)
		if err != nil {
			t.Fatal(err)
		}
		*to = string(text)
	}
	return a, client, data
}

func TestBrowser(t *testing.T) {
	t.Parallel()
	b := &softkey.Browser{Origin: "https://example.org", Counts: true}
	if _, err := b.Get(json.RawMessage(request)); err == nil {
		t.Error("it answers without a passkey")
	}
	raw, err := b.Create(json.RawMessage(creation))
	made, client, _ := read(t, raw, err)
	if !strings.Contains(client, `"webauthn.create"`) || !strings.Contains(client, `"https://example.org"`) || !strings.Contains(client, `"Y2hhbGxlbmdl"`) {
		t.Errorf("client data %s", client)
	}
	for count := 2; count < 4; count++ {
		raw, err = b.Get(json.RawMessage(request))
		used, _, data := read(t, raw, err)
		if used.ID != made.ID || used.Response.UserHandle != "bWFyaWE" || len(data) != 37 || data[32] != 5 || int(data[36]) != count {
			t.Errorf("%+v, %x, want count %d", used, data, count)
		}
	}
	excluding := strings.Replace(creation, `[]`, `[{"id":"`+made.ID+`"}]`, 1)
	if _, err := b.Create(json.RawMessage(excluding)); err == nil {
		t.Error("it makes a second passkey where one is excluded")
	}
	if _, err := b.Get(json.RawMessage(strings.Replace(request, "example.org", "example.com", 1))); err == nil {
		t.Error("it answers another domain")
	}
}

func TestClone(t *testing.T) {
	t.Parallel()
	b := &softkey.Browser{Origin: "https://example.org", Counts: true}
	if _, err := b.Create(json.RawMessage(creation)); err != nil {
		t.Fatal(err)
	}
	twin := b.Clone()
	for _, one := range []*softkey.Browser{b, twin} {
		raw, err := one.Get(json.RawMessage(request))
		if _, _, data := read(t, raw, err); data[36] != 2 {
			t.Errorf("counts to %d, want 2", data[36])
		}
	}
}
