package store

import (
	"context"

	"github.com/jmoiron/sqlx"

	"github.com/sidebridge/sidebridge/bridge"
)

// Channel is what a surface told us of a channel.
type Channel struct {
	Place bridge.Place
	Name  string
	// Private: only its members see it. External: it is shared with another organisation.
	Private, External bool
	Archived          bool
	// Member: our bot is in it and can post.
	Member bool
}

type channelRow struct {
	Surface   string `db:"surface"`
	Workspace string `db:"workspace"`
	ID        string `db:"id"`
	Name      string `db:"name"`
	Private   int64  `db:"private"`
	External  int64  `db:"external"`
	Archived  int64  `db:"archived"`
	Member    int64  `db:"member"`
}

func (r channelRow) place() bridge.Place {
	return bridge.Place{Surface: r.Surface, Workspace: r.Workspace, Channel: r.ID}
}

const channelCols = `surface, workspace, id, name, private, external, archived, member`

var channelTable = table{name: "channels", keys: 3, cols: []string{
	"surface", "workspace", "id", "name", "private", "external", "archived", "member", "seen_at",
}}

// PutChannels stores what a surface told us of channels, all at once: a workspace
// may have tens of thousands.
func (s *Store) PutChannels(ctx context.Context, channels []Channel) error {
	rows := make([][]any, len(channels))
	for i, c := range channels {
		rows[i] = []any{
			c.Place.Surface, c.Place.Workspace, c.Place.Channel, bridge.Clean(c.Name),
			bit(c.Private), bit(c.External), bit(c.Archived), bit(c.Member), bridge.Micros(s.now()),
		}
	}
	return s.within(ctx, func(tx *sqlx.Tx) error {
		if err := s.put(ctx, tx, channelTable, rows); err != nil {
			return err
		}
		_, err := s.indexNames(ctx, tx) // so that nobody who types waits for it
		return err
	})
}

// Channels calls each for up to limit channels that are not archived and are found by
// the beginnings of words of their names, or of their ids. Direct messages, whose names
// begin with @, are left out: who is to be asked there is picked by name.
func (s *Store) Channels(ctx context.Context, text string, limit int,
	each func(place bridge.Place, name string, private, external, member bool),
) error {
	found, err := s.Named(ctx, bridge.NameQuery{Text: text, Limit: map[bridge.NamedKind]int{bridge.NamedChannel: limit}})
	for _, n := range found {
		each(n.Place(), n.Name, n.Private, n.External, n.Member)
	}
	return err
}

// ChannelNames returns the names of those of the places that a surface has told us of.
// That of a direct message begins with @; one that names people has their names.
func (s *Store) ChannelNames(ctx context.Context, places []bridge.Place) (map[bridge.Place]string, error) {
	out := make(map[bridge.Place]string, len(places))
	if len(places) == 0 {
		return out, nil
	}
	ids := make([]string, len(places))
	for i, p := range places {
		ids[i] = p.Channel
	}
	var rows []channelRow
	err := s.build("SELECT "+channelCols+" FROM channels WHERE id IN ").list(args(ids)).selectInto(ctx, s.read, &rows)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		out[r.place()] = r.Name
	}
	return out, s.directNames(ctx, places, out)
}

// ChannelExternal reports whether a channel is shared with another organisation,
// as far as its surface has told us.
func (s *Store) ChannelExternal(ctx context.Context, place bridge.Place) (bool, error) {
	var external []int64
	err := s.list(ctx, &external, `SELECT external FROM channels WHERE surface = ? AND workspace = ? AND id = ?`,
		place.Surface, place.Workspace, place.Channel)
	return len(external) > 0 && external[0] == 1, err
}
