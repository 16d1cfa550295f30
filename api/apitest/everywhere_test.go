package apitest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
	"github.com/womens-tech-conservatory/conservatory/internal/privacy"
)

// everywhere is somebody who has a row in every table that can hold one of a
// person, made from the tags and the catalogue, with a canary in every column
// that tells of her.
type everywhere struct {
	apitest.Someone
	name     string
	h        *apitest.House
	other    uuid.UUID                    // acts on her rows
	rows     map[string]map[string]string // table → column → value of her row
	canaries map[string]string            // table.column → what it holds
}

const day = 24 * time.Hour

// given are values that the catalogue cannot tell. A function gets her.
func given() map[string]func(e *everywhere) any {
	is := func(v any) func(*everywhere) any { return func(*everywhere) any { return v } }
	return map[string]func(*everywhere) any{
		"users.state":           is("active"),
		"users.factors":         is("totp"), // see hasFactor
		"audit_log.actor_id":    func(e *everywhere) any { return e.other },
		"audit_log.target_kind": is("user"),
		"audit_log.target_id":   func(e *everywhere) any { return e.ID },
		"audit_log.subject_id":  func(e *everywhere) any { return e.other },
		// Nothing personal may be in it, see TestLogsAndRecordsNameNobody; earlier versions named authors.
		"audit_log.detail": func(e *everywhere) any {
			return fmt.Sprintf(`{"author_id": %q, "about": %q, "space_id": "canary-of-a-space"}`, e.other, e.ID)
		},
		"audit_log.action":         is("session.end"),
		"audit_log.request_id":     is("request"),
		"spaces.cohort_id":         is(nil),
		"stripe_events.state":      is("applied"),
		"stripe_events.livemode":   is(false),
		"exports.state":            is("ready"),
		"erasures.undone_at":       func(e *everywhere) any { return e.now().Add(-time.Hour) }, // an earlier one that she took back
		"erasures.finished_at":     is(nil),
		"posts.reply_to":           is(nil),
		"topics.deleted_at":        is(nil),
		"sessions.revoked_at":      is(nil),
		"sessions.revoked_reason":  is(nil),
		"enrolments.state":         is("active"),
		"enrolments.ended_at":      is(nil),
		"subscriptions.status":     is("canceled"),
		"offers.percent_off":       is(0),
		"offers.amount_off_minor":  is(500),
		"offers.currency":          is("usd"),
		"offers.duration":          is("once"),
		"offers.months":            is(0),
		"stripe_customers.user_id": func(e *everywhere) any { return e.ID },
		"secrets.user_id":          func(e *everywhere) any { return e.ID },
	}
}

// fill gives her a row in every table. A table it cannot fill fails the test.
func (e *everywhere) fill(t *testing.T) {
	t.Helper()
	e.hasFactor(t)
	db := catalogueOf(t, e.h)
	e.rows, e.canaries = map[string]map[string]string{}, map[string]string{}
	for _, table := range privacy.Tags() {
		hers := table.Whose != (privacy.Whose{})
		if !hers && !db.isParent(table.Name) {
			continue
		}
		if !hers && e.takeOne(t, table.Name) {
			continue
		}
		if e.update(t, db, table) {
			continue
		}
		err := e.insertAny(t, db, table, e.ID)
		if len(table.Names) > 0 { // what the other keeps about her; it may be there since the other was filled
			err = errors.Join(unlessThere(err), unlessThere(e.insertAny(t, db, table, e.other)), e.readHers(t, table))
		}
		if err != nil {
			t.Errorf("%s cannot be filled: %v\nSay in given() what the catalogue does not", table.Name, err)
		}
	}
}

// hasFactor lets her session go on although a role is among her rows, which
// asks for a second factor.
func (e *everywhere) hasFactor(t *testing.T) {
	t.Helper()
	for _, sql := range []string{`UPDATE users SET factors = 'totp' WHERE id = $1`, `UPDATE sessions SET proved_by_factor = true WHERE user_id = $1`} {
		if _, err := e.h.App.DB.Pool().Exec(t.Context(), sql, e.ID); err != nil {
			t.Fatal(err)
		}
	}
}

