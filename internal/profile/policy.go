package profile

// Audience says who may see a field of a profile.
type Audience string

// The audiences, each with all of the one before.
const (
	OnlyMe    Audience = "only_me"
	MyCohorts Audience = "my_cohorts" // whoever sits in, or coaches, a cohort of hers
	Members   Audience = "members"    // whoever may open the directory
)

// relation is how a viewer stands to the owner of a profile.
type relation int

const (
	member relation = iota
	mate
	self
)

// admits decides about one field. What is searched for is decided by the
// columns for_members and for_my_cohorts; a test compares them.
func (a Audience) admits(viewer relation) bool {
	switch a {
	case Members:
		return true
	case MyCohorts:
		return viewer >= mate
	case OnlyMe:
		return viewer == self
	}
	return false
}

// shown is the only way from a stored profile to what somebody sees of it.
func shown(r record, viewer relation) Member {
	m := Member{ID: r.UserID, DisplayName: r.Name}
	if r.For.TimeZone.admits(viewer) {
		m.TimeZone = r.TimeZone
	}
	if r.For.Pronouns.admits(viewer) {
		m.Pronouns = r.Pronouns
	}
	if r.For.Headline.admits(viewer) {
		m.Headline = r.Headline
	}
	if r.For.Story.admits(viewer) {
		m.StoryHTML = r.StoryHTML
	}
	if r.For.YearsAway.admits(viewer) {
		m.YearsAway = r.YearsAway
	}
	if r.For.Skills.admits(viewer) {
		m.Skills = lines(r.Skills)
	}
	if r.For.Goals.admits(viewer) {
		m.Goals = lines(r.Goals)
	}
	if r.For.Links.admits(viewer) {
		m.Links = lines(r.Links)
	}
	if r.For.Avatar.admits(viewer) {
		m.Avatar = r.Avatar
	}
	return m
}
