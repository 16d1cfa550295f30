package programme

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

// check gives everything that is wrong with a version, in the order of items.
func check(v NewVersion) []fault.Field {
	c := checker{items: v.Items, at: map[uuid.UUID]NewItem{}, must: map[uuid.UUID][]uuid.UUID{}}
	if strings.TrimSpace(v.Slug) == "" || strings.TrimSpace(v.Title) == "" {
		c.say("#", "name-missing", "A programme needs a slug and a title.")
	}
	c.index()
	for n, i := range v.Items {
		c.item(fmt.Sprintf("#/items/%d", n), i)
	}
	if len(c.fields) == 0 {
		c.circle()
	}
	return c.fields
}

type checker struct {
	items  []NewItem
	at     map[uuid.UUID]NewItem
	must   map[uuid.UUID][]uuid.UUID // the mandatory lessons of a module
	fields []fault.Field
}

func (c *checker) say(pointer, code, detail string) {
	c.fields = append(c.fields, fault.Field{Pointer: pointer, Code: code, Detail: detail})
}

func (c *checker) index() {
	mandatory := false
	for n, i := range c.items {
		if _, twice := c.at[i.Lineage]; twice {
			c.say(fmt.Sprintf("#/items/%d/lineage", n), "lineage-duplicate", fmt.Sprintf("%q has the lineage of another item.", i.Title))
		}
		c.at[i.Lineage] = i
		if i.Mandatory && i.Module != uuid.Nil {
			c.must[i.Module] = append(c.must[i.Module], i.Lineage)
		}
		mandatory = mandatory || (i.Mandatory && i.Kind != Module)
	}
	if !mandatory {
		c.say("#/items", "mandatory-none", "At least one lesson or milestone must be mandatory, or everybody has finished before she begins.")
	}
}

func (c *checker) item(pointer string, i NewItem) {
	if i.Lineage == uuid.Nil || strings.TrimSpace(i.Title) == "" || !slices.Contains([]Kind{Module, Lesson, Milestone}, i.Kind) {
		c.say(pointer, "item-incomplete", "An item needs a lineage, a title and one of the kinds module, lesson, milestone.")
	}
	if i.ReleaseMinute < 0 || i.ReleaseMinute > 1439 || i.Minutes < 0 || (i.ReleaseDays != nil && *i.ReleaseDays < 0) {
		c.say(pointer, "time-out-of-range", "Days and minutes cannot be negative, and a day has 1440 minutes.")
	}
	if i.Module != uuid.Nil && (c.at[i.Module].Kind != Module || i.Kind == Module) {
		c.say(pointer+"/module", "module-unknown", fmt.Sprintf("%q must be in a module of this version, and a module in none.", i.Title))
	}
	if i.Kind == Module && i.Mandatory && len(c.must[i.Lineage]) == 0 {
		c.say(pointer, "module-empty", fmt.Sprintf("%q is mandatory but none of its lessons is, so it could never be met.", i.Title))
	}
	for n, id := range i.Requires {
		at := fmt.Sprintf("%s/requires/%d", pointer, n)
		required, known := c.at[id]
		switch {
		case !known:
			c.say(at, "prerequisite-unknown", fmt.Sprintf("%q requires an item that is not in this version.", i.Title))
		case required.Kind == Module && len(c.must[id]) == 0:
			c.say(at, "prerequisite-empty", fmt.Sprintf("%q requires %q, which has no mandatory lesson and can never be met.", i.Title, required.Title))
		case slices.Contains(i.Requires[:n], id):
			c.say(at, "prerequisite-duplicate", fmt.Sprintf("%q requires %q twice.", i.Title, required.Title))
		}
	}
}

// circle looks for items that wait for each other.
func (c *checker) circle() {
	seen := map[uuid.UUID]bool{}
	for n, i := range c.items {
		if ring := c.walk(i.Lineage, nil, seen); ring != nil {
			titles := make([]string, len(ring))
			for k, id := range ring {
				titles[k] = c.at[id].Title
			}
			c.say(fmt.Sprintf("#/items/%d/requires", n), "prerequisite-cycle", "These wait for each other: "+strings.Join(titles, " → ")+".")
			return
		}
	}
}

// walk follows what id waits for and gives the first way back to itself.
func (c *checker) walk(id uuid.UUID, path []uuid.UUID, seen map[uuid.UUID]bool) []uuid.UUID {
	if n := slices.Index(path, id); n >= 0 {
		return append(slices.Clone(path[n:]), id)
	}
	if seen[id] {
		return nil
	}
	path = append(path, id)
	for _, next := range c.waitsFor(id) {
		if ring := c.walk(next, path, seen); ring != nil {
			return ring
		}
	}
	seen[id] = true
	return nil
}

// waitsFor is what must be met before id can be: its prerequisites, those of
// its module, and for a module its mandatory lessons.
func (c *checker) waitsFor(id uuid.UUID) []uuid.UUID {
	i := c.at[id]
	return slices.Concat(i.Requires, c.at[i.Module].Requires, c.must[id])
}
