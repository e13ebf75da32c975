package terms

import "regexp"

// Attributes returns the name of every attribute in the schema.
func Attributes() []string {
	var names []string
	for _, m := range regexp.MustCompile(`([a-z_]+): [A-Z]`).FindAllStringSubmatch(cedarSchema, -1) {
		names = append(names, m[1])
	}
	return names
}
