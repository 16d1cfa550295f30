package mail

import (
	"fmt"
	"maps"
	"slices"
)

// Preview is a letter filled in with invented values, to look at.
type Preview struct {
	Name    string // domain/letter
	Message Message
}

// Previews fills in letters of one domain with the same data, in the order of
// their names.
func Previews(letters map[string]*Template, data any) ([]Preview, error) {
	all := make([]Preview, 0, len(letters))
	for _, name := range slices.Sorted(maps.Keys(letters)) {
		m, err := letters[name].Letter("maria@example.org", "preview", data)
		if err != nil {
			return nil, fmt.Errorf("preview the letter %s: %w", name, err)
		}
		all = append(all, Preview{Name: name, Message: m})
	}
	return all, nil
}
