// Package markup converts between the text that a message body is in the
// record and the markup of the surfaces it is shown on.
//
// A stored body is Markdown: CommonMark plus ~~strike~~, without raw HTML and
// without link reference definitions, so that nothing somebody wrote can
// vanish: what is not markup is text. A line break is shown as a line break, a
// bare http or https URL is a link. What CommonMark has no word for is a link
// with a scheme of our own:
//
//	[@Anders](mention:slack/T1/U2)      a person's account; also mention:person/<id>
//	[#billing](channel:slack/T1/C2)     a channel
//	[@leads](group:slack/T1/S2)         a user group
//	[@here](broadcast:here)             everybody who is here
//	[18 Feb](date:1392734382?f=%7Bdate%7D)  a moment, with Slack's format and link
//
// The same with discord/<guild>/<id> is an account, channel or role of a guild.
//
// Emoji are Unicode where they are known and ":name:" where they are a
// workspace's own.
//
// Every function is pure and total: it never fails and never panics, whatever
// the input, and its output is valid UTF-8 without NUL. Text from one surface
// never comes alive on another: the only mentions that ring are those a
// Directory says yes to, and links go to http, https and mailto only.
//
// Everything goes through one small model, a list of blocks of styled spans
// (model.go): flatten.go reads it from a Markdown syntax tree, fromslack.go and
// mrkdwn.go from Slack, fromdiscord.go and discordinline.go from Discord; write.go
// turns it into Markdown, toslack.go into Slack, todiscord.go and discordline.go into
// Discord.
package markup

// A Directory knows the names behind a surface's ids and which of our mentions
// may ring. A nil Directory knows nothing.
type Directory interface {
	// Name gives the display name of an account, channel or user group, for
	// text that comes in.
	Name(surface, workspace, id string) (string, bool)
	// Account is asked for text that goes out. The target is what follows
	// "mention:" or "channel:" in the body ("slack/T1/U2", "person/17"), the
	// answer is the account's or channel's id on the surface and workspace that
	// is rendered for. Where it says no, the name is shown and nobody is called.
	Account(target string) (id string, ok bool)
}

// The schemes of links that stand for what CommonMark has no word for.
const (
	schemeMention   = "mention"
	schemeChannel   = "channel"
	schemeGroup     = "group"
	schemeBroadcast = "broadcast"
	schemeDate      = "date"
)

// The surfaces' names in targets and in questions to a Directory.
const (
	surfaceSlack   = "slack"
	surfaceDiscord = "discord"
)

// nobody is the Directory that knows nothing.
type nobody struct{}

func (nobody) Name(string, string, string) (string, bool) { return "", false }
func (nobody) Account(string) (string, bool)              { return "", false }

// known returns d, or a directory that knows nothing in place of nil.
func known(d Directory) Directory {
	if d == nil {
		return nobody{}
	}
	return d
}
