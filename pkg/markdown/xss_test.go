package markdown_test

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/womens-tech-conservatory/conservatory/pkg/markdown"
)

var (
	allowedAttributes = map[string]*regexp.Regexp{
		"a href": regexp.MustCompile(`^(https?://[^\s<>"\\]+|mailto:[^\s<>"\\]+)$`), "a rel": regexp.MustCompile(`^nofollow noopener noreferrer ugc$`),
		"ol start": regexp.MustCompile(`^\d{1,9}$`), "code class": regexp.MustCompile(`^language-[\w+#.-]{1,40}$`),
		"th align": regexp.MustCompile(`^(left|right|center)$`), "td align": regexp.MustCompile(`^(left|right|center)$`),
		"input type": regexp.MustCompile(`^checkbox$`), "input checked": regexp.MustCompile(`^$`), "input disabled": regexp.MustCompile(`^$`),
	}
	allowedElements = strings.Fields("p br hr h1 h2 h3 h4 h5 h6 strong em del blockquote ul ol li pre code table thead tbody tr th td a input")
)

// unsafe lists what in a fragment is not allowed, as a browser would parse it.
func unsafe(fragment string) []string {
	nodes, err := html.ParseFragment(strings.NewReader(fragment), &html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div})
	if err != nil {
		return []string{err.Error()}
	}
	var bad []string
	var visit func(n *html.Node)
	visit = func(n *html.Node) {
		switch n.Type {
		case html.ElementNode:
			bad = append(bad, unsafeElement(n)...)
		case html.TextNode:
		default:
			bad = append(bad, fmt.Sprintf("node of type %d", n.Type))
		}
		for c := range n.ChildNodes() {
			visit(c)
		}
	}
	for _, n := range nodes {
		visit(n)
	}
	return bad
}

func unsafeElement(n *html.Node) []string {
	var bad []string
	if !slices.Contains(allowedElements, n.Data) {
		bad = append(bad, "element "+n.Data)
	}
	for _, a := range n.Attr {
		form := allowedAttributes[n.Data+" "+a.Key]
		if form == nil || a.Namespace != "" || !form.MatchString(a.Val) {
			bad = append(bad, fmt.Sprintf("attribute %s %s=%q", n.Data, a.Key, a.Val))
		}
		if a.Key == "href" {
			if u, err := url.Parse(a.Val); err != nil || !slices.Contains([]string{"http", "https", "mailto"}, u.Scheme) {
				bad = append(bad, "link to "+a.Val)
			}
		}
	}
	if n.Data == "a" && len(n.Attr) != 2 {
		bad = append(bad, fmt.Sprintf("link with attributes %v", n.Attr))
	}
	return bad
}

func TestTheCheckerItselfSeesWhatIsUnsafe(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		`<script>x</script>`, `<p onclick=x>`, `<a href="javascript:x" rel="nofollow noopener noreferrer ugc">`, `<a href="https://x">`,
		`<img src=x>`, `<p id=a>`, `<code class="a">`, `<svg>`, `<!-- a -->`, `<input type=text>`, `<p style="x">`, `<a rel="nofollow noopener noreferrer ugc">`,
	} {
		if len(unsafe(s)) == 0 {
			t.Errorf("%s passed", s)
		}
	}
}

