package apitest_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/privacy"
)

// pair are two people who are everywhere, and act on each other's rows.
func pair(t *testing.T, h *apitest.House) (maria, aisha *everywhere) {
	t.Helper()
	h.World(t)
	maria = &everywhere{Someone: h.Person(t, "maria"), name: "maria", h: h}
	aisha = &everywhere{Someone: h.Person(t, "aisha"), name: "aisha", h: h}
	maria.other, aisha.other = aisha.ID, maria.ID
	for _, e := range []*everywhere{maria, aisha} {
		pays(t, h, e.Someone, "4242424242424242")
		h.Settle(t)
		e.fill(t)
	}
	if t.Failed() {
		t.FailNow()
	}
	return maria, aisha
}

type exported struct {
	ID          uuid.UUID
	State       string
	TablesDone  int `json:"tables_done"`
	TablesTotal int `json:"tables_total"`
	Bytes       int
	ExpiresAt   time.Time `json:"expires_at"`
}

func TestACopyHoldsAllOfHerAndNothingOfAnybodyElse(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	maria, aisha := pair(t, h)
	token := maria.Token
	var asked exported
	h.Do(t, apitest.Call{Method: http.MethodPost, Path: "/v1/me/exports", Token: token}).Must(t, http.StatusAccepted).Into(t, &asked)
	h.Settle(t)
	var done exported
	h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/me/exports/" + asked.ID.String(), Token: token}).Must(t, http.StatusOK).Into(t, &done)
	answer := h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/me/exports/" + asked.ID.String() + "/file", Token: token}).Must(t, http.StatusOK)
	if done.State != "ready" || done.TablesDone != done.TablesTotal || done.TablesTotal < 15 || done.Bytes != len(answer.Body) {
		t.Errorf("%+v, and the file has %d bytes", done, len(answer.Body))
	}
	files := unzip(t, answer.Body)

	t.Run("every column that is hers to have is there, in both formats", func(t *testing.T) {
		seen := 0
		for _, table := range privacy.Tags() {
			for _, c := range table.Columns {
				canary := maria.canaries[table.Name+"."+c.Name]
				if canary == "" || !c.Exported {
					continue
				}
				seen++
				for _, name := range []string{"json/" + table.Name + ".json", "csv/" + table.Name + ".csv"} {
					if !strings.Contains(files[name], carried(canary, files[name])) {
						t.Errorf("%s.%s is not in %s", table.Name, c.Name, name)
					}
				}
			}
		}
		if seen < 30 {
			t.Errorf("only %d canaries", seen)
		}
	})
	t.Run("whatever its type, a value is the one in the database", func(t *testing.T) {
		for _, table := range privacy.Tags() {
			if table.About != "" && !slices.ContainsFunc(rowsIn(t, files["json/"+table.Name+".json"]), maria.isRow(table)) {
				t.Errorf("%s: her row is not in the copy, or not all of it: %s", table.Name, files["json/"+table.Name+".json"])
			}
		}
	})
	t.Run("files come with it", func(t *testing.T) {
		for _, table := range privacy.Tags() {
			for _, c := range table.Columns {
				if key := maria.canaries[table.Name+"."+c.Name]; key != "" && c.File && c.Exported && files["files/"+key] != "canary-maria-in-a-file" {
					t.Errorf("the file of %s.%s is %q", table.Name, c.Name, files["files/"+key])
				}
			}
		}
	})
	all := everything(files)
	t.Run("secrets are named and not shown", func(t *testing.T) {
		for _, table := range privacy.Tags() {
			for _, c := range table.Columns {
				canary := maria.canaries[table.Name+"."+c.Name]
				if canary != "" && !c.Exported && strings.Contains(all, canary) {
					t.Errorf("%s.%s is in it", table.Name, c.Name)
				}
			}
		}
		if !strings.Contains(files["README.txt"], "users: password hash") {
			t.Errorf("%s", files["README.txt"])
		}
	})
	t.Run("nothing of anybody else is there, not even who acted", func(t *testing.T) {
		for _, not := range []string{"canary-aisha", aisha.ID.String(), aisha.Email} {
			for name, text := range files {
				if not == aisha.ID.String() && namesOthers(name) {
					continue // whom she has blocked is hers to know
				}
				if at := strings.Index(text, not); at >= 0 {
					t.Errorf("%s in %s: …%.200s", not, name, text[max(at-80, 0):])
				}
			}
		}
	})
	t.Run("of what an act says more, all is there but who else it names", func(t *testing.T) {
		hers := func(row map[string]any) bool {
			d, _ := row["detail"].(map[string]any)
			return len(d) == 2 && d["about"] == maria.ID.String() && d["space_id"] == "canary-of-a-space"
		}
		if log := files["json/audit_log.json"]; !slices.ContainsFunc(rowsIn(t, log), hers) {
			t.Error(log)
		}
	})
	t.Run("somebody else cannot have it, and it tells nobody that it is there", func(t *testing.T) {
		for _, path := range []string{"", "/file"} {
			h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/me/exports/" + asked.ID.String() + path, Token: aisha.Token}).Must(t, http.StatusNotFound)
		}
	})
}

