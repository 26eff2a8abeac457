package discordsim

import (
	"encoding/json"
	"strings"
)

// draft is what a create or edit carries.
type draft struct {
	Content     *string         `json:"content"`
	Nonce       json.RawMessage `json:"nonce"`
	Enforce     bool            `json:"enforce_nonce"`
	Embeds      json.RawMessage `json:"embeds"`
	Components  json.RawMessage `json:"components"`
	Mentions    *allowed        `json:"allowed_mentions"`
	Attachments *[]struct {
		ID       json.RawMessage `json:"id"`
		Filename string          `json:"filename"`
	} `json:"attachments"`
	Flags     *int            `json:"flags"`
	Reference json.RawMessage `json:"message_reference"`
	// Those of webhooks.
	Username string   `json:"username"`
	Avatar   string   `json:"avatar_url"`
	Name     string   `json:"thread_name"`
	Tags     []string `json:"applied_tags"`
}

func (d *draft) nonce() string {
	raw := strings.Trim(string(d.Nonce), `"`)
	if raw == "null" {
		return ""
	}
	return raw
}

// check holds the limits of a message.
// https://docs.discord.com/developers/resources/message#create-message-jsonform-params
func (c *call) check(d *draft, files int) error {
	content := ""
	if d.Content != nil {
		content = *d.Content
	}
	if err := checkEmbeds(d.Embeds); err != nil {
		return err
	}
	switch {
	case length(content) > 2000:
		return badForm("content", "Must be 2000 or fewer in length.")
	case len(d.nonce()) > 25:
		return badForm("nonce", "Must be 25 or fewer in length.")
	case d.Mentions.bad() != "":
		return badForm(d.Mentions.bad(), "parse and users are mutually exclusive")
	case files > 10:
		return badForm("files", "Must be 10 or fewer in length.")
	}
	for _, f := range c.files {
		if int64(len(f.data)) > c.s.opts.MaxFile {
			return errSize
		}
	}
	if err := checkComponents(d.Components); err != nil {
		return err
	}
	if normal(content) == "" && files == 0 && none(d.Embeds) && none(d.Components) {
		return refuse(400, 50006, "Cannot send an empty message")
	}
	return nil
}

// none says whether a list is missing, null or empty.
func none(list json.RawMessage) bool {
	text := strings.Join(strings.Fields(string(list)), "")
	return text == "" || text == "null" || text == "[]"
}

// checkComponents holds the rules of buttons in rows.
// https://docs.discord.com/developers/components/reference#button
func checkComponents(raw json.RawMessage) error {
	if len(raw) == 0 {
		return nil
	}
	var rows []struct {
		Type       int `json:"type"`
		Components []struct {
			CustomID string `json:"custom_id"`
			Label    string `json:"label"`
			URL      string `json:"url"`
		} `json:"components"`
	}
	if json.Unmarshal(raw, &rows) != nil || len(rows) > 5 {
		return badForm("components", "Must be 5 or fewer in length.")
	}
	seen := map[string]bool{}
	for _, row := range rows {
		if len(row.Components) > 5 {
			return badForm("components", "Must be 5 or fewer in length.")
		}
		for _, b := range row.Components {
			if len(b.CustomID) > 100 || length(b.Label) > 80 || b.CustomID != "" && seen[b.CustomID] || (b.CustomID == "") == (b.URL == "") {
				return badForm("components", "custom_id is invalid or duplicated")
			}
			seen[b.CustomID] = true
		}
	}
	return nil
}

// mayWrite checks the permissions for a post by the bot.
func (c *call) mayWrite(ch *channel, d *draft) error {
	s := c.s
	need := SendMessages
	if ch.thread() {
		need = SendMessagesInThreads
	}
	if len(c.files) > 0 {
		need |= AttachFiles
	}
	switch {
	case ch.forum():
		return refuse(400, 50008, "Cannot send messages in a non-text channel")
	case !s.has(ch, need):
		return errPerms
	case !none(d.Embeds) && !s.has(ch, EmbedLinks):
		return errPerms
	case ch.thread() && ch.locked && !s.has(ch, ManageThreads):
		return errLocked
	}
	return nil
}
