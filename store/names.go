package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping/words"
)

// namesAtOnce is how many names are made findable in one step.
const namesAtOnce = 1000

// nameKey says whose name it is, as the tables of names do.
type nameKey struct {
	Kind      string `db:"kind"`
	Surface   string `db:"surface"`
	Workspace string `db:"workspace"`
	ID        string `db:"id"`
}

// indexNames makes the words anew of whose name has changed, a step of them. It reports
// whether there may be more. What another daemon is at is left to it.
func (s *Store) indexNames(ctx context.Context, tx *sqlx.Tx) (more bool, err error) {
	var keys []nameKey
	if err := s.build("SELECT kind, surface, workspace, id FROM names_todo LIMIT ?"+s.dialect.skipLocked, int64(namesAtOnce)).
		selectInto(ctx, tx, &keys); err != nil || len(keys) == 0 {
		return false, err
	}
	byKind := map[string][]nameKey{}
	all := make([][]any, len(keys))
	for i, k := range keys {
		byKind[k.Kind] = append(byKind[k.Kind], k)
		all[i] = []any{k.Kind, k.Surface, k.Workspace, k.ID}
	}
	for _, from := range []string{"names_todo", "names"} {
		b := s.build("DELETE FROM " + from + " WHERE (kind, surface, workspace, id) IN (").tuples(all).add(")")
		if _, err := b.exec(ctx, tx); err != nil {
			return false, err
		}
	}
	found := map[nameWord]int64{}
	for kind, keys := range byKind {
		if err := s.readNames(ctx, tx, kind, keys, found); err != nil {
			return false, fmt.Errorf("read names: %w", err)
		}
	}
	rows := changed(sure(found), compareNameWords, func(n nameWord) []any {
		return []any{n.Kind, n.Surface, n.Workspace, n.ID, n.word, found[n]}
	})
	return len(keys) == namesAtOnce, s.put(ctx, tx, namesTable, rows)
}

var namesTable = table{name: "names", keys: 5, cols: []string{"kind", "surface", "workspace", "id", "word", "pos"}}

// nameWord is a word of somebody's name.
type nameWord struct {
	nameKey
	word string
}

func compareNameWords(a, b nameWord) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Surface, b.Surface),
		cmp.Compare(a.Workspace, b.Workspace), cmp.Compare(a.ID, b.ID), cmp.Compare(a.word, b.word))
}

func sure(m map[nameWord]int64) map[nameWord]bool {
	out := make(map[nameWord]bool, len(m))
	for k := range m {
		out[k] = true
	}
	return out
}

// readNames reads what things of one kind are called, and adds the words with their
// places in the name.
func (s *Store) readNames(ctx context.Context, tx *sqlx.Tx, kind string, keys []nameKey, out map[nameWord]int64) error {
	ids, triples := make([]any, len(keys)), make([][]any, len(keys))
	for i, k := range keys {
		ids[i], triples[i] = k.ID, []any{k.Surface, k.Workspace, k.ID}
	}
	var reads []*builder
	switch bridge.NamedKind(kind) {
	case bridge.NamedPerson:
		reads = append(reads,
			s.build("SELECT '' AS surface, '' AS workspace, id, name, email FROM people WHERE id").in(ids),
			s.build("SELECT '' AS surface, '' AS workspace, person AS id, name, email FROM accounts WHERE person").in(ids))
	case bridge.NamedAccount:
		reads = append(reads, s.build(`SELECT surface, workspace, id, name, email FROM accounts
			WHERE person IS NULL AND (surface, workspace, id) IN (`).tuples(triples).add(")"))
	case bridge.NamedGroup:
		reads = append(reads, s.build("SELECT '' AS surface, '' AS workspace, id, name, '' AS email FROM groups WHERE id").in(ids))
	case bridge.NamedChannel:
		// People paste ids, too.
		reads = append(reads, s.build(`SELECT surface, workspace, id, name, id AS email FROM channels
			WHERE (surface, workspace, id) IN (`).tuples(triples).add(")"))
	}
	for _, b := range reads {
		var rows []struct {
			nameKey
			Name  string `db:"name"`
			Email string `db:"email"`
		}
		if err := b.selectInto(ctx, tx, &rows); err != nil {
			return err
		}
		for _, r := range rows {
			r.Kind = kind
			name := words.Name(r.Name)
			for pos, w := range slices.Concat(name, words.Name(r.Email)) {
				key := nameWord{r.nameKey, w}
				if was, ok := out[key]; !ok || int64(pos) < was {
					out[key] = int64(pos)
				}
			}
		}
	}
	return nil
}

// IndexNames makes findable whatever was named anew. Whoever looks for names does so
// first; there is rarely anything to do.
func (s *Store) IndexNames(ctx context.Context) error {
	for {
		var todo []int64
		if err := s.list(ctx, &todo, "SELECT 1 FROM names_todo LIMIT 1"); err != nil || len(todo) == 0 {
			return err
		}
		var more bool
		err := s.within(ctx, func(tx *sqlx.Tx) (err error) {
			more, err = s.indexNames(ctx, tx)
			return err
		})
		if err != nil || !more {
			return err
		}
	}
}

type namedRow struct {
	ID        string `db:"id"`
	Surface   string `db:"surface"`
	Workspace string `db:"workspace"`
	Name      string `db:"name"`
	Role      string `db:"role"`
	Here      int64  `db:"here"`
	Private   int64  `db:"private"`
	External  int64  `db:"external"`
	Member    int64  `db:"member"`
}

