package strictjson_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/womens-tech-conservatory/conservatory/pkg/strictjson"
)

func verdict(t *testing.T, err error) (code, pointer string) {
	t.Helper()
	if err == nil {
		return "", ""
	}
	var e *strictjson.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %T (%v), want *strictjson.Error", err, err)
	}
	if e.Detail == "" || len(e.Pointer) > 256 {
		t.Errorf("detail %q, pointer of %d bytes: want a detail and a bounded pointer", e.Detail, len(e.Pointer))
	}
	return e.Code, e.Pointer
}

func TestCheckNamesTheReasonAndThePlace(t *testing.T) {
	t.Parallel()
	many := func(n int) string { return strings.TrimSuffix(strings.Repeat("0,", n), ",") }
	long := strings.Repeat("k", 300)
	for name, c := range map[string]struct{ body, code, pointer string }{
		"an empty body":                        {"", "body-empty", ""},
		"white space only":                     {" \r\n\t", "body-empty", ""},
		"a plain object":                       {`{"a":[1,{"b":null}]}`, "", ""},
		"a truncated object":                   {`{"a":[1,`, "json-malformed", "/a"},
		"a second value":                       {`{} {}`, "json-trailing", ""},
		"rubbish after the value":              {`{}x`, "json-trailing", ""},
		"a NUL byte after the value":           {"{}\x00", "json-trailing", ""},
		"invalid UTF-8 in a string":            {"{\"a\":\"\xff\"}", "text-invalid", "/a"},
		"invalid UTF-8 in a key":               {"{\"a\":{\"x\xff\":1}}", "text-invalid", "/a"},
		"an overlong encoding":                 {"[\"\xc0\xaf\"]", "text-invalid", ""},
		"an encoded surrogate":                 {"[\"\xed\xa0\x80\"]", "text-invalid", ""},
		"a lone high surrogate":                {`{"a":"\ud800"}`, "text-invalid", "/a"},
		"a lone low surrogate":                 {`["\udc00"]`, "text-invalid", ""},
		"a surrogate pair":                     {`["\ud83d\ude00"]`, "", ""},
		"an escaped NUL":                       {`{"a":["x\u0000y"]}`, "text-nul", "/a/0"},
		"an escaped NUL in a key":              {`{"a":{"\u0000":1}}`, "text-nul", "/a"},
		"a raw NUL in a string":                {"{\"a\":\"x\x00\"}", "text-nul", ""},
		"an escaped backslash before u0000":    {`["\\u0000"]`, "", ""},
		"a duplicate key":                      {`{"a":{"b":1,"b":2}}`, "key-duplicate", "/a/b"},
		"a duplicate key by escape":            {`{"a":1,"\u0061":2}`, "key-duplicate", "/a"},
		"keys that differ in case":             {`{"a":1,"A":2}`, "", ""},
		"the same key in two objects":          {`[{"a":1},{"a":1}]`, "", ""},
		"32 levels":                            {strings.Repeat("[", 32) + strings.Repeat("]", 32), "", ""},
		"33 levels":                            {strings.Repeat("[", 33) + strings.Repeat("]", 33), "json-too-deep", strings.Repeat("/0", 32)},
		"a hundred thousand levels":            {strings.Repeat("[", 100_000), "json-too-deep", strings.Repeat("/0", 32)},
		"1000 elements":                        {`{"a":[` + many(1000) + `]}`, "", ""},
		"1001 elements":                        {`{"a":[` + many(1001) + `]}`, "array-too-long", "/a"},
		"200 keys":                             {`{"o":{` + keys(200) + `}}`, "", ""},
		"201 keys":                             {`{"o":{` + keys(201) + `}}`, "object-too-large", "/o"},
		"a pointer that would be too long":     {`{"a":{"` + long + `":"\ud800"}}`, "text-invalid", "/a"},
		"a key that needs escaping in pointer": {`{"a/b~c":["\u0000"]}`, "text-nul", "/a~1b~0c/0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, pointer := verdict(t, strictjson.Check([]byte(c.body), strictjson.Limits{}))
			if code != c.code || pointer != c.pointer {
				t.Errorf("got (%q, %q), want (%q, %q)", code, pointer, c.code, c.pointer)
			}
		})
	}
}

func keys(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`"k` + strings.Repeat("x", i) + `":{}`)
	}
	return b.String()
}

func TestCheckCountsACollectionAsItsParentsElement(t *testing.T) {
	t.Parallel()
	limit := strictjson.Limits{Elements: 2, Keys: 2, Depth: 3}
	for body, want := range map[string]string{
		`{"a":[[],[]]}`:           "",
		`{"a":[[],[],[]]}`:        "array-too-long /a",
		`{"a":[{},{},{"b":1}]}`:   "array-too-long /a",
		`[[0,1],[0,1,2]]`:         "array-too-long /1",
		`{"a":{},"b":[]}`:         "",
		`[{"a":{},"b":[],"c":0}]`: "object-too-large /0",
		`[[[[]]]]`:                "json-too-deep /0/0/0",
	} {
		code, pointer := verdict(t, strictjson.Check([]byte(body), limit))
		if got := strings.TrimSpace(code + " " + pointer); got != want {
			t.Errorf("%s: got %q, want %q", body, got, want)
		}
	}
}

func TestMalformedDetailTellsTheByteOffset(t *testing.T) {
	t.Parallel()
	err := strictjson.Check([]byte(`{"a": nul}`), strictjson.Limits{})
	want := &strictjson.Error{Code: "json-malformed", Pointer: "/a", Detail: "not valid JSON at byte 9"}
	var got *strictjson.Error
	if !errors.As(err, &got) {
		t.Fatalf("got %v", err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestErrorsNeverQuoteSubmittedValues(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	type dst struct {
		N    int      `json:"n"`
		Text string   `json:"text"`
		List []string `json:"list"`
	}
	for _, body := range []string{
		`{"text":"hunter2\u0000"}`, `{"text":"hunter2\ud800"}`, `{"text":"hunter2`, `{"text":hunter2}`,
		`{"n":"hunter2"}`, `{"list":"hunter2"}`, `{"list":["a",{"hunter2":1}]}`, `{"text":"x"}hunter2`, `"hunter2"`,
	} {
		var d dst
		err := strictjson.Decode([]byte(body), &d, strictjson.Limits{})
		if err == nil {
			t.Errorf("%s was accepted", body)
		} else if strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error quotes the value: %v", body, err)
		}
	}
}

func FuzzCheck(f *testing.F) {
	for _, s := range append(accepted(), refused()...) {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		err := strictjson.Check(body, strictjson.Limits{})
		verdict(t, err)
		if err != nil {
			return
		}
		var v any
		if err := strictjson.Decode(body, &v, strictjson.Limits{}); err != nil {
			code, _ := verdict(t, err)
			if code != "type-wrong" {
				t.Errorf("checked %q, but decoding said %v", body, err)
			}
		}
	})
}
