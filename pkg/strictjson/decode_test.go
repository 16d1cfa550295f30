package strictjson_test

import (
	stdjson "encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/womens-tech-conservatory/conservatory/pkg/strictjson"
)

type address struct {
	Street string `json:"street"`
}

type person struct {
	Name    string             `json:"name"`
	Age     int8               `json:"age"`
	Score   float64            `json:"score"`
	Active  bool               `json:"active"`
	Born    *time.Time         `json:"born"`
	Nick    *string            `json:"nick"`
	Tags    []string           `json:"tags"`
	Homes   []address          `json:"homes"`
	Extra   map[string]int     `json:"extra"`
	Raw     stdjson.RawMessage `json:"raw"`
	Visits  uint16             `json:"visits"`
	Private string             `json:"-"`
}

func TestDecodeStoresEveryField(t *testing.T) {
	t.Parallel()
	body := `{"name":"Ada","age":36,"score":1.5,"active":true,"born":"1815-12-10T00:00:00Z","nick":null,
		"tags":["x"],"homes":[{"street":"Dorset"}],"extra":{"k":1},"raw":{"any":[1]},"visits":65535}`
	born := time.Date(1815, 12, 10, 0, 0, 0, 0, time.UTC)
	want := person{
		Name: "Ada", Age: 36, Score: 1.5, Active: true, Born: &born, Tags: []string{"x"},
		Homes: []address{{"Dorset"}}, Extra: map[string]int{"k": 1}, Raw: stdjson.RawMessage(`{"any":[1]}`), Visits: 65535,
	}
	var got person
	if err := strictjson.Decode([]byte(body), &got, strictjson.Limits{}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeNamesTheFieldThatDoesNotFit(t *testing.T) {
	t.Parallel()
	for body, want := range map[string][2]string{
		`{"label":"x"}`:                       {"field-unknown", "/label"},
		`{"Name":"x"}`:                        {"field-unknown", "/Name"},
		`{"NAME":"x","name":"y"}`:             {"field-unknown", "/NAME"},
		`{"-":"x"}`:                           {"field-unknown", "/-"},
		`{"Private":"x"}`:                     {"field-unknown", "/Private"},
		`{"homes":[{"street":"a"},{"no":1}]}`: {"field-unknown", "/homes/1/no"},
		`{"name":1}`:                          {"type-wrong", "/name"},
		`{"name":null}`:                       {"type-wrong", "/name"},
		`{"age":null}`:                        {"type-wrong", "/age"},
		`{"age":"1"}`:                         {"type-wrong", "/age"},
		`{"age":1.5}`:                         {"type-wrong", "/age"},
		`{"age":1.0}`:                         {"type-wrong", "/age"},
		`{"age":1e2}`:                         {"type-wrong", "/age"},
		`{"age":128}`:                         {"type-wrong", "/age"},
		`{"visits":-1}`:                       {"type-wrong", "/visits"},
		`{"visits":99999999999999999999999}`:  {"type-wrong", "/visits"},
		`{"score":1e999}`:                     {"type-wrong", "/score"},
		`{"active":1}`:                        {"type-wrong", "/active"},
		`{"born":"yesterday"}`:                {"type-wrong", "/born"},
		`{"tags":"x"}`:                        {"type-wrong", "/tags"},
		`{"tags":null}`:                       {"type-wrong", "/tags"},
		`{"tags":["x",null]}`:                 {"type-wrong", "/tags/1"},
		`{"tags":["x",{}]}`:                   {"type-wrong", "/tags/1"},
		`{"extra":{"k":"v"}}`:                 {"type-wrong", "/extra/k"},
		`{"homes":{}}`:                        {"type-wrong", "/homes"},
		`[]`:                                  {"type-wrong", ""},
		`null`:                                {"type-wrong", ""},
		`"x"`:                                 {"type-wrong", ""},
		`{"name":"a","name":"b"}`:             {"key-duplicate", "/name"},
		`{"name":"a\u0000"}`:                  {"text-nul", "/name"},
		``:                                    {"body-empty", ""},
	} {
		t.Run(body, func(t *testing.T) {
			t.Parallel()
			var got person
			code, pointer := verdict(t, strictjson.Decode([]byte(body), &got, strictjson.Limits{}))
			if code != want[0] || pointer != want[1] {
				t.Errorf("got (%q, %q), want %q", code, pointer, want)
			}
		})
	}
}

func TestDecodeRefusesAnUnusableDestination(t *testing.T) {
	t.Parallel()
	for _, dst := range []any{nil, person{}, (*person)(nil)} {
		if err := strictjson.Decode([]byte(`{}`), dst, strictjson.Limits{}); err == nil {
			t.Errorf("%T was accepted", dst)
		}
	}
}
