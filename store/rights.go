package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
)

// rights are what some people may do, with groups by their names.
type rights struct {
	set    mapping.Permissions
	people map[string]mapping.Person // those who are in the directory and may sign in
}

var _ bridge.Rights = (*rights)(nil)

// MayInvite implements bridge.Rights.
func (r *rights) MayInvite(by bridge.Actor, takesPart bool, whom string) (ok bool, why string) {
	p, known := r.people[whom]
	if !known {
		return false, "one of the people is not in the directory any more"
	}
	return mapping.MayInvite(r.set, r.actor(by), takesPart, p)
}

// MayRestrict implements bridge.Rights.
func (r *rights) MayRestrict(by bridge.Actor) (ok bool, why string) {
	return mapping.MayRestrict(r.set, r.actor(by))
}

// actor returns who acts. Who is linked to nobody has no role and no groups.
func (r *rights) actor(by bridge.Actor) mapping.Person {
	p := r.people[by.Person]
	if by.Person != "" {
		p.ID, p.Roles = by.Person, []string{string(by.Role)} // as a token's program acts, for one
	}
	p.Name = by.Name
	return p
}

// readRights reads what the people may do whom the commands name.
func (l *loader) readRights(ctx context.Context) error {
	if len(l.all.people) == 0 {
		return nil
	}
	r := &rights{people: map[string]mapping.Person{}}
	groups, err := l.groupNames(ctx)
	if err != nil {
		return err
	}
	if err := l.setting(ctx, mapping.PermissionsSetting, &r.set); err != nil {
		return err
	}
	r.set = r.set.OrDefault().Named(groups)
	l.st.Rights = r
	return l.readPeople(ctx, groups, r.people)
}

func (l *loader) groupNames(ctx context.Context) (map[string]string, error) {
	var rows []struct {
		ID   string `db:"id"`
		Name string `db:"name"`
	}
	err := l.s.build("SELECT id, name FROM groups").query(ctx, l.tx, &rows)
	out := make(map[string]string, len(rows))
	for _, r := range rows {
		out[r.ID] = r.Name
	}
	return out, err
}

// setting reads a setting into dest, which stays as it is when there is none.
func (l *loader) setting(ctx context.Context, name string, dest any) error {
	var texts []string
	if err := l.s.build("SELECT value FROM settings WHERE name = ?", name).query(ctx, l.tx, &texts); err != nil || len(texts) == 0 {
		return err
	}
	if err := json.Unmarshal([]byte(texts[0]), dest); err != nil {
		return fmt.Errorf("setting %s: %w", name, err)
	}
	return nil
}

// readPeople reads those whom the commands name, with the names of their groups.
func (l *loader) readPeople(ctx context.Context, groups map[string]string, out map[string]mapping.Person) error {
	var people []struct {
		ID   string `db:"id"`
		Name string `db:"name"`
		Role string `db:"role"`
	}
	if err := l.s.build("SELECT id, name, role FROM people WHERE disabled = 0 AND id").in(anys(l.all.people)).query(ctx, l.tx, &people); err != nil {
		return err
	}
	for _, p := range people {
		out[p.ID] = mapping.Person{ID: p.ID, Name: p.Name, Roles: []string{p.Role}}
	}
	var members []struct {
		Group  string `db:"grp"`
		Person string `db:"person"`
	}
	if err := l.s.build("SELECT grp, person FROM group_members WHERE person").in(anys(l.all.people)).query(ctx, l.tx, &members); err != nil {
		return err
	}
	for _, m := range members {
		if p, ok := out[m.Person]; ok {
			p.Groups = append(p.Groups, groups[m.Group])
			out[m.Person] = p
		}
	}
	return nil
}
