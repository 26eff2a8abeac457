package bridge

// NamedKind is what a name is the name of.
type NamedKind string

// The kinds of what a message can name.
const (
	// NamedPerson is somebody of the directory.
	NamedPerson NamedKind = "person"
	// NamedAccount is an account seen on a surface that is linked to nobody.
	NamedAccount NamedKind = "account"
	// NamedGroup is a group that can be asked.
	NamedGroup NamedKind = "group"
	// NamedChannel is a channel that a surface has told us of.
	NamedChannel NamedKind = "channel"
)

// Named is something that a message can name.
type Named struct {
	Kind NamedKind
	// ID is the person's or the group's; an account's or a channel's own.
	ID string
	// Surface and Workspace are where an account or a channel is.
	Surface, Workspace string
	// Name is how people call it.
	Name string
	// Role is a person's; nobody's account has an expert's.
	Role Role
	// Here: they have an account where it was looked for, and can be called there.
	Here bool
	// Private: only its members see the channel. External: it is shared outside.
	// Member: our bot is in it.
	Private, External, Member bool
}

// Place returns the channel's place.
func (n Named) Place() Place {
	return Place{Surface: n.Surface, Workspace: n.Workspace, Channel: n.ID}
}

// NameQuery looks for names while somebody types.
type NameQuery struct {
	// Text is the beginning of words of the name, of a handle or of an e-mail address, in
	// any case and with or without accents. Empty: people who are here, groups, channels.
	Text string
	// Here are the workspaces, as places without a channel, whose people come first. With
	// any, accounts are found in these only, and of channels the public ones there.
	Here []Place
	// Limit is the most finds of each kind; a kind without one is not looked for.
	Limit map[NamedKind]int
}
