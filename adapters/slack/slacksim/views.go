package slacksim

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

const (
	maxViewTitle    = 24
	maxView         = 250 << 10
	maxViewMetadata = 3000
)

// view is an open modal.
type view struct {
	id, user, hash string
	body           block
	notifyOnClose  bool
	// problems are what the app had against the last submission, by block, and typed
	// is what was submitted.
	problems map[string]string
	typed    values
}

// values are what a view's inputs hold, by block and action.
type values map[string]map[string]struct {
	Value    *string
	Selected struct{ Value string } `json:"selected_option"`
}

// View is an open modal as tests see it.
type View struct {
	ID, User, CallbackID, PrivateMetadata string
	// JSON is the whole view as the app sent it.
	JSON json.RawMessage
	// Errors are what the app had against the last submission, by block.
	Errors map[string]string
}

// viewsOpen opens a modal for the person whose trigger it carries.
// https://docs.slack.dev/reference/methods/views.open
func (s *Sim) viewsOpen(c *call) (any, error) {
	id := c.args.text("trigger_id")
	t, known := s.triggers[id]
	switch {
	case !known:
		return nil, fail("invalid_trigger_id")
	case t.used:
		return nil, fail("exchanged_trigger_id")
	case s.now().Sub(t.born) > triggerLife:
		return nil, fail("expired_trigger_id")
	}
	body, err := s.readView(c.args.raw("view"))
	if err != nil {
		return nil, err
	}
	t.used = true
	s.triggers[id] = t
	notify, _ := body["notify_on_close"].(bool)
	v := &view{id: s.newID("V"), user: t.user, body: body, hash: s.newSecret(), notifyOnClose: notify}
	s.views[v.id] = v
	return ok().with("view", s.wireView(v)), nil
}

func (s *Sim) readView(raw json.RawMessage) (block, error) {
	var body block
	if len(raw) > maxView {
		return nil, fail("view_too_large")
	}
	if json.Unmarshal(raw, &body) != nil || text(body, "type") != "modal" {
		return nil, apiError{code: "invalid_arguments", messages: []string{"[ERROR] failed to match all allowed schemas [json-pointer:/view]"}}
	}
	c := &blockCheck{at: "/view"}
	c.object(body["title"], maxViewTitle, "plain_text")
	if length(text(body, "private_metadata")) > maxViewMetadata {
		c.problem("private_metadata must be less than 3001 characters")
	}
	if length(text(body, "callback_id")) > maxID {
		c.problem("callback_id must be less than 256 characters")
	}
	list, err := json.Marshal(body["blocks"])
	if err == nil {
		list, err = s.checkBlocks(list, maxViewBlocks)
	}
	if err != nil {
		return nil, err
	}
	if c.problems != nil {
		return nil, apiError{code: "invalid_arguments", messages: c.problems}
	}
	body["blocks"] = json.RawMessage(list)
	return body, nil
}

func (s *Sim) wireView(v *view) fields {
	f := fields{}
	for key, value := range v.body {
		f[key] = value
	}
	return f.with("id", v.id).with("team_id", s.opts.TeamID).with("app_id", s.opts.AppID).with("bot_id", s.opts.BotID).
		with("hash", v.hash).with("root_view_id", v.id).with("previous_view_id", nil).
		with("state", fields{"values": fields{}}).with("app_installed_team_id", s.opts.TeamID)
}

