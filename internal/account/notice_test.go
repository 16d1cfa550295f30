package account

import (
	"strings"
	"testing"
)

func TestNotice(t *testing.T) {
	t.Parallel()

	t.Run("the owner is told what has changed and when", func(t *testing.T) {
		t.Parallel()
		r := committed(t)
		email, u := r.member(t.Context(), t)
		if err := r.Tell(t.Context(), u.ID, FactorRemoved); err != nil {
			t.Fatal(err)
		}
		r.idle(t)
		letters := r.sink.Messages(email)
		if len(letters) != 1 || letters[0].Subject != sentences()[FactorRemoved] {
			t.Fatalf("%+v", letters)
		}
		if text := strings.Join(strings.Fields(letters[0].Text), " "); !strings.Contains(text, noon.Format(letterTime)) ||
			!strings.Contains(text, "https://app.example.org/account/security") {
			t.Error(text)
		}
	})

	t.Run("every letter can be previewed, and leads nowhere but to the frontend", func(t *testing.T) {
		t.Parallel()
		_, r := inTx(t)
		all, err := r.Previews()
		if err != nil || len(all) < 4 {
			t.Fatalf("%d previews, %v", len(all), err)
		}
		for _, p := range all {
			for part := range strings.SplitSeq(p.Message.HTML, `href="`) {
				if link, _, _ := strings.Cut(part, `"`); strings.HasPrefix(link, "http") && !strings.HasPrefix(link, "https://app.example.org/") {
					t.Errorf("%s links to %s", p.Name, link)
				}
			}
		}
	})
}
