package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
)

// savedPermissions returns the permissions with groups by their ids.
func (s *Server) savedPermissions(ctx context.Context) (mapping.Permissions, error) {
	saved := mapping.Permissions{}
	err := s.store.Setting(ctx, mapping.PermissionsSetting, &saved)
	return saved.OrDefault(), err
}

// permissions returns who may do what, with groups by their names, as reasons speak of
// them.
func (s *Server) permissions(ctx context.Context) (mapping.Permissions, error) {
	p, err := s.savedPermissions(ctx)
	if err != nil {
		return p, err
	}
	groups, err := s.store.Groups(ctx)
	return p.Named(groups), err
}

// mappingPerson is somebody as permissions see them: by their id, role and groups.
func (s *Server) mappingPerson(ctx context.Context, id, name string, role bridge.Role) (mapping.Person, error) {
	p := mapping.Person{ID: id, Name: name}
	if id == "" {
		return p, nil // nobody has linked them: they have no role and no groups
	}
	p.Roles = []string{string(role)}
	groups, err := s.store.Groups(ctx)
	if err != nil {
		return p, err
	}
	members, err := s.store.Members(ctx)
	for group, called := range groups {
		if slices.Contains(members[group], id) {
			p.Groups = append(p.Groups, called)
		}
	}
	return p, err
}

// mayStart says whether somebody may begin a conversation with a group, by its id;
// without one, in a channel.
func (s *Server) mayStart(ctx context.Context, actor bridge.Actor, group string) error {
	allowed, err := s.permissions(ctx)
	if err != nil {
		return err
	}
	p, err := s.mappingPerson(ctx, actor.Person, actor.Name, actor.Role)
	if err != nil {
		return err
	}
	with := "a channel"
	if group != "" {
		groups, err := s.store.Groups(ctx)
		if err != nil {
			return err
		}
		with = cmp.Or(groups[group], group)
	}
	if ok, reason := mapping.MayStart(allowed, p, with); !ok {
		return fmt.Errorf("%w: %s", bridge.ErrForbidden, reason)
	}
	return nil
}

// mayInvite says whether somebody may bring a person into a conversation.
func (s *Server) mayInvite(ctx context.Context, actor bridge.Actor, takesPart bool, person string) error {
	allowed, err := s.permissions(ctx)
	if err != nil {
		return err
	}
	k, _, err := s.store.Person(ctx, person)
	if err != nil {
		return err
	}
	by, err := s.mappingPerson(ctx, actor.Person, actor.Name, actor.Role)
	if err != nil {
		return err
	}
	whom, err := s.mappingPerson(ctx, k.Person, k.Name, k.Role)
	if err != nil {
		return err
	}
	if ok, reason := mapping.MayInvite(allowed, by, takesPart, whom); !ok {
		return fmt.Errorf("%w: %s", bridge.ErrForbidden, reason)
	}
	return nil
}

// permissionsPage is the form of who may start, and who may be invited by whom.
type permissionsPage struct {
	page
	Start  []permissionLine
	Invite []permissionLine
	// Restrict is who may restrict conversations, Tell that others are told of them.
	Restrict whoForm
	Tell     bool
	Error    string
}

// permissionLine is one rule of the form: those on the left may do it with those on the
// right.
type permissionLine struct {
	Prefix   string // of the fields' names
	By, With whoForm
	Words    string
	// Start: the right side is groups that may be asked.
	Start bool
	New   bool
}

// whoForm is a choice of people by role and group.
type whoForm struct {
	Everybody    bool
	Participants bool
	Roles        []choiceOf
	Groups       []choiceOf
}