// Named returns what is found by the beginning of a name: people and nobody's accounts
// who are here, other people, groups, channels; those first whose name begins so. It
// asks the database alone, never a platform.
func (s *Store) Named(ctx context.Context, q bridge.NameQuery) ([]bridge.Named, error) {
	if err := s.IndexNames(ctx); err != nil {
		return nil, fmt.Errorf("make names findable: %w", err)
	}
	typed := words.Name(q.Text)
	if len(typed) == 0 && strings.TrimSpace(q.Text) != "" {
		return nil, nil
	}
	var out []bridge.Named
	for _, kind := range []bridge.NamedKind{bridge.NamedPerson, bridge.NamedAccount, bridge.NamedGroup, bridge.NamedChannel} {
		limit := q.Limit[kind]
		if limit == 0 || kind == bridge.NamedAccount && len(q.Here) == 0 {
			continue
		}
		var rows []namedRow
		if err := s.named(kind, typed, q.Here, limit).selectInto(ctx, s.read, &rows); err != nil {
			return nil, fmt.Errorf("find names: %w", err)
		}
		for _, r := range rows {
			out = append(out, bridge.Named{
				Kind: kind, ID: r.ID, Surface: r.Surface, Workspace: r.Workspace, Name: r.Name, Role: bridge.Role(r.Role),
				Here: r.Here == 1, Private: r.Private == 1, External: r.External == 1, Member: r.Member == 1,
			})
		}
	}
	slices.SortStableFunc(out, func(a, b bridge.Named) int { return cmp.Compare(bit(b.Here), bit(a.Here)) })
	return out, nil
}

// named writes the search for one kind.
func (s *Store) named(kind bridge.NamedKind, typed []string, here []bridge.Place, limit int) *builder {
	from := map[bridge.NamedKind]string{
		bridge.NamedPerson: "people", bridge.NamedAccount: "accounts", bridge.NamedGroup: "groups", bridge.NamedChannel: "channels",
	}[kind]
	b := s.build("SELECT x.id, x.name")
	switch kind {
	case bridge.NamedPerson:
		b.add(", x.role, '' AS surface, '' AS workspace, 0 AS private, 0 AS external, 0 AS member, ")
		if len(typed) == 0 {
			b.add("1 AS here") // only they are looked for
		} else {
			b.add("CASE WHEN EXISTS (SELECT 1 FROM accounts a WHERE a.person = x.id").inWorkspaces("a", here).add(") THEN 1 ELSE 0 END AS here")
		}
	case bridge.NamedAccount:
		b.add(", 'expert' AS role, x.surface, x.workspace, 0 AS private, 0 AS external, 0 AS member, 1 AS here")
	case bridge.NamedGroup:
		b.add(", '' AS role, '' AS surface, '' AS workspace, 0 AS private, 0 AS external, 0 AS member, 0 AS here")
	case bridge.NamedChannel:
		b.add(", '' AS role, x.surface, x.workspace, x.private, x.external, x.member, 0 AS here")
	}
	b.add(" FROM " + from + " x")
	rank := ""
	if len(typed) > 0 {
		rank = "CASE f.pos WHEN 0 THEN 0 ELSE 1 END, "
		b.add(" JOIN (").beginning(kind, typed).add(") f ON f.id = x.id")
		if kind == bridge.NamedAccount || kind == bridge.NamedChannel {
			b.add(" AND f.surface = x.surface AND f.workspace = x.workspace")
		}
	}
	switch kind {
	case bridge.NamedPerson:
		b.add(" WHERE x.disabled = 0")
		if len(typed) == 0 {
			b.add(" AND x.id IN (SELECT a.person FROM accounts a WHERE a.person IS NOT NULL").inWorkspaces("a", here).add(")")
		}
	case bridge.NamedAccount:
		b.add(" WHERE x.person IS NULL AND x.name <> ''").inWorkspaces("x", here)
	case bridge.NamedChannel:
		b.add(" WHERE x.archived = 0 AND x.name NOT LIKE '@%'") // those are direct messages
		if len(here) > 0 {
			b.add(" AND x.private = 0").inWorkspaces("x", here)
		}
	case bridge.NamedGroup:
	}
	return b.add(" ORDER BY here DESC, "+rank+"LOWER(x.name), x.id LIMIT ?", int64(limit))
}

// beginning appends the search for names that have words which begin like every one that
// was typed. The longest of those is looked up, the others are checked.
func (b *builder) beginning(kind bridge.NamedKind, typed []string) *builder {
	typed = slices.SortedStableFunc(slices.Values(typed), func(x, y string) int { return cmp.Compare(len(y), len(x)) })
	for i, w := range typed {
		from, to := words.Reach(w)
		if i == 0 {
			b.add("SELECT n.surface, n.workspace, n.id, MIN(n.pos) AS pos FROM names n WHERE n.kind = ? AND n.word >= ? AND n.word < ?",
				string(kind), from, to)
			continue
		}
		b.add(` AND EXISTS (SELECT 1 FROM names m WHERE m.kind = n.kind AND m.surface = n.surface AND m.workspace = n.workspace
			AND m.id = n.id AND m.word >= ? AND m.word < ?)`, from, to)
	}
	return b.add(" GROUP BY n.surface, n.workspace, n.id")
}

// inWorkspaces appends the condition that a row with that alias is in one of some workspaces.
func (b *builder) inWorkspaces(alias string, here []bridge.Place) *builder {
	b.add(" AND (1 = 0")
	for _, p := range here {
		b.add(" OR "+alias+".surface = ? AND "+alias+".workspace = ?", p.Surface, p.Workspace)
	}
	return b.add(")")
}
