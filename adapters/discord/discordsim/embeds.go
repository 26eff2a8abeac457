package discordsim

import (
	"encoding/json"
	"fmt"
)

// embed is what of an embed has a limit.
type embed struct {
	Title       string `json:"title"`
	Description string `json:"description"`
	Fields      []struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	} `json:"fields"`
	Footer struct {
		Text string `json:"text"`
	} `json:"footer"`
	Author struct {
		Name string `json:"name"`
	} `json:"author"`
}

// checkEmbeds holds the limits of embeds: each part's, and 6,000 for all text together.
// https://docs.discord.com/developers/resources/message#embed-object-embed-limits
func checkEmbeds(raw json.RawMessage) error {
	if none(raw) {
		return nil
	}
	var list []embed
	if json.Unmarshal(raw, &list) != nil {
		return badForm("embeds", "Only iterables may be used")
	}
	if len(list) > 10 {
		return badForm("embeds", "Must be 10 or fewer in length.")
	}
	total := 0
	for i, e := range list {
		size, err := e.check(fmt.Sprintf("embeds.%d", i))
		if err != nil {
			return err
		}
		total += size
	}
	if total > 6000 {
		return badForm("embeds", "Embed size exceeds maximum size of 6000")
	}
	return nil
}

// check holds one embed's limits and returns how much text it has.
func (e *embed) check(at string) (size int, err error) {
	part := func(name, text string, limit int) {
		n := length(text)
		size += n
		if n > limit && err == nil {
			err = badForm(at+"."+name, fmt.Sprintf("Must be %d or fewer in length.", limit))
		}
	}
	part("title", e.Title, 256)
	part("description", e.Description, 4096)
	part("footer.text", e.Footer.Text, 2048)
	part("author.name", e.Author.Name, 256)
	if len(e.Fields) > 25 {
		return size, badForm(at+".fields", "Must be 25 or fewer in length.")
	}
	for i, f := range e.Fields {
		name := fmt.Sprintf("fields.%d.", i)
		part(name+"name", f.Name, 256)
		part(name+"value", f.Value, 1024)
		if (f.Name == "" || f.Value == "") && err == nil {
			err = badForm(at+"."+name+"value", "This field is required")
		}
	}
	return size, err
}
