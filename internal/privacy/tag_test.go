package privacy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
	"github.com/womens-tech-conservatory/conservatory/internal/privacy"
)

const howToTag = `

Every column says what it tells about a person, in internal/privacy/tags*.go; take the file of your domain.
A new column goes into the Columns of its table:

	exported(privacy.Content, "story")        she gets a copy of it
	hidden(None, "position")                  says nothing about a person, or nothing to her
	hidden(Secret, "totp_secret")             opens a door: exported to nobody
	only("granted_by = @person", hidden(Other, "granted_by"))   names somebody else, who acted on her row
	files(exported(Content, "avatar_key"))    a key into the blob store: the file is exported and erased too

Kinds: None Account Contact Content Behaviour Money Security Secret Technical Other.

A new table goes behind the tables it refers to:

	{
		Name: "passkeys", About: "Your passkeys.",   // plain words, for her; leave it out when nothing is exported
		Whose: by("user_id"),                        // or through("post_id", "posts", "id"), or where("… @person …"); nobody's: leave it out
		Rows: Gone,                                  // what her erasure does: Gone deletes; Kept and ByLaw stay, and then
		                                             // each column that tells of her is becomes("''", exported(…))
		Retention: because(whileAccount),            // or after(30*day, "expires_at"): deleted by this package, every hour;
		                                             // or pruned("account.prune", 0, "expires_at"): a job of yours does it
		Columns: columns(exported(Security, "id", "user_id", "name"), hidden(Secret, "public_key")),
	},

A row that another person keeps about her (a block of her) lists that column in Names: it goes, and is not hers to export.`

func TestEveryColumnIsTagged(t *testing.T) {
	t.Parallel()
	there, tagged := catalogue(t), map[string]bool{}
	for _, table := range privacy.Tags() {
		for _, c := range table.Columns {
			name := table.Name + "." + c.Name
			if tagged[name] {
				t.Errorf("%s is tagged twice", name)
			}
			tagged[name] = true
			if !there[name] {
				t.Errorf("%s is tagged and not in the database (any more): take the tag away", name)
			}
		}
	}
	var missing []string
	for name := range there {
		if !tagged[name] {
			missing = append(missing, name)
		}
	}
	slices.Sort(missing)
	if len(missing) > 0 {
		t.Errorf("not tagged: %s%s", strings.Join(missing, ", "), howToTag)
	}
	if len(there) < 250 {
		t.Errorf("only %d columns: the catalogue is not read", len(there))
	}
}

func catalogue(t *testing.T) map[string]bool {
	t.Helper()
	ctx, db := pgtest.Tx(t)
	tx, _ := db.Tx(ctx)
	rows, err := tx.Query(ctx, `SELECT table_name || '.' || column_name FROM information_schema.columns
WHERE table_schema = 'public' AND table_name IN (SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE')`)
	if err != nil {
		t.Fatal(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, name := range names {
		there[name] = true
	}
	return there
}

// A tag that does not go together with itself would leave something behind.
func TestTagsAreWhole(t *testing.T) {
	t.Parallel()
	for _, table := range privacy.Tags() {
		for _, wrong := range flaws(table) {
			t.Errorf("%s%s", wrong, howToTag)
		}
	}
}

func flaws(table privacy.Table) (all []string) {
	say := func(format string, args ...any) { all = append(all, table.Name+": "+fmt.Sprintf(format, args...)) }
	nobodys, r := table.Whose == (privacy.Whose{}), table.Retention
	exports := slices.ContainsFunc(table.Columns, func(c privacy.Column) bool { return c.Exported })
	if (r.After == 0 && r.By == "") == (r.Why == "") || (r.Since == "") == (r.Why == "") {
		say("Retention is either a time after a moment or a reason")
	}
	if exports != (table.About != "") {
		say("About says what is exported, and is empty when nothing is")
	}
	if nobodys && (exports || table.Rows != privacy.Kept || len(table.Names) > 0) {
		say("a table that is nobody's is Kept and exports nothing")
	}
	for _, c := range table.Columns {
		stays := table.Rows == privacy.Kept || table.Rows == privacy.ByLaw
		switch {
		case nobodys && c.Kind != privacy.None && c.Kind != privacy.Technical:
			say("%s tells of a person, and the table has no Whose", c.Name)
		case c.Kind == privacy.Secret && c.Exported:
			say("%s is a secret and must not be exported", c.Name)
		case c.Kind == privacy.Other && c.Exported && c.If == "":
			say("%s names somebody else: export it only(…)", c.Name)
		case c.Fate == privacy.Blanked && !stays:
			say("%s cannot become anything: its row does not stay", c.Name)
		case stays && c.Fate != privacy.Blanked && (c.Kind == privacy.Contact || c.Kind == privacy.Content || c.Kind == privacy.Secret || c.File):
			say("%s is %s and its row stays: say what it becomes(…)", c.Name, c.Kind)
		}
	}
	return all
}

// What is deleted is deleted from the end of the list, so a table stands
// behind those it refers to and those that lead from it to a person.
func TestParentsStandBeforeChildren(t *testing.T) {
	t.Parallel()
	at := map[string]int{}
	for i, table := range privacy.Tags() {
		at[table.Name] = i
	}
	for _, table := range privacy.Tags() {
		if w := table.Whose; w.Table != "" && at[w.Table] >= at[table.Name] {
			t.Errorf("%s leads to a person through %s and must stand behind it", table.Name, w.Table)
		}
	}
	ctx, db := pgtest.Tx(t)
	tx, _ := db.Tx(ctx)
	rows, err := tx.Query(ctx, `SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint
WHERE contype = 'f' AND conrelid <> confrelid AND connamespace = 'public'::regnamespace`)
	if err != nil {
		t.Fatal(err)
	}
	var child, parent string
	_, err = pgx.ForEachRow(rows, []any{&child, &parent}, func() error {
		if at[parent] > at[child] {
			t.Errorf("%s refers to %s and must stand behind it in the tags", child, parent)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