// Views returns the modals that are open, oldest first.
func (s *Sim) Views() []View {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []View
	for _, v := range s.views {
		out = append(out, View{
			ID: v.id, User: v.user, CallbackID: text(v.body, "callback_id"),
			PrivateMetadata: text(v.body, "private_metadata"), JSON: encode(v.body), Errors: v.problems,
		})
	}
	slices.SortFunc(out, func(a, b View) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// SubmitView submits a modal with the values of its inputs, state.values as
// JSON, and returns the app's answer: empty closes it, response_action errors
// keeps it open. As in a client, nothing is sent while a required input is empty.
func (p *Person) SubmitView(ctx context.Context, viewID string, state json.RawMessage) (answer []byte, err error) {
	s := p.sim
	if len(state) == 0 {
		state = json.RawMessage("{}")
	}
	var typed values
	if err := json.Unmarshal(state, &typed); err != nil {
		return nil, fmt.Errorf("read the values: %w", err)
	}
	var d *delivery
	err = s.try(func() error {
		v := s.views[viewID]
		if v == nil || v.user != p.id {
			return fmt.Errorf("submit view %s: %w", viewID, ErrNoSuch)
		}
		if v.typed = typed; v.lacksInput() {
			v.problems = map[string]string{}
			return fmt.Errorf("submit view %s without a required input: %w", viewID, ErrNotAllowed)
		}
		shown := s.wireView(v).with("state", fields{"values": state})
		d = s.interact(p.interaction(nil, "view_submission").with("view", shown).with("response_urls", []any{}))
		return nil
	})
	if err != nil {
		return nil, err
	}
	answer, err = s.answered(ctx, d)
	if err != nil {
		return nil, err
	}
	var action struct {
		ResponseAction string            `json:"response_action"`
		View           json.RawMessage   `json:"view"`
		Errors         map[string]string `json:"errors"`
	}
	_ = json.Unmarshal(answer, &action)
	return answer, s.try(func() error { return s.settle(viewID, action.ResponseAction, action.View, action.Errors) })
}

// inputs returns the input blocks of a view.
func (v *view) inputs() []block {
	var list, inputs []block
	if raw, isRaw := v.body["blocks"].(json.RawMessage); isRaw {
		_ = json.Unmarshal(raw, &list)
	}
	for _, b := range list {
		if text(b, "type") == "input" {
			inputs = append(inputs, b)
		}
	}
	return inputs
}

// lacksInput says whether a client would not let the view be submitted.
func (v *view) lacksInput() bool {
	for _, b := range v.inputs() {
		e, _ := b["element"].(block)
		optional, _ := b["optional"].(bool)
		if !optional && v.value(b, e) == "" {
			return true
		}
	}
	return false
}

// value returns what was typed into an input, or chosen.
func (v *view) value(b, element block) string {
	in := v.typed[text(b, "block_id")][text(element, "action_id")]
	if in.Value != nil {
		return *in.Value
	}
	return in.Selected.Value
}

// settle does with a submitted view what the app answered. An error that names no
// input is not shown, and neither are the others: Slack refuses the answer. The caller
// holds mu.
func (s *Sim) settle(viewID, action string, raw json.RawMessage, problems map[string]string) error {
	switch action {
	case "errors":
		v := s.views[viewID]
		known := map[string]bool{}
		for _, b := range v.inputs() {
			known[text(b, "block_id")] = true
		}
		for id := range problems {
			if !known[id] {
				return fmt.Errorf("show an error at %q: %w", id, ErrNoSuch)
			}
		}
		v.problems = problems
	case "update", "push":
		body, err := s.readView(raw)
		if err != nil {
			return err
		}
		s.views[viewID].body = body
	default:
		delete(s.views, viewID)
	}
	return nil
}

// CloseView closes a modal; the app hears of it if the view asks for that.
func (p *Person) CloseView(ctx context.Context, viewID string) error {
	s := p.sim
	var d *delivery
	err := s.try(func() error {
		v := s.views[viewID]
		if v == nil || v.user != p.id {
			return fmt.Errorf("close view %s: %w", viewID, ErrNoSuch)
		}
		delete(s.views, viewID)
		if v.notifyOnClose {
			d = s.interact(p.interaction(nil, "view_closed").with("view", s.wireView(v)).with("is_cleared", false))
		}
		return nil
	})
	if err != nil || d == nil {
		return err
	}
	_, err = s.answered(ctx, d)
	return err
}