// unlessThere forgives that a row is there already.
func unlessThere(err error) error {
	if err != nil && strings.Contains(err.Error(), "SQLSTATE 23505") {
		return nil
	}
	return err
}

// takeOne takes a row that is there already, of a table that is nobody's.
func (e *everywhere) takeOne(t *testing.T, table string) bool {
	t.Helper()
	return e.read(t, table, "SELECT to_jsonb(t)::text FROM "+table+" t LIMIT 1")
}

func (e *everywhere) read(t *testing.T, table, sql string, args ...any) bool {
	t.Helper()
	var text string
	err := e.h.App.DB.Pool().QueryRow(t.Context(), sql, args...).Scan(&text)
	if err != nil {
		return false
	}
	var row map[string]any
	if err := json.Unmarshal([]byte(text), &row); err != nil {
		t.Fatal(err)
	}
	e.rows[table] = map[string]string{}
	for column, value := range row {
		e.rows[table][column] = fmt.Sprint(value)
	}
	return true
}

// readHers reads her row back, as it is now.
func (e *everywhere) readHers(t *testing.T, table privacy.Table) error {
	t.Helper()
	if !e.read(t, table.Name, fmt.Sprintf("SELECT to_jsonb(t)::text FROM %s t WHERE %s = $1", table.Name, table.Whose.Column), e.ID) {
		return errors.New("her row is not there")
	}
	return nil
}

// update puts canaries into the row she has already, where only one can be
// hers.
func (e *everywhere) update(t *testing.T, db catalogue, table privacy.Table) bool {
	t.Helper()
	if table.Whose.Column == "" || table.Whose.Table != "" || !db[table.Name+"."+table.Whose.Column].alone || e.readHers(t, table) != nil {
		return false
	}
	var set []string
	var args []any
	for _, c := range table.Columns {
		column := db[table.Name+"."+c.Name]
		canary := e.canary(db, table, c)
		if canary == "" || column.made || table.Name == "stripe_customers" { // Stripe knows her by that
			continue
		}
		args = append(args, column.carry(canary))
		set = append(set, fmt.Sprintf(`%q = $%d::text::%s`, c.Name, len(args), column.kind))
		e.plant(t, table, c, canary)
	}
	if len(set) > 0 {
		args = append(args, e.ID)
		sql := fmt.Sprintf(`UPDATE %s SET %s WHERE %s = $%d`, table.Name, strings.Join(set, ", "), table.Whose.Column, len(args))
		if _, err := e.h.App.DB.Pool().Exec(t.Context(), sql, args...); err != nil {
			t.Fatalf("%v\n%s", err, sql)
		}
	}
	return e.readHers(t, table) == nil
}

