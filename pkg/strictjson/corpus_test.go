package strictjson_test

import (
	"testing"

	"github.com/womens-tech-conservatory/conservatory/pkg/strictjson"
)

func TestEveryWellFormedTextIsAccepted(t *testing.T) {
	t.Parallel()
	for _, s := range accepted() {
		if err := strictjson.Check([]byte(s), strictjson.Limits{}); err != nil {
			t.Errorf("%q: %v", s, err)
		}
		var v any
		if err := strictjson.Decode([]byte(s), &v, strictjson.Limits{}); err != nil {
			t.Errorf("decode %q: %v", s, err)
		}
	}
}

func TestEveryIllFormedTextIsRefused(t *testing.T) {
	t.Parallel()
	for _, s := range refused() {
		if err := strictjson.Check([]byte(s), strictjson.Limits{}); err == nil {
			t.Errorf("%q was accepted", s)
		}
	}
}

func accepted() []string {
	return []string{
		`0`, `-0`, `1`, `-1`, `10`, `1.5`, `-1.25`, `0.1`, `1e5`, `1E5`, `1e+5`, `1e-5`, `0e0`, `123.456e78`, `-0.0`,
		`1234567890123456789`, `0.00000000000000000000000000000000001`,
		`true`, `false`, `null`, ` null `, "\n\t\r 1 \n",
		`""`, `"a"`, `"\""`, `"\\"`, `"\/"`, `"\b\f\n\r\t"`, `"\u00e9"`, `"\u0001"`, `"\ud834\udd1e"`, `"\uDBFF\uDFFF"`,
		`"é"`, `"€"`, `"😀"`, "\"\u2028\u2029\"", "\"\x7f\"", "\"\uffff\"", `"\uFFFE"`, `"/*c*/"`, `"\u002c"`, "\"\ufeff\"",
		`[]`, `[ ]`, `[1]`, `[1,2]`, `[[]]`, `["a",1,null,true,{}]`, `[1 , 2]`, "[1\n]", `[[[[]]]]`, `[""]`,
		`{}`, `{ }`, `{"":0}`, `{"a":1}`, `{"a":{"a":{}}}`, `{"a":1,"b":2}`, `{"A":1,"a":2}`, "{\n\"a\" :\t1 }",
		`{"é":1}`, `{"__proto__":{}}`, `{"a":[],"b":{}}`, `{"\"":"'"}`, `{"a\/b":1}`,
	}
}

func refused() []string {
	bad := []string{
		// numbers
		`01`, `-01`, `+1`, `1.`, `.5`, `-.5`, `1e`, `1e+`, `1E-`, `1.e1`, `-`, `--1`, `0x1`, `0X1F`, `1_000`, `1,5`, `1 000`,
		`Infinity`, `-Infinity`, `NaN`, `nan`, `inf`, `1f`, `１`, `1e1.5`, `0e`, `00`, `-a`, `1a`, `0b1`, `0o7`, `1+2`, `2.5.6`,
		// literals
		`tru`, `True`, `TRUE`, `fals`, `nul`, `Null`, `nulll`, `truefalse`, `undefined`, `*`, `a`, `é`,
		// strings
		`"`, `"a`, `a"`, `'a'`, `"\x41"`, `"\a"`, `"\u12"`, `"\u12G4"`, `"\"`, `"\u"`, `"\U0041"`, "\"\n\"", "\"\t\"", "\"\x1f\"",
		"\"\x00\"", `"\ud800"`, `"\udc00\ud800"`, `"\ud800\u0041"`, `"\ud800x"`, "\"\x80\"", "\"\xff\"", "\"\xc3\"", "\"\xe2\x82\"",
		"\"\xf8\x88\x80\x80\x80\"", "\"\xed\xbf\xbf\"", "\"\xc0\x80\"", "\"\xf4\x90\x80\x80\"", `"\u0000"`, `"a" "b"`, "`a`", "\u201ca\u201d",
		// arrays
		`[`, `]`, `[1`, `[1,`, `[,]`, `[1,]`, `[,1]`, `[1,,2]`, `[1 2]`, `[1;2]`, `[1:2]`, `[1}`, `[]]`, `[][]`, `["a"`, `["a",`, `[a]`,
		`[1]x`, "[\f]", "[\v1]", "[\u00a0]", "[\u2060]", `[-]`, `[+1]`, `[[]`, `[}`, `[1,2,3,4,]`, `["a":1]`, `[...]`,
		// objects
		`{`, `}`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{,}`, `{,"a":1}`, `{"a":1,,"b":2}`, `{"a" 1}`, `{"a"::1}`, `{"a",1}`,
		`{a:1}`, `{'a':1}`, `{1:1}`, `{null:1}`, `{[]:1}`, `{"a":1 "b":2}`, `{"a":1;"b":2}`, `{"a":}`, `{:1}`, `{"a":1}}`, `{"a":1]`, `{{}}`,
		`{"a":1}{`, `{"a":1,"a":1}`, `{"a":1,"\u0061":1}`, `{"a"=1}`, `{"a":b}`, `{"a":1, b:2}`, `{""}`,
		// comments, marks, other
		`//x`, `/**/1`, `1//x`, `{}/**/`, `{"a":/**/1}`, `#`, "\ufeff{}", "\xff\xfe{\x00}\x00", "\x00", "1\x00", "{}\x00", `<a/>`,
		`a=b`, `1 2`, `{} []`, `{}{}`, ``, ` `, "\n", "\x1a", `;`, `,`, `:`, `\u0031`, `(1)`, `{"a":1}'`, `["a"]"`,
	}
	return bad
}
