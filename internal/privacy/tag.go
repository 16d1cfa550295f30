package privacy

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Kind is what a column tells about a person.
type Kind string

// The kinds.
const (
	None      Kind = "none"      // nothing about a person
	Account   Kind = "account"   // that she has an account, and how it is set up
	Contact   Kind = "contact"   // where she can be reached
	Content   Kind = "content"   // what she wrote or gave us
	Behaviour Kind = "behaviour" // what she did, and when
	Money     Kind = "money"     // what she owes and paid
	Security  Kind = "security"  // how her account is guarded
	Secret    Kind = "secret"    // what opens doors: exported to nobody, not even to her
	Technical Kind = "technical" // how the row is kept
	Other     Kind = "other"     // names somebody else, who acted on her row
)

// Fate is what the erasure of a person does to a row or a column of hers.
type Fate string

// What erasure does. A column has the one of its row, if not said otherwise.
const (
	Kept     Fate = "kept"    // stays: with the tombstone for an account it tells of nobody
	ByLaw    Fate = "by law"  // stays: the books must be kept
	Gone     Fate = "gone"    // the row is deleted
	Blanked  Fate = "blanked" // the value is replaced
	AsChosen Fate = "chosen"  // by her choice, by the domain: see forum.Erase
)

// Column is the tag of a column.
type Column struct {
	Name     string
	Kind     Kind
	Exported bool
	Fate     Fate
	// Becomes is the SQL of the value after erasure, when it is Blanked.
	Becomes string
	// If is the SQL condition under which a value is exported; else it is left
	// empty. "" is always.
	If string
	// As is the SQL of the value that is exported, when that is not the whole of
	// it.
	As string
	// File marks a key into the blob store: the file is exported and erased
	// with the column.
	File bool
}

// Whose leads from a row to a person. The zero value is nobody's.
type Whose struct {
	Column string // holds her id, or names a row of Table by its Key
	Table  string
	Key    string
	SQL    string // or a condition on @person
}

// Retention is how long a row is kept.
type Retention struct {
	After time.Duration // beyond Since; 0: Why says when it ends
	Since string        // SQL of a moment
	By    string        // the kind of job that deletes; "" is this package's own
	Why   string
}

// String says it in words, behind "kept".
func (r Retention) String() string {
	switch days := int(r.After / day); {
	case r.Why != "":
		return r.Why
	case days == 0:
		return "until it is over"
	case days == 1:
		return "for a day"
	default:
		return fmt.Sprintf("for %d days after", days)
	}
}

// Table is the tag of a table.
type Table struct {
	Name string
	// About says in plain words what the rows tell, for the person herself.
	About string
	Whose Whose
	// Names are more columns with her id whose rows go when she is erased, and
	// are not hers to export: what others keep about her.
	Names     []string
	Rows      Fate
	Retention Retention
	Columns   []Column
}

// by is for rows with her id in a column.
func by(column string) Whose { return Whose{Column: column} }

// through is for rows that name another row, which leads to her.
func through(column, table, key string) Whose { return Whose{Column: column, Table: table, Key: key} }

// where is for all other rows. The condition holds @person.
func where(sql string) Whose { return Whose{SQL: sql} }

const day = 24 * time.Hour

// after is the retention of rows that end at a moment.
func after(d time.Duration, since string) Retention { return Retention{After: d, Since: since} }

// pruned is the same where a job of the domain deletes.
func pruned(kind string, d time.Duration, since string) Retention {
	return Retention{After: d, Since: since, By: kind}
}

func because(why string) Retention { return Retention{Why: why} }

// exported tags columns that she gets a copy of.
func exported(k Kind, names ...string) []Column { return tagged(k, true, names) }

// hidden tags columns that say nothing to her, or speak of somebody else.
func hidden(k Kind, names ...string) []Column { return tagged(k, false, names) }

func tagged(k Kind, export bool, names []string) []Column {
	all := make([]Column, len(names))
	for i, name := range names {
		all[i] = Column{Name: name, Kind: k, Exported: export}
	}
	return all
}

// becomes says what erasure leaves in columns whose row is kept.
func becomes(sql string, columns []Column) []Column {
	for i := range columns {
		columns[i].Fate, columns[i].Becomes = Blanked, sql
	}
	return columns
}

// only exports columns where a condition holds: where the value is hers.
func only(sql string, columns []Column) []Column {
	for i := range columns {
		columns[i].Exported, columns[i].If = true, sql
	}
	return columns
}

// as exports a part of a value: the one that is hers.
func as(sql string, columns []Column) []Column {
	for i := range columns {
		columns[i].As = sql
	}
	return columns
}

// files tags columns that are keys into the blob store.
func files(columns []Column) []Column {
	for i := range columns {
		columns[i].File = true
	}
	return columns
}

// columns joins tags of columns.
func columns(lists ...[]Column) []Column { return slices.Concat(lists...) }

// Tags classifies every column of every table, parents before children: what
// is deleted is deleted from the end.
func Tags() []Table {
	all := slices.Concat(accountTags(), entryTags(), signinTags(), profileTags(), factorTags(), membershipTags(), billingTags(), stripeTags(), pauseTags(), moneyBackTags(), givingTags(), sponsorTags(), programmeTags(), forumTags(),
		invitationTags(), systemTags(), privacyTags())
	for i, t := range all {
		for j, c := range t.Columns {
			if c.Fate == "" {
				all[i].Columns[j].Fate = t.Rows
			}
		}
	}
	return all
}

// condition is the SQL that finds her rows; "false" for a table that is
// nobody's.
func (t Table) condition(all []Table) string {
	w := t.Whose
	switch {
	case w.SQL != "":
		return w.SQL
	case w.Table != "":
		return fmt.Sprintf("%s IN (SELECT %s FROM %s WHERE %s)", w.Column, w.Key, w.Table, named(all, w.Table).condition(all))
	case w.Column != "":
		return w.Column + " = @person"
	}
	return "false"
}

// reach is condition for what erasure does: it takes in what others keep about
// her.
func (t Table) reach(all []Table) string {
	parts := []string{t.condition(all)}
	for _, column := range t.Names {
		parts = append(parts, column+" = @person")
	}
	return "(" + strings.Join(parts, " OR ") + ")"
}

func named(all []Table, name string) Table {
	for _, t := range all {
		if t.Name == name {
			return t
		}
	}
	return Table{Name: name}
}
