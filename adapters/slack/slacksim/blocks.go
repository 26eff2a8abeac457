package slacksim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Limits of Block Kit. https://docs.slack.dev/reference/block-kit/blocks
const (
	maxBlocks        = 50
	maxViewBlocks    = 100
	maxSectionText   = 3000
	maxFields        = 10
	maxFieldText     = 2000
	maxHeaderText    = 150
	maxContext       = 10
	maxActions       = 25
	maxButtonText    = 75
	maxID            = 255
	maxValue         = 2000
	maxMarkdownTotal = 12000
	maxButtonURL     = 3000
	maxAltText       = 2000
)

// length counts as strictly as Slack might: the documentation does not say
// whether it counts code points or UTF-16 units, so the larger of both.
func length(text string) int {
	return max(utf8.RuneCountInString(text), len(utf16.Encode([]rune(text))))
}

type (
	block      = map[string]any
	blockCheck struct {
		problems []string
		ids      map[string]bool
		markdown int
		at       string
	}
)

// checkBlocks validates blocks and returns them with a block_id on each.
// The caller holds mu.
func (s *Sim) checkBlocks(raw json.RawMessage, limit int) (json.RawMessage, error) {
	var list []block
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, apiError{code: "invalid_blocks_format"}
	}
	c := &blockCheck{ids: map[string]bool{}}
	if len(list) > limit {
		c.problem("no more than %d items allowed", limit)
	}
	for i, b := range list {
		c.at = fmt.Sprintf("/blocks/%d", i)
		c.block(b)
		if text(b, "block_id") == "" {
			b["block_id"] = s.newBlockID()
		}
	}
	if c.markdown > maxMarkdownTotal {
		return nil, fail("msg_too_long")
	}
	if c.problems != nil {
		return nil, apiError{code: "invalid_blocks", messages: c.problems}
	}
	return encode(list), nil
}

func (c *blockCheck) problem(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf("[ERROR] "+format+" [json-pointer:%s]", append(args, c.at)...))
}

func (c *blockCheck) block(b block) {
	id := text(b, "block_id")
	if length(id) > maxID {
		c.problem("block_id must be less than 256 characters")
	}
	if id != "" && c.ids[id] {
		c.problem("block_id %q already exists", id)
	}
	c.ids[id] = true
	switch kind := text(b, "type"); kind {
	case "section":
		c.section(b)
	case "header":
		c.object(b["text"], maxHeaderText, "plain_text")
	case "divider":
	case "context":
		c.context(b)
	case "actions":
		c.actions(b)
	case "rich_text":
		c.richText(b)
	case "markdown":
		c.markdown += length(text(b, "text"))
		if text(b, "text") == "" {
			c.problem("missing required field: text")
		}
	case "image":
		if text(b, "alt_text") == "" || length(text(b, "alt_text")) > maxAltText {
			c.problem("alt_text must be 1 to %d characters", maxAltText)
		}
	case "input":
		c.object(b["label"], maxFieldText, "plain_text")
		c.element(b["element"])
	case "file", "video", "table", "call":
	default:
		c.problem("unsupported type: %s", kind)
	}
}

func (c *blockCheck) section(b block) {
	list, hasFields := b["fields"].([]any)
	if b["text"] != nil {
		c.object(b["text"], maxSectionText, "mrkdwn", "plain_text")
	} else if !hasFields {
		c.problem("must define either `fields` or `text`")
	}
	if hasFields && (len(list) == 0 || len(list) > maxFields) {
		c.problem("fields must have 1 to %d items", maxFields)
	}
	for _, field := range list {
		c.object(field, maxFieldText, "mrkdwn", "plain_text")
	}
	if b["accessory"] != nil {
		c.element(b["accessory"])
	}
}