// payloads are elements × events, and schemes × spellings, and a list of oddities.
func payloads() []string {
	out := []string{
		`<script>alert(1)</script>`, `<ScRiPt>alert(1)</sCrIpT>`, `<script/src=//x.example>`, `<script\x20>alert(1)</script>`, "<scr\x00ipt>alert(1)</script>",
		`"><script>alert(1)</script>`, `'><script>alert(1)</script>`, `--><script>alert(1)</script>`, `]]><script>alert(1)</script>`, `</textarea><script>alert(1)</script>`,
		`<<script>alert(1)//<</script>`, `<script<script>>alert(1)</script>`, `<iframe srcdoc="<script>alert(1)</script>">`, `<iframe src=javascript:alert(1)>`,
		`<object data="javascript:alert(1)">`, `<embed src="javascript:alert(1)">`, `<base href="javascript:/">`, `<meta http-equiv=refresh content="0;url=javascript:alert(1)">`,
		`<link rel=stylesheet href=//x.example>`, `<style>@import '//x.example'</style>`, `<style><img src="</style><img src=x onerror=alert(1)//">`,
		`<svg><script>alert(1)</script></svg>`, `<svg><animate attributeName=href values=javascript:alert(1) /><a id=x><text>a</text></a>`,
		`<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">`,
		`<math href="javascript:alert(1)">x</math>`, `<noscript><p title="</noscript><img src=x onerror=alert(1)>">`, `<form id=a><input name=b></form>`,
		`<form action=javascript:alert(1)><button>x</button></form>`, `<a name=getElementById>`, `<img name=body>`, `<template><script>alert(1)</script></template>`,
		`<xmp><p title="</xmp><img src=x onerror=alert(1)>">`, `<title><img src=x onerror=alert(1)></title>`, `<plaintext><script>alert(1)</script>`,
		`<p style="background:url(javascript:alert(1))">`, `<div style="width:expression(alert(1))">`, `<!--[if IE]><script>alert(1)</script><![endif]-->`,
		`<?xml version="1.0"?><script>alert(1)</script>`, `<![CDATA[<script>alert(1)</script>]]>`, `&lt;script&gt;alert(1)&lt;/script&gt;`, `&#60;script&#62;alert(1)`,
		`\<script\>alert(1)\</script\>`, "`<script>`<img src=x onerror=alert(1)>`", `{{constructor.constructor('alert(1)')()}}`, `${alert(1)}`, `<%= alert(1) %>`,
		`" onmouseover="alert(1)`, `' onmouseover='alert(1)`, "` onmouseover=alert(1)", `x"onload="alert(1)`, `https://x.example/"onmouseover="alert(1)`,
		`https://x.example/' onmouseover='alert(1)`, `https://x.example/><script>alert(1)</script>`, "https://x.example/`onmouseover=alert(1)", `a@x.example"onclick="alert(1)`,
		"＜script＞alert(1)＜/script＞", "<\u017fcript>alert(1)</\u017fcript>", "\u2028<script>alert(1)</script>", "<a href=\"\u0001javascript:alert(1)\">x</a>",
	}
	for element := range strings.FieldsSeq("img svg body video audio details input select textarea button iframe object marquee form keygen isindex custom-tag p table a math") {
		for event := range strings.FieldsSeq("onerror onload onfocus onclick onmouseover ontoggle onbegin onpointerenter onanimationstart onwheel") {
			out = append(out, fmt.Sprintf("<%s src=x %s=alert(1) autofocus>", element, event))
		}
	}
	for _, scheme := range []string{
		"javascript:", "JaVaScRiPt:", "java\tscript:", "java&#10;script:", "&#106;avascript:", "&#x6A;avascript:", "javascript&colon;", "javascript&#58;", "\x01javascript:",
		" javascript:", "vbscript:", "data:text/html,", "data:text/html;base64,", "data:image/svg+xml,", "file:///", "blob:", "view-source:", "jar:", "livescript:", "feed:javascript:",
		"javascript\\:", "java\\script:", "%6Aavascript:", "javascript://x.example/%0a", "//", "\\\\x.example\\", "/\\x.example/", "http:javascript:", "https:\\\\", "about:", "intent:", "tel:",
	} {
		out = append(out, scheme+"alert(1)", "<"+scheme+"alert(1)>", `<a href="`+scheme+`alert(1)">x</a>`)
	}
	return out
}

func contexts(p string) []string {
	return []string{
		p, "[a](" + p + ")", "[a](<" + p + ">)", `[a](https://x.example "` + p + `")`, "![" + p + "](" + p + ")", "[a]\n\n[a]: " + p,
		"```" + p + "\nx\n```", "|a|b|\n|-|-|\n|" + p + "|x|", "- [ ] " + p, "> # " + p, "`" + p, "**" + p + "**", "<" + p + ">", "    " + p, "[" + p + "](https://x.example)",
	}
}

func TestNoPayloadGetsThroughInAnyContext(t *testing.T) {
	t.Parallel()
	all := payloads()
	if len(all) < 300 {
		t.Fatalf("only %d payloads", len(all))
	}
	for _, p := range all {
		for _, src := range contexts(p) {
			got, err := markdown.Render(src)
			if err != nil {
				t.Errorf("%q: %v", src, err)
			}
			if bad := unsafe(got); len(bad) > 0 {
				t.Errorf("%q became %q: %v", src, got, bad)
			}
		}
	}
}

func FuzzRender(f *testing.F) {
	for _, p := range payloads()[:60] {
		f.Add(p)
	}
	f.Add("- > 1. a\n\n|a|\n|-|\n[b]: c\n~~d~~ `e` ***f***\n\n```g\nh")
	f.Fuzz(func(t *testing.T, src string) {
		got, err := markdown.Render(src)
		if err != nil {
			return
		}
		if bad := unsafe(got); len(bad) > 0 {
			t.Errorf("%q became %q: %v", src, got, bad)
		}
		if again, err := markdown.Render(src); err != nil || again != got {
			t.Errorf("rendering again gave %q, %v", again, err)
		}
		if text := markdown.Text(got, 50); len([]rune(text)) > 50 {
			t.Errorf("excerpt of %d characters", len([]rune(text)))
		}
	})
}
