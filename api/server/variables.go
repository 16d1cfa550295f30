package server

import (
	"fmt"
	"reflect"
	"strings"
)

// Variable is one setting, as people read about it.
type Variable struct {
	Name    string
	Default string
	Help    string
	Secret  bool
}

// Variables lists every setting in the order of Config.
func Variables() []Variable {
	var all []Variable
	for field := range reflect.TypeFor[Config]().Fields() {
		all = append(all, Variable{
			Name: field.Tag.Get("env"), Default: field.Tag.Get("envDefault"), Help: field.Tag.Get("help"), Secret: field.Tag.Get("secret") == "true",
		})
	}
	return all
}

// Explain writes the settings for `serve --help`.
func Explain() string {
	var b strings.Builder
	b.WriteString("Everything is set by environment:\n\n")
	for _, v := range Variables() {
		fmt.Fprintf(&b, "%s", v.Name)
		if v.Default != "" {
			fmt.Fprintf(&b, " (default %s)", v.Default)
		}
		fmt.Fprintf(&b, "\n    %s\n\n", v.Help)
	}
	return b.String()
}

// Example writes the settings as an environment file to copy.
func Example() string {
	var b strings.Builder
	b.WriteString("# Every setting of Conservatory. Copy to .env and fill in; `conservatory doctor` says what is wrong.\n")
	b.WriteString("# Written from the code (go test ./api/server -run EnvExample -update); change the explanations there.\n\n")
	for _, v := range Variables() {
		fmt.Fprintf(&b, "# %s\n", v.Help)
		if v.Default == "" {
			fmt.Fprintf(&b, "#%s=\n\n", v.Name)
			continue
		}
		fmt.Fprintf(&b, "#%s=%s\n\n", v.Name, v.Default)
	}
	return b.String()
}
