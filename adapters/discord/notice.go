package discord

import (
	"strings"

	"github.com/sidebridge/sidebridge/mapping/markup"
)

// attachmentName makes a file's name one that Discord takes, and never a path.
func attachmentName(name string) string {
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = markup.CleanName(name)
	if name == "" || name == "." || name == ".." {
		return "file"
	}
	return name
}