// namesOthers tells the files of tables in which she keeps something about
// others.
func namesOthers(file string) bool {
	return slices.ContainsFunc(privacy.Tags(), func(table privacy.Table) bool {
		return len(table.Names) > 0 && slices.Contains([]string{"json/" + table.Name + ".json", "csv/" + table.Name + ".csv"}, file)
	})
}

func rowsIn(t *testing.T, text string) (rows []map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &rows); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return rows
}

// isRow finds her row of a table by all columns that she gets.
func (e *everywhere) isRow(table privacy.Table) func(map[string]any) bool {
	return func(row map[string]any) bool {
		for _, c := range table.Columns {
			if value, there := row[c.Name]; there != c.Exported || (c.Exported && c.If == "" && c.As == "" && fmt.Sprint(value) != e.rows[table.Name][c.Name]) {
				return false
			}
		}
		return true
	}
}

// carried is a canary as its column shows it: bytes are written as digits.
func carried(canary, text string) string {
	if strings.Contains(text, canary) {
		return canary
	}
	return hexOf(canary)
}

func unzip(t *testing.T, body []byte) map[string]string {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = string(text)
	}
	return files
}

func everything(files map[string]string) string {
	var b strings.Builder
	for _, text := range files {
		b.WriteString(text)
	}
	return b.String()
}

func TestCopiesComeAndGo(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	maria := h.Person(t, "maria")
	later := clock.NewManual(time.Now())
	p := apart(t, h, later, privacy.Config{})
	ask := func() apitest.Answer {
		return h.Do(t, apitest.Call{Method: http.MethodPost, Path: "/v1/me/exports", Token: maria.Token})
	}
	file := func(id uuid.UUID) apitest.Answer {
		return h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/me/exports/" + id.String() + "/file", Token: maria.Token})
	}
	var first exported
	ask().Must(t, http.StatusAccepted).Into(t, &first)
	h.Settle(t)

	t.Run("a mail says that it is ready", func(t *testing.T) {
		m, err := h.Mail.Wait(t.Context(), maria.Email, nil)
		if err != nil || !strings.Contains(m.Subject, "copy of your data is ready") {
			t.Errorf("%q %v", m.Subject, err)
		}
	})
	t.Run("three a day, then tomorrow", func(t *testing.T) {
		for range 2 {
			ask().Must(t, http.StatusAccepted)
			h.Settle(t)
		}
		a := ask()
		if a.Status != http.StatusTooManyRequests || a.Code() != "exports-too-many" || a.Header.Get("Retry-After") == "" {
			t.Errorf("%d %s", a.Status, a.Body)
		}
	})
	t.Run("it needs a fresh proof of who she is", func(t *testing.T) {
		if _, err := h.App.DB.Pool().Exec(t.Context(), `UPDATE sessions SET proved_at = now() - interval '11 minutes' WHERE user_id = $1`, maria.ID); err != nil {
			t.Fatal(err)
		}
		for _, a := range []apitest.Answer{ask(), file(first.ID)} {
			if a.Status != http.StatusUnauthorized || a.Code() != account.ErrStepUp.Code {
				t.Errorf("%d %s", a.Status, a.Body)
			}
		}
		maria.Token = h.LogIn(t, maria.Email)
		file(first.ID).Must(t, http.StatusOK)
	})
	t.Run("after a day the file is gone", func(t *testing.T) {
		later.Advance(24*time.Hour + time.Minute)
		if _, _, _, err := p.OpenExport(t.Context(), maria.Actor(), first.ID); err == nil || err.Error() != privacy.ErrExportGone.Code {
			t.Errorf("before the file is deleted: %v", err)
		}
		if err := p.ExpireExports(t.Context()); err != nil {
			t.Fatal(err)
		}
		if a := file(first.ID); a.Status != http.StatusGone || a.Code() != "export-gone" {
			t.Errorf("%d %s", a.Status, a.Body)
		}
		if keys, err := h.App.Files.List(t.Context(), "exports/"); err != nil || len(keys) != 0 {
			t.Errorf("%v %v", keys, err)
		}
	})
	t.Run("one that breaks off is made again from the start", func(t *testing.T) {
		e, err := p.AskForExport(t.Context(), maria.Actor())
		if err != nil {
			t.Fatal(err)
		}
		h.Settle(t) // whoever came first has made it
		if _, err := h.App.DB.Pool().Exec(t.Context(), `UPDATE exports SET state = 'working', tables_done = 3 WHERE id = $1`, e.ID); err != nil {
			t.Fatal(err)
		}
		if err := p.MakeExport(t.Context(), e.ID); err != nil {
			t.Fatal(err)
		}
		unzip(t, file(e.ID).Must(t, http.StatusOK).Body)
	})
}
