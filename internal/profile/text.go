package profile

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/pkg/markdown"
)

// What fits; the contract says the same.
const (
	longestHeadline = 120
	longestPronouns = 40
	longestStory    = 10_000
	longestSkill    = 60
	longestGoal     = 200
	longestLink     = 300
	mostSkills      = 20
	mostGoals       = 10
	mostLinks       = 10
	mostYears       = 60
)

// checker collects what is not right, so that all of it can be told at once.
type checker struct{ fields []fault.Field }

func (c *checker) no(pointer, code, detail string) {
	c.fields = append(c.fields, fault.Field{Pointer: pointer, Code: code, Detail: detail})
}

// clean trims what is given, checks it and renders the story. Fault:
// fault.ErrInvalid at every place that is not right.
func clean(e Edit) (_ Edit, html string, err error) {
	var c checker
	e.Headline = c.line("/headline", e.Headline, longestHeadline)
	e.Pronouns = c.line("/pronouns", e.Pronouns, longestPronouns)
	e.Skills = c.list("/skills", e.Skills, mostSkills, longestSkill)
	e.Goals = c.list("/goals", e.Goals, mostGoals, longestGoal)
	e.Links = c.list("/links", e.Links, mostLinks, longestLink)
	c.https(e.Links)
	if e.YearsAway != nil && e.YearsAway.To != nil && (*e.YearsAway.To < 0 || *e.YearsAway.To > mostYears) {
		c.no("/years_away", "years-away", fmt.Sprintf("Years are a number from 0 to %d.", mostYears))
	}
	if e.Story != nil {
		if html, err = c.story(*e.Story); err != nil {
			return e, "", err
		}
	}
	if len(c.fields) > 0 {
		return e, "", fault.ErrInvalid.At(c.fields...)
	}
	return e, html, nil
}

func (c *checker) line(pointer string, given *string, longest int) *string {
	if given == nil {
		return nil
	}
	s := strings.TrimSpace(*given)
	if !oneLine(s, longest) {
		c.no(pointer, "one-line", fmt.Sprintf("This is one line of at most %d characters.", longest))
	}
	return &s
}

// list trims, leaves out what is empty or there twice, and asks for one line
// each.
func (c *checker) list(pointer string, given *[]string, most, longest int) *[]string {
	if given == nil {
		return nil
	}
	kept, seen := []string{}, map[string]bool{}
	for n, s := range *given {
		s = strings.TrimSpace(s)
		if !oneLine(s, longest) {
			c.no(fmt.Sprintf("%s/%d", pointer, n), "one-line", fmt.Sprintf("This is one line of at most %d characters.", longest))
		}
		if key := strings.ToLower(s); s != "" && !seen[key] {
			seen[key] = true
			kept = append(kept, s)
		}
	}
	if len(*given) > most {
		c.no(pointer, "too-many", fmt.Sprintf("There is room for %d.", most))
	}
	return &kept
}

// https lets links through that a browser shows as what they are.
func (c *checker) https(links *[]string) {
	if links == nil {
		return
	}
	for n, link := range *links {
		u, err := url.Parse(link)
		if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Opaque != "" || strings.ContainsFunc(link, unicode.IsSpace) {
			c.no(fmt.Sprintf("/links/%d", n), "link", "A link begins with https:// and names a place.")
		}
	}
}

func (c *checker) story(text string) (html string, err error) {
	if utf8.RuneCountInString(text) > longestStory || strings.ContainsRune(text, 0) {
		c.no("/story", "story-length", fmt.Sprintf("A story has at most %d characters.", longestStory))
		return "", nil
	}
	html, err = markdown.Render(text)
	if no, ok := errors.AsType[*markdown.Error](err); ok {
		c.no("/story", strings.Replace(no.Code, "text-", "story-", 1), strings.ToUpper(no.Detail[:1])+no.Detail[1:]+".")
		return "", nil
	}
	return html, err
}

// oneLine refuses controls, line ends and what turns the direction of text.
func oneLine(s string, longest int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= longest && !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || unicode.In(r, unicode.Zl, unicode.Zp)
	})
}

// lines takes apart what joined has put together.
func lines(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

func joined(list []string) string { return strings.Join(list, "\n") }