func (c *blockCheck) context(b block) {
	list, _ := b["elements"].([]any)
	if len(list) == 0 || len(list) > maxContext {
		c.problem("context must have 1 to %d elements", maxContext)
	}
	for _, e := range list {
		if m, ok := e.(block); ok && text(m, "type") == "image" {
			continue
		}
		c.object(e, maxSectionText, "mrkdwn", "plain_text")
	}
}

func (c *blockCheck) actions(b block) {
	list, _ := b["elements"].([]any)
	if len(list) == 0 || len(list) > maxActions {
		c.problem("actions must have 1 to %d elements", maxActions)
	}
	ids := map[string]bool{}
	for _, e := range list {
		c.element(e)
		m, _ := e.(block)
		id := text(m, "action_id")
		if id != "" && ids[id] {
			c.problem("action_id %q already exists", id)
		}
		ids[id] = true
	}
}

// element checks an interactive element.
func (c *blockCheck) element(v any) {
	e, ok := v.(block)
	if !ok {
		c.problem("element must be an object")
		return
	}
	if length(text(e, "action_id")) > maxID {
		c.problem("action_id must be less than 256 characters")
	}
	switch kind := text(e, "type"); {
	case kind == "button":
		c.object(e["text"], maxButtonText, "plain_text")
		if length(text(e, "value")) > maxValue {
			c.problem("value must be less than 2001 characters")
		}
		if length(text(e, "url")) > maxButtonURL {
			c.problem("url must be less than 3001 characters")
		}
		if s := text(e, "style"); s != "" && s != "primary" && s != "danger" {
			c.problem("style %q is not allowed", s)
		}
	case strings.HasSuffix(kind, "_select"), strings.HasSuffix(kind, "_input"), strings.HasSuffix(kind, "picker"),
		kind == "overflow", kind == "checkboxes", kind == "radio_buttons", kind == "image", kind == "workflow_button":
	default:
		c.problem("unsupported element type: %s", kind)
	}
}

// object checks a text object.
func (c *blockCheck) object(v any, limit int, kinds ...string) {
	o, ok := v.(block)
	if !ok {
		c.problem("missing required field: text")
		return
	}
	if !slices.Contains(kinds, text(o, "type")) {
		c.problem("text type %q is not allowed here", text(o, "type"))
	}
	if body := text(o, "text"); body == "" || length(body) > limit {
		c.problem("text must be 1 to %d characters", limit)
	}
}

func (c *blockCheck) richText(b block) {
	list, ok := b["elements"].([]any)
	if !ok || len(list) == 0 {
		c.problem("missing required field: elements")
	}
	for _, e := range list {
		m, _ := e.(block)
		switch kind := text(m, "type"); kind {
		case "rich_text_section", "rich_text_quote", "rich_text_preformatted":
			c.leaves(m)
		case "rich_text_list":
			items, _ := m["elements"].([]any)
			for _, item := range items {
				section, _ := item.(block)
				if text(section, "type") != "rich_text_section" {
					c.problem("a list holds rich_text_section elements")
					continue
				}
				c.leaves(section)
			}
		default:
			c.problem("unsupported rich text element: %s", kind)
		}
	}
}

func (c *blockCheck) leaves(section block) {
	list, ok := section["elements"].([]any)
	if !ok {
		c.problem("missing required field: elements")
	}
	for _, e := range list {
		m, _ := e.(block)
		required := ""
		switch kind := text(m, "type"); kind {
		case "text":
			required = "text"
		case "link":
			required = "url"
		case "user":
			required = "user_id"
		case "usergroup":
			required = "usergroup_id"
		case "channel":
			required = "channel_id"
		case "broadcast":
			required = "range"
		case "emoji":
			required = "name"
		case "color":
			required = "value"
		case "date":
			continue
		default:
			c.problem("unsupported rich text element: %s", kind)
			continue
		}
		if text(m, required) == "" {
			c.problem("missing required field: %s", required)
		}
	}
}

// text returns a string field of a decoded object.
func text(b block, name string) string {
	s, _ := b[name].(string)
	return s
}
