package discord

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// The commands of every guild.
const (
	commandStart  = "side-conversation"
	commandLink   = "link"
	commandAttach = "Attach to ticket"
)

// howToLink is what one writes to say whose an account is.
const howToLink = "/" + commandLink

// The kinds of command and option.
// https://docs.discord.com/developers/interactions/application-commands
const (
	slashCommand   = 1
	messageCommand = 3

	optionString  = 3
	optionInteger = 4
)

// command is a command as Discord keeps it.
type command struct {
	Type        int             `json:"type"`
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Options     []commandOption `json:"options,omitempty"`
}

// commandOption is an argument: its definition, or its value in an interaction.
type commandOption struct {
	Type        int             `json:"type"`
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Required    bool            `json:"required,omitempty"`
	MaxLength   int             `json:"max_length,omitempty"`
	MinValue    int             `json:"min_value,omitempty"`
	Value       json.RawMessage `json:"value,omitempty"`
}

// text returns an option's value as text.
func (it *interaction) text(option string) string {
	for _, o := range it.Data.Options {
		if o.Name != option {
			continue
		}
		var s string
		if json.Unmarshal(o.Value, &s) == nil {
			return s
		}
		return string(bytes.Trim(o.Value, `"`))
	}
	return ""
}

// commands are what people can ask for. Required options come first, as Discord wants.
func commands() []command {
	return []command{
		{Type: slashCommand, Name: commandStart, Description: "Start a side conversation on a ticket", Options: []commandOption{
			{Type: optionString, Name: "question", Description: "What you want to ask", Required: true, MaxLength: 4000},
			{Type: optionInteger, Name: "ticket", Description: "The ticket's number; without it a new ticket is made", MinValue: 1},
			{Type: optionString, Name: "group", Description: "Whom to ask; without it the conversation is held in this channel", MaxLength: 100},
			{Type: optionString, Name: "subject", Description: "What it is about", MaxLength: 200},
		}},
		{Type: slashCommand, Name: commandLink, Description: "Tell Sidebridge which of its people you are"},
		{Type: messageCommand, Name: commandAttach},
	}
}

// registry remembers which guilds have the commands.
type registry struct {
	bell chan struct{}
	mu   sync.Mutex
	done map[string]bool
}

func newRegistry() *registry {
	return &registry{bell: make(chan struct{}, 1), done: map[string]bool{}}
}

// commandsDue has the commands looked after.
func (g *gateway) commandsDue() {
	select {
	case g.registry.bell <- struct{}{}:
	default:
	}
}

func (r *registry) has(guild string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.done[guild]
}

func (r *registry) set(guild string, done bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done[guild] = done
}

// keepCommands has the commands in every guild, until ctx ends.
func (a *Adapter) keepCommands(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-a.registry.bell:
		}
		for _, g := range a.Guilds() {
			if a.registry.has(g.id) || ctx.Err() != nil {
				continue
			}
			if err := g.registerCommands(ctx); err != nil {
				// Without the scope applications.commands this never works, and all else does.
				a.Log.Warn("the commands were not registered", "guild", g.id, "err", err)
				a.Count("commands failed", "")
				continue
			}
			a.registry.set(g.id, true)
		}
		a.rest(ctx, min(time.Minute, a.Timing.IdentifyMost)) // however often guilds come and go
	}
}

// registerCommands writes the commands when they are not as they should be: a guild
// may be written to 200 times a day.
// https://docs.discord.com/developers/interactions/application-commands#bulk-overwrite-guild-application-commands
func (g *Guild) registerCommands(ctx context.Context) error {
	path := "applications/" + g.self().app + "/guilds/" + g.id + "/commands"
	var have []command
	if err := g.ask(ctx, request{method: http.MethodGet, path: path}, &have); err != nil {
		return fmt.Errorf("read commands: %w", err)
	}
	want := commands()
	if sameCommands(have, want) {
		return nil
	}
	if err := g.ask(ctx, request{method: http.MethodPut, path: path, body: want}, nil); err != nil {
		return fmt.Errorf("write commands: %w", err)
	}
	g.Count("commands registered", "")
	return nil
}

func sameCommands(have, want []command) bool {
	byName := map[string][]byte{}
	for _, c := range have {
		byName[c.Name], _ = json.Marshal(c) // unreachable error: it came from JSON
	}
	for _, c := range want {
		raw, _ := json.Marshal(c)
		if !bytes.Equal(raw, byName[c.Name]) {
			return false
		}
	}
	return len(have) == len(want)
}
