package discordsim

import (
	"encoding/json"
	"fmt"
)

// form is a modal: rows of one input, or labels around one.
// https://docs.discord.com/developers/components/reference
type form struct {
	CustomID   string    `json:"custom_id"`
	Title      string    `json:"title"`
	Components []formRow `json:"components"`
}

type formRow struct {
	Type        int         `json:"type"`
	Label       string      `json:"label"`
	Description string      `json:"description"`
	Content     string      `json:"content"`
	Component   *formInput  `json:"component"`
	Components  []formInput `json:"components"`
}

type formInput struct {
	Type        int    `json:"type"`
	CustomID    string `json:"custom_id"`
	Style       int    `json:"style"` // 2 is a paragraph
	Label       string `json:"label"`
	Placeholder string `json:"placeholder"`
	Value       string `json:"value"`
	Required    *bool  `json:"required"` // true if it is not said
	MinLength   int    `json:"min_length"`
	MaxLength   int    `json:"max_length"`
}

func readForm(raw json.RawMessage) (*form, error) {
	var f form
	if err := json.Unmarshal(raw, &f); err != nil {
		return nil, fmt.Errorf("read a form: %w", err)
	}
	return &f, nil
}

// inputs are what can be filled in, with the label that stands around each.
func (f *form) inputs() (out []formInput) {
	for _, row := range f.Components {
		if row.Component != nil {
			in := *row.Component
			if in.Label == "" {
				in.Label = row.Label
			}
			out = append(out, in)
		}
		out = append(out, row.Components...)
	}
	return out
}

func (in *formInput) required() bool { return in.Required == nil || *in.Required }

// lack says what is wrong with a value, as the client tells before it sends anything.
func (in *formInput) lack(value string) string {
	switch n := length(value); {
	case n == 0 && in.required():
		return "is missing"
	case n > 0 && n < in.MinLength:
		return fmt.Sprintf("has fewer than %d characters", in.MinLength)
	case in.MaxLength > 0 && n > in.MaxLength || n > 4000:
		return fmt.Sprintf("has more than %d characters", in.MaxLength)
	}
	return ""
}

// filled is the form as it is sent, with the values by the inputs' ids.
func (f *form) filled(values map[string]string) []fields {
	rows := []fields{}
	for _, row := range f.Components {
		if row.Component != nil {
			rows = append(rows, fields{"type": row.Type, "component": row.Component.filled(values)})
			continue
		}
		list := []fields{}
		for _, in := range row.Components {
			list = append(list, in.filled(values))
		}
		rows = append(rows, fields{"type": row.Type, "components": list})
	}
	return rows
}

func (in *formInput) filled(values map[string]string) fields {
	return fields{"type": in.Type, "custom_id": in.CustomID, "value": values[in.CustomID]}
}

// Modal returns the form that an interaction was answered with, if it was.
func (s *Sim) Modal(interactionID string) (json.RawMessage, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	in := s.inters["interaction-"+interactionID]
	if in == nil || in.modal == nil {
		return nil, false
	}
	return in.modal, true
}

// SubmitModal fills the form in by the inputs' custom ids and submits it.
func (p *Person) SubmitModal(interactionID string, values map[string]string) (id string, err error) {
	err = p.sim.try(func() error {
		in, err := p.asked(interactionID)
		if err != nil {
			return err
		}
		f, err := readForm(in.modal)
		if err != nil {
			return err
		}
		for _, input := range f.inputs() {
			if lack := input.lack(values[input.CustomID]); lack != "" {
				return fmt.Errorf("%s %s: %w", input.Label, lack, ErrNotAllowed)
			}
		}
		in.sent = true
		id = p.sim.interact(p.u, in.channel, in.message, sentForm, fields{"custom_id": f.CustomID, "components": f.filled(values)}).id
		return nil
	})
	return id, err
}

// CloseModal puts a form away. The app hears nothing of it.
func (p *Person) CloseModal(interactionID string) error {
	return p.sim.try(func() error {
		in, err := p.asked(interactionID)
		if err == nil {
			in.sent = true
		}
		return err
	})
}

// asked returns the person's own interaction whose form is open. The caller holds mu.
func (p *Person) asked(interactionID string) (*interaction, error) {
	in := p.sim.inters["interaction-"+interactionID]
	if in == nil || in.modal == nil || in.sent || in.user != p.u {
		return nil, fmt.Errorf("form of %s: %w", interactionID, ErrNoSuch)
	}
	return in, nil
}
