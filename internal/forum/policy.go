package forum

import "time"

// Kind of a space: who it is for.
type Kind string

// The kinds of spaces.
const (
	Global Kind = "global"
	Cohort Kind = "cohort"
	Staff  Kind = "staff"
)

// May is what somebody may do in a space.
type May struct{ Read, Reply, Create, Lead bool }

// Names lists what she may, in the words of the contract.
func (m May) Names() []string {
	names := []string{}
	for _, c := range []struct {
		may  bool
		name string
	}{{m.Read, "read"}, {m.Reply, "reply"}, {m.Create, "create"}, {m.Lead, "lead"}} {
		if c.may {
			names = append(names, c.name)
		}
	}
	return names
}

// facts are what decides about one person in one space.
type facts struct {
	Kind       Kind
	Access     string // none, read_only, full; what is over counts as none
	Enrolment  string // active, paused, completed, or nothing
	Staff      bool   // holds any role everywhere
	Leads      bool   // moderator or admin everywhere
	Coaches    bool   // leads the cohort of the space: has a role in it, or is in its team and a coach
	Given      bool   // has a role in this very space
	OpensAt    *time.Time
	ReadOnlyAt *time.Time
}

// may decides. The condition seenSQL says the same about reading; a test
// compares them on every combination.
func may(f facts, now time.Time) May {
	var m May
	switch f.Kind {
	case Global:
		m = byAccess(f.Access)
		if f.Staff {
			m = May{Read: true, Reply: true, Create: true, Lead: f.Leads}
		}
	case Staff:
		m = May{Read: f.Staff, Reply: f.Staff, Create: f.Staff, Lead: f.Leads}
	case Cohort:
		m = inCohort(f)
	}
	if f.Given {
		m = leading()
	}
	if f.OpensAt != nil && now.Before(*f.OpensAt) && !m.Lead {
		return May{}
	}
	if f.ReadOnlyAt != nil && !now.Before(*f.ReadOnlyAt) {
		m.Reply, m.Create = false, false
	}
	return m
}

func leading() May { return May{Read: true, Reply: true, Create: true, Lead: true} }

func byAccess(level string) May {
	full := level == "full"
	return May{Read: full || level == "read_only", Reply: full, Create: full}
}

func inCohort(f facts) May {
	if f.Coaches {
		return leading()
	}
	m := byAccess(f.Access)
	switch f.Enrolment {
	case "active":
		return m
	case "paused", "completed":
		return May{Read: m.Read}
	}
	return May{}
}

// mayChange: the author while she may still write here; those who lead always.
func mayChange(m May, mine bool) bool { return m.Lead || (mine && m.Reply) }
