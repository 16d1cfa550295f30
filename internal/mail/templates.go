package mail

import (
	"fmt"
	"io/fs"
)

// ReadTemplates reads the letters of a domain, each from letters/NAME.txt.
func ReadTemplates(files fs.FS, into map[string]**Template) error {
	for name, letter := range into {
		source, err := fs.ReadFile(files, "letters/"+name+".txt")
		if err != nil {
			return fmt.Errorf("read the letter %s: %w", name, err)
		}
		if *letter, err = ParseTemplate(string(source)); err != nil {
			return fmt.Errorf("read the letter %s: %w", name, err)
		}
	}
	return nil
}
