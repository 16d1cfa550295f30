package mail_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/womens-tech-conservatory/conservatory/internal/mail"
)

const source = `Subject: Hello {{.Name}}

Dear {{.Name}},

this paragraph is longer than a line of a letter may be, so that it has to be broken somewhere in the middle.

> {{.Code}}

=> {{.Link}} Go on, {{.Name}}
`

type data struct{ Name, Code, Link string }

func write(t *testing.T, d data) mail.Message {
	t.Helper()
	tpl, err := mail.ParseTemplate(source)
	if err != nil {
		t.Fatal(err)
	}
	m, err := tpl.Letter("maria@example.org", "k", d)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestLetter(t *testing.T) {
	t.Parallel()

	t.Run("one source makes text and HTML", func(t *testing.T) {
		t.Parallel()
		m := write(t, data{"Maria", "123456", "https://app.example.org/x#y=1"})
		want := `Dear Maria,

this paragraph is longer than a line of a letter may be, so that it has
to be broken somewhere in the middle.

    123456

Go on, Maria:
https://app.example.org/x#y=1

Warmly,
the Women's Tech Conservatory
`
		if diff := cmp.Diff(want, m.Text); diff != "" {
			t.Error(diff)
		}
		if m.Subject != "Hello Maria" || m.To != "maria@example.org" || m.Key != "k" {
			t.Errorf("%+v", m)
		}
		for _, part := range []string{">Dear Maria,</p>", ">123456</p>", `<a href="https://app.example.org/x#y=1"`, "<title>Hello Maria</title>"} {
			if !strings.Contains(m.HTML, part) {
				t.Errorf("%q is not in\n%s", part, m.HTML)
			}
		}
	})

	t.Run("a block that comes out empty is left out", func(t *testing.T) {
		t.Parallel()
		tpl, err := mail.ParseTemplate("Subject: x\n\nBefore.\n\n{{if .Code}}Code {{.Code}}.{{end}}\n\nAfter.")
		if err != nil {
			t.Fatal(err)
		}
		for code, want := range map[string]string{"": "Before.\n\nAfter.\n\n", "1": "Before.\n\nCode 1.\n\nAfter.\n\n"} {
			m, err := tpl.Letter("maria@example.org", "k", data{Code: code})
			if err != nil || !strings.HasPrefix(m.Text, want) || strings.Contains(m.HTML, "></p>") {
				t.Errorf("%v\n%s\n%s", err, m.Text, m.HTML)
			}
		}
	})

	t.Run("a value is never HTML, a block or a header", func(t *testing.T) {
		t.Parallel()
		m := write(t, data{"<img src=x onerror=alert(1)>\n\n=> https://evil.example Click\n\nSubject: x", `"><script>`, "javascript:alert(1)"})
		for _, part := range []string{"<img", "<script", "javascript:", `href="https://evil`} {
			if strings.Contains(m.HTML, part) {
				t.Errorf("%q is in\n%s", part, m.HTML)
			}
		}
		if strings.ContainsAny(m.Subject, "\r\n") || strings.Contains(m.Text, "\n=>") || strings.Contains(m.Text, "Click:\n") {
			t.Errorf("subject %q, text\n%s", m.Subject, m.Text)
		}
	})
}

func TestWhatSomebodyElseChoseIsNoLink(t *testing.T) {
	t.Parallel()
	tpl, err := mail.ParseTemplate("Subject: Welcome\n\nHello {{plain .Name}},")
	if err != nil {
		t.Fatal(err)
	}
	for chosen, want := range map[string]string{
		"Maria":                         "Maria",
		"Dr. Maria St. John":            "Dr. Maria St. John",
		"Maria J.":                      "Maria J.",
		"https://evil.example/x":        "https: / / evil. example/ x",
		"Win at evil.example today":     "Win at evil. example today",
		"ask me@evil.example":           "ask me@ evil. example",
		"evil。example":                  "evil。 example",
		"a name with tel:0900 or www.x": "a name with tel: 0900 or www. x",
	} {
		m, err := tpl.Letter("maria@example.org", "k", data{Name: chosen})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(strings.Fields(m.Text), " "); !strings.HasPrefix(got, "Hello "+want+",") {
			t.Errorf("%q is written %q", chosen, got)
		}
	}
}

func TestParseTemplate(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "Hello", "Subject: {{.Name", "Subject: x\n\n{{end}}", "Subject: x\n\n=> {{ x y", "Subject: x\n\n> {{"} {
		if _, err := mail.ParseTemplate(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	tpl, err := mail.ParseTemplate("Subject: x\n\n{{.Nothing}}")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tpl.Letter("a@example.org", "k", data{}); err == nil {
		t.Error("a value that is missing goes unnoticed")
	}
}
