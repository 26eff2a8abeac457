package main

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
	"github.com/sidebridge/sidebridge/store"
)

// rulesAge is how long what was read of the mapping and of people's accounts is
// used: an admin's change counts within that time.
const rulesAge = 2 * time.Second

// rulesWait is how long a reading may take before what was read before counts.
const rulesWait = 5 * time.Second

// accountsKnown bounds how many people's accounts are remembered for mentions.
const accountsKnown = 10_000

// rules answers what a surface asks while it renders, which must not wait for the
// database each time. When the database cannot be read, what was read before counts;
// without any, nothing may be shown.
type rules struct {
	store *store.Store
	log   *slog.Logger

	mu       sync.Mutex
	readAt   time.Time
	byID     map[string]mapping.Rule
	accounts map[ownedAccount]foundAccount
}

// ownedAccount is a person's account in one workspace.
type ownedAccount struct{ person, surface, workspace string }

// foundAccount is an account's id, "" when the person has none there, and when it was read.
type foundAccount struct {
	id     string
	readAt time.Time
}

func newRules(s *store.Store, log *slog.Logger) *rules {
	return &rules{store: s, log: log, accounts: map[ownedAccount]foundAccount{}}
}

// policy is what a rule lets be shown, and whether other organisations may read it.
// A rule that is gone shows nothing.
func (r *rules) policy(id string) (mapping.Policy, bool) {
	r.refresh()
	r.mu.Lock()
	defer r.mu.Unlock()
	rule := r.byID[id]
	return rule.Fields, rule.AllowExternal
}

// forbidden reports whether rules name a place and none of them lets other
// organisations read along.
func (r *rules) forbidden(place bridge.Place) bool {
	r.refresh()
	r.mu.Lock()
	defer r.mu.Unlock()
	return forbidden(slices.Collect(maps.Values(r.byID)), place)
}

func forbidden(rules []mapping.Rule, place bridge.Place) bool {
	c := mapping.Channel{Surface: place.Surface, Workspace: place.Workspace, ID: place.Channel}
	named := false
	for _, rule := range rules {
		if slices.Contains(rule.Channels, c) {
			named = true
			if rule.AllowExternal {
				return false
			}
		}
	}
	return named
}

// mention returns the function that finds the account, in one workspace, that a
// mention's target stands for: an account there, or a person who has one there.
func (r *rules) mention(surface, workspace string) func(target string) (string, bool) {
	own := surface + "/" + workspace + "/"
	return func(target string) (string, bool) {
		if id, ok := strings.CutPrefix(target, own); ok {
			return id, id != ""
		}
		person, ok := strings.CutPrefix(target, "person/")
		if !ok {
			return "", false
		}
		id := r.account(ownedAccount{person, surface, workspace})
		return id, id != ""
	}
}

// account finds a person's account in a workspace.
func (r *rules) account(of ownedAccount) string {
	r.mu.Lock()
	found, known := r.accounts[of]
	r.mu.Unlock()
	if known && time.Since(found.readAt) < rulesAge {
		return found.id
	}
	ctx, cancel := context.WithTimeout(context.Background(), rulesWait)
	defer cancel()
	id, err := r.store.AccountIn(ctx, of.person, of.surface, of.workspace)
	if err != nil {
		r.log.Warn("a person's account was not read; the one read before counts", "error", err)
		id = found.id
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.accounts) >= accountsKnown {
		clear(r.accounts)
	}
	r.accounts[of] = foundAccount{id, time.Now()}
	return id
}

func (r *rules) refresh() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.readAt) < rulesAge {
		return
	}
	r.readAt = time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), rulesWait)
	defer cancel()
	list, err := r.store.Rules(ctx)
	if err != nil {
		r.log.Warn("mapping rules were not read; those read before count", "error", err)
		return
	}
	r.byID = map[string]mapping.Rule{}
	for _, rule := range list {
		r.byID[rule.ID] = rule
	}
}

// movePlace puts a channel's new id into the rules that name the old one.
func (r *rules) movePlace(ctx context.Context, from, to bridge.Place) error {
	old := mapping.Channel{Surface: from.Surface, Workspace: from.Workspace, ID: from.Channel}
	return r.store.ChangeRules(ctx, func(list []mapping.Rule) ([]mapping.Rule, error) {
		for i := range list {
			for j, c := range list[i].Channels {
				if c == old {
					list[i].Channels[j].ID = to.Channel
				}
			}
		}
		return list, nil
	})
}