func (s *Server) permissionsPage(w http.ResponseWriter, r *http.Request) error {
	saved, err := s.savedPermissions(r.Context())
	if err != nil {
		return err
	}
	named, err := s.permissions(r.Context())
	if err != nil {
		return err
	}
	groups, err := s.store.Groups(r.Context())
	if err != nil {
		return err
	}
	p := permissionsPage{page: s.page(r, "Who may do what", "settings"), Restrict: formOfWho(saved.Restrict, groups), Tell: saved.TellRestricted}
	for i, rule := range append(saved.Start, mapping.StartRule{}) {
		line := permissionLine{
			Prefix: fmt.Sprintf("start.%d.", i), Start: true, New: i == len(saved.Start),
			By: formOfWho(rule.By, groups), With: formOfWho(mapping.Who{Groups: rule.Groups}, groups),
		}
		if !line.New {
			line.Words = startWords(named.Start[i])
		}
		p.Start = append(p.Start, line)
	}
	for i, rule := range append(saved.Invite, mapping.InviteRule{}) {
		line := permissionLine{
			Prefix: fmt.Sprintf("invite.%d.", i), New: i == len(saved.Invite),
			By: formOfWho(rule.By, groups), With: formOfWho(rule.Whom, groups),
		}
		if !line.New {
			line.Words = inviteWords(named.Invite[i])
		}
		p.Invite = append(p.Invite, line)
	}
	s.render(w, r, http.StatusOK, "permissions", p)
	return nil
}

func formOfWho(who mapping.Who, groups map[string]string) whoForm {
	f := whoForm{Everybody: who.Everybody, Participants: who.Participants}
	for _, role := range []bridge.Role{bridge.RoleExpert, bridge.RoleAgent, bridge.RoleAdmin} {
		f.Roles = append(f.Roles, choiceOf{Value: string(role), Label: string(role), On: slices.Contains(who.Roles, string(role))})
	}
	for _, id := range sortedNames(groups) {
		f.Groups = append(f.Groups, choiceOf{Value: id, Label: groups[id], On: slices.Contains(who.Groups, id)})
	}
	return f
}

// mostRules bounds the rules that a form may have.
const mostRules = 200

// savePermissions stores what the form says. A rule that selects nobody is removed.
func (s *Server) savePermissions(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	old, err := s.savedPermissions(r.Context())
	if err != nil {
		return err
	}
	p := mapping.Permissions{Start: []mapping.StartRule{}, Invite: []mapping.InviteRule{}, Answer: mapping.Who{Everybody: true}}
	for i := range count(r, "starts") {
		prefix := fmt.Sprintf("start.%d.", i)
		rule := mapping.StartRule{By: readWho(r, prefix+"by."), Groups: r.PostForm[prefix+"with.group"]}
		if i < len(old.Start) {
			rule.By.People = old.Start[i].By.People // not on the form: it stays
		}
		if !rule.By.IsZero() {
			p.Start = append(p.Start, rule)
		}
	}
	p.Restrict, p.TellRestricted = readWho(r, "restrict."), r.PostFormValue("tell_restricted") != ""
	if p.Restrict.IsZero() {
		p.Restrict.People = []string{} // nobody, and not the default
	}
	for i := range count(r, "invites") {
		prefix := fmt.Sprintf("invite.%d.", i)
		rule := mapping.InviteRule{By: readWho(r, prefix+"by."), Whom: readWho(r, prefix+"with.")}
		if !rule.By.IsZero() && !rule.Whom.IsZero() {
			p.Invite = append(p.Invite, rule)
		}
	}
	if err := s.store.SetSetting(r.Context(), mapping.PermissionsSetting, p); err != nil {
		return err
	}
	return s.done(w, r, "/admin/permissions", "Saved. It counts from now on, on the pages, in the API and in the chats.")
}

func count(r *http.Request, name string) int {
	n, _ := strconv.Atoi(r.PostFormValue(name)) // a form without it has none
	return min(max(n, 0), mostRules)
}

func readWho(r *http.Request, prefix string) mapping.Who {
	return mapping.Who{
		Everybody: r.PostFormValue(prefix+"everybody") != "", Participants: r.PostFormValue(prefix+"participants") != "",
		Roles: r.PostForm[prefix+"role"], Groups: r.PostForm[prefix+"group"],
	}
}