// plant remembers a canary, and makes the file that it names.
func (e *everywhere) plant(t *testing.T, table privacy.Table, c privacy.Column, canary string) {
	t.Helper()
	e.canaries[table.Name+"."+c.Name] = canary
	if !c.File {
		return
	}
	err := e.h.App.Files.Write(t.Context(), canary, "text/plain", func(w io.Writer) error {
		_, err := io.WriteString(w, "canary-"+e.name+"-in-a-file")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// insertAny inserts a row with everything in it; where columns exclude each
// other, with one of those that may be NULL left out, or with all of them.
func (e *everywhere) insertAny(t *testing.T, db catalogue, table privacy.Table, person uuid.UUID) error {
	t.Helper()
	var optional []string
	for _, c := range table.Columns {
		if db[table.Name+"."+c.Name].null && e.canary(db, table, c) == "" && c.Name != table.Whose.Column {
			optional = append(optional, c.Name)
		}
	}
	first := e.insert(t, db, table, person, nil)
	err := first
	for i := 0; err != nil && i < len(optional); i++ {
		err = e.insert(t, db, table, person, optional[i:i+1])
	}
	if err != nil && e.insert(t, db, table, person, optional) != nil {
		return first
	}
	return nil
}

func (e *everywhere) insert(t *testing.T, db catalogue, table privacy.Table, person uuid.UUID, without []string) error {
	t.Helper()
	var names, marks []string
	var args []any
	for _, c := range table.Columns {
		column := db[table.Name+"."+c.Name]
		if column.made || slices.Contains(without, c.Name) {
			continue
		}
		value, err := e.value(t, db, table, c, person)
		if err != nil {
			return err
		}
		args = append(args, value)
		names = append(names, `"`+c.Name+`"`)
		marks = append(marks, fmt.Sprintf("$%d::text::%s", len(args), column.kind))
	}
	sql := fmt.Sprintf(`INSERT INTO %s (%s) VALUES (%s) RETURNING to_jsonb(%s)::text`, table.Name, strings.Join(names, ", "), strings.Join(marks, ", "), table.Name)
	var text string
	if err := e.h.App.DB.Pool().QueryRow(t.Context(), sql, args...).Scan(&text); err != nil {
		return fmt.Errorf("%w\n%s", err, sql)
	}
	var row map[string]any
	if err := json.Unmarshal([]byte(text), &row); err != nil {
		return err
	}
	e.rows[table.Name] = map[string]string{}
	for column, value := range row {
		e.rows[table.Name][column] = fmt.Sprint(value)
	}
	return nil
}

// value is what a column of her row holds, as text.
func (e *everywhere) value(t *testing.T, db catalogue, table privacy.Table, c privacy.Column, person uuid.UUID) (any, error) {
	name, w := table.Name+"."+c.Name, table.Whose
	column := db[name]
	if fixed, ok := given()[name]; ok {
		return asText(fixed(e)), nil
	}
	switch {
	case c.Name == "email_key" && w.Column != c.Name && table.Name != "users":
		return e.rows["users"]["email_key"], nil
	case strings.Contains(c.Name, "expires"):
		return asText(e.now().Add(day)), nil
	case c.Name == w.Column && w.Table == "":
		return person.String(), nil
	case c.Name == w.Column:
		return e.rows[w.Table][w.Key], nil
	case slices.Contains(table.Names, c.Name) && person == e.other:
		return e.ID.String(), nil
	case column.parent == "users":
		return e.other.String(), nil
	case column.parent != "":
		row, ok := e.rows[column.parent]
		if !ok && column.null {
			return nil, nil
		}
		if !ok {
			return nil, fmt.Errorf("%s refers to %s, of which there is no row", name, column.parent)
		}
		return row[column.key], nil
	}
	if canary := e.canary(db, table, c); canary != "" {
		e.plant(t, table, c, canary)
		return column.carry(canary), nil
	}
	return column.plain(name, e.now())
}

func (e *everywhere) now() time.Time { return e.h.App.Clock.Now() }

// canary is a text that is found nowhere else, for a column that can hold it
// and tells of her; "" for others.
func (e *everywhere) canary(db catalogue, table privacy.Table, c privacy.Column) string {
	column := db[table.Name+"."+c.Name]
	if c.Name == "email_key" && table.Name != "users" {
		return "" // hers, so that it is found
	}
	quiet := slices.Contains([]privacy.Kind{privacy.None, privacy.Technical, privacy.Other}, c.Kind)
	if _, fixed := given()[table.Name+"."+c.Name]; fixed || (quiet && !c.File) || !column.carries() || column.check != "" || c.Name == table.Whose.Column || column.parent != "" {
		return ""
	}
	canary := fmt.Sprintf("canary-%s-%s-%s", e.name, table.Name, c.Name)
	if strings.HasPrefix(c.Name, "email") {
		canary += "@example.org"
	}
	return canary
}

func asText(v any) any {
	switch v := v.(type) {
	case nil:
		return nil
	case time.Time:
		return v.Format(time.RFC3339Nano)
	}
	return fmt.Sprint(v)
}
