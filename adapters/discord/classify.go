package discord

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
)

// Discord's codes that the code itself tells apart.
// https://docs.discord.com/developers/topics/opcodes-and-status-codes#json
const (
	codeUnknownChannel = "10003"
	codeUnknownGuild   = "10004"
	codeUnknownMember  = "10007"
	codeUnknownMessage = "10008"
	codeUnknownHook    = "10015"
	codeTooLarge       = "40005"
	codeTagRequired    = "40067"
	codeMissingAccess  = "50001"
	codeMissingPerm    = "50013"
	codeNotOurs        = "50005"
	codeHookToken      = "50027"
	codeFormInvalid    = "50035"
	codeFileTooLarge   = "50045"
	codeArchived       = "50083"
	codeHasThread      = "160004"
	codeLocked         = "160005"
	codeTooManyHooks   = "30007"
	codeEditedTooOften = "30046"
	codeUnknownEmoji   = "10014"
	// The reactions' own.
	codeTooManyReactions = "30010"
	codeReactionBlocked  = "90001"
	// codeNoThread is our own: the mirror has no thread to post to.
	codeNoThread = "no_thread"
	// codeChannelType is our own: threads cannot be opened in the channel.
	codeChannelType = "channel_type"
	// codePermissions is our own: a look at the roles shows what is missing.
	codePermissions = "permissions"
	// codeManageMessages is our own: only a moderator can delete the post.
	codeManageMessages = "manage_messages"
)

// A verdict is what one error code means for a delivery. The remedy may name the
// channel and the bot.
type verdict struct {
	class     bridge.Class
	uncertain bool
	remedy    string
}

// verdicts has every code of the calls we make that is not our own bug.
// https://docs.discord.com/developers/topics/opcodes-and-status-codes#json
func verdicts() map[string]verdict {
	v := map[string]verdict{
		"130000":     {class: bridge.Transient, uncertain: true}, // overloaded
		"40062":      {class: bridge.RateLimited},                // the resource is being rate limited
		"31002":      {class: bridge.RateLimited},                // the message's edits are
		"20016":      {class: bridge.RateLimited},                // slow mode
		"20028":      {class: bridge.RateLimited},                // writes to the channel
		"20029":      {class: bridge.RateLimited},                // writes to the guild
		"20022":      {class: bridge.RateLimited},                // edits of announcements
		"40333":      {class: bridge.RateLimited},                // Cloudflare
		codeArchived: {class: bridge.Transient},                  // somebody archived it again
	}
	put := func(class bridge.Class, codes map[string]string) {
		for code, remedy := range codes {
			v[code] = verdict{class: class, remedy: remedy}
		}
	}
	put(bridge.Unauthorized, fatalCodes())
	put(bridge.Gone, goneCodes())
	put(bridge.Rejected, rejectedCodes())
	return v
}

const (
	newToken = "Open the application's page Bot " + portal + ", press Reset Token, and put the new token into the configuration."
	invite   = "Invite the bot to the server: {invite} — or correct `guilds` (Copy Server ID)."
	another  = "Map the group to another channel."
)

// fatalCodes stop the guild: nothing can be sent until somebody acts.
func fatalCodes() map[string]string {
	return map[string]string{
		"0":                "Discord refuses the bot's token. " + newToken, // 401 without a code of its own
		"50014":            "Discord refuses the bot's token. " + newToken,
		"40001":            "Discord refuses the bot's token. " + newToken,
		"40002":            "The bot's account has to be verified. Open its application " + portal + ".",
		codeUnknownGuild:   "The bot is no longer in the server. " + invite,
		"10001":            "The bot's account is gone. Make a new bot " + portal + " and put its token into the configuration.",
		"20026":            "Discord has marked the bot for too many direct messages. Open its application " + portal + " and file the appeal.",
		"50025":            "Discord refuses the bot's authorization. " + newToken,
		"10002":            "The bot's application is gone. Make a new one " + portal + " and put its token into the configuration.",
		"50020":            "The application has no bot. Open its page Bot " + portal + " and add one.",
		codeGuildForbidden: "The bot is not in the server. " + invite,
	}
}

// codeGuildForbidden is our own: the guild itself cannot be seen.
const codeGuildForbidden = "not_in_guild"

// goneCodes lose the channel or the thread.
func goneCodes() map[string]string {
	const rights = "Open the settings of {channel} in Discord, Permissions, and give the role of {app} " +
		"View Channel, Send Messages, Send Messages in Threads, Create Public Threads, Embed Links, Attach Files and Read Message History."
	const deleted = "The thread in {channel} was deleted. Open the conversation in another channel, or start a new one."
	const hooks = "Open the settings of {channel}, Integrations, Webhooks, and delete the webhook named Sidebridge: a new one is made by itself."
	return map[string]string{
		codeUnknownChannel: "{channel} was deleted, or {app} cannot see it: open its settings, Permissions, and give the role of {app} View Channel. Otherwise map the group to another channel.",
		codeMissingAccess:  rights,
		codeMissingPerm:    rights,
		codePermissions:    rights,
		codeManageMessages: "A post in {channel} that has to go was made by a webhook which is gone. Delete it there, or give {app} Manage Messages " +
			"in the settings of {channel}, then resume the mirror.",
		bridge.ParkedThread: deleted,
		codeNoThread:        "The conversation has no thread in {channel}. Open it in the channel again.",
		codeChannelType:     "Threads cannot be opened in {channel}: map the group to a text, announcement or forum channel.",
		"50024":             "{channel} is of a kind that threads cannot be opened in. " + another,
		"50008":             "{channel} takes no text messages. " + another,
		"40058":             "{channel} is a forum. Choose it again in the mapping rule, so that conversations open as posts.",
		"50068":             "{channel} is of a kind that threads cannot be opened in. " + another,
		codeLocked:          "The thread in {channel} is locked. Unlock it in Discord, or give the role of {app} Manage Threads in the settings of {channel}, then resume the mirror.",
		"160006":            "The server has as many open threads as Discord allows. Archive some in Discord, then resume the mirror.",
		"160007":            "The server has as many open announcement threads as Discord allows. Archive some in Discord, then resume the mirror.",
		codeUnknownHook:     hooks,
		codeHookToken:       hooks,
		codeTooManyHooks:    "{channel} has as many webhooks as Discord allows (15). Open its settings, Integrations, Webhooks, and delete one that nobody uses.",
		"30058":             "The server has as many webhooks as Discord allows. Delete some (Server Settings, Integrations, Webhooks), then resume the mirror.",
		"50007":             "{channel} is a direct message that is closed. " + another,
		"50009":             "The server's verification level keeps {app} from {channel}. Give the role of {app} permission to post there.",
		codeTagRequired:     "{channel} demands a tag on every post and has none that {app} may use. Add one in the forum's settings (Tags) that is not for moderators only, or switch off Require people to select tags.",
		"60003":             "The server asks for two-factor authentication of moderators. The owner of the bot's application has to switch it on for their account.",
		"150006":            "Discord has turned off what {app} needs in this server. " + another,
		"220001":            "{channel} is a forum. Choose it again in the mapping rule, so that conversations open as posts.",
		"220002":            "{channel} is not a forum any more. Choose it again in the mapping rule.",
		"220003":            "{channel} is no forum and its webhook made no thread. Choose it again in the mapping rule.",
	}
}

// rejectedCodes say that this one call can never work; most are a mistake of ours,
// which the code in the audit trail names.
func rejectedCodes() map[string]string {
	codes := map[string]string{}
	for _, code := range []string{
		codeUnknownMessage, "50006", codeFormInvalid, codeTooLarge, codeFileTooLarge, "200000", "200001", "240000", "50146",
		codeNotOurs, "50021", "50019", "50138", "160002", "50041", "50101",
		codeEditedTooOften, codeTooManyReactions, codeUnknownEmoji, codeReactionBlocked, "30003", "50074",
		"20009", "50097", "30033", "50080", "50081", "10060", "180000", "220004", "40004", "40006", "50033",
	} {
		codes[code] = ""
	}
	return codes
}

// codeOf returns the platform's word for an error, empty when there is none.
func codeOf(err error) string {
	var se *bridge.SurfaceError
	if errors.As(err, &se) {
		return se.Code
	}
	return ""
}

// refusal returns what an answered failure means. One that we do not know comes with
// an answer, so nothing happened; time may heal it.
func (c *client) refusal(status int, e apiError, r request) error {
	code := strconv.Itoa(e.Code)
	if status == http.StatusUnauthorized && r.bare && e.Code == 0 {
		code = codeHookToken
	}
	switch {
	case e.Code != 0 || status == http.StatusUnauthorized:
	case status == http.StatusForbidden:
		code = codeMissingPerm
	default:
		code = fmt.Sprintf("http_%d", status)
	}
	v, known := c.verdicts[code]
	se := &bridge.SurfaceError{Class: v.class, Uncertain: v.uncertain, Code: code}
	switch {
	case known:
	case status >= 500:
		se.Uncertain = r.method != http.MethodGet
	case status == http.StatusRequestEntityTooLarge:
		se.Class, se.Code = bridge.Rejected, codeTooLarge
	default:
		se.Err = chat.ErrUnknownCode
	}
	if se.Class == bridge.RateLimited {
		se.After = max(seconds(e.RetryAfter), defaultRetryAfter)
	}
	if where := formErrors(e.Errors); where != "" {
		se.Err = fmt.Errorf("invalid: %s", where)
	}
	se.Remedy = c.remedy(v.remedy, cmp.Or(r.channel, routeOf(r.method, r.path).channel()))
	return se
}

// lost returns the failure that a code of our own stands for.
func (c *client) lost(code, channel string) *bridge.SurfaceError {
	v := c.verdicts[code]
	return &bridge.SurfaceError{Class: v.class, Code: code, Remedy: c.remedy(v.remedy, channel)}
}

func (c *client) remedy(text, channel string) string {
	if text == "" {
		return ""
	}
	return strings.NewReplacer("{channel}", c.labels.of(channel), "{app}", cmp.Or(c.a.self().name, "the bot"),
		"{invite}", inviteURL(c.a.self().app)).Replace(text)
}

// inviteURL is the address at which an application's bot is invited with all that it needs.
// https://docs.discord.com/developers/topics/oauth2#bot-authorization-flow
func inviteURL(app string) string {
	return fmt.Sprintf("https://discord.com/oauth2/authorize?client_id=%s&scope=bot+applications.commands&permissions=%d",
		cmp.Or(app, "APPLICATION_ID"), invitePermissions)
}

// channel returns the channel whose budget the call has, empty when it has none.
func (r route) channel() string {
	if strings.Contains(r.template, " channels/") {
		return r.major
	}
	return ""
}

// formErrors names the fields that Discord refuses and why, by its codes only: its
// sentences may quote what was said.
// https://docs.discord.com/developers/reference#error-messages
func formErrors(raw json.RawMessage) string {
	var tree map[string]any
	if json.Unmarshal(raw, &tree) != nil {
		return ""
	}
	var out []string
	var walk func(path string, node map[string]any)
	walk = func(path string, node map[string]any) {
		for name, value := range node {
			switch value := value.(type) {
			case map[string]any:
				walk(path+"."+name, value)
			case []any:
				for _, v := range value {
					if m, ok := v.(map[string]any); ok && name == "_errors" {
						out = append(out, fmt.Sprintf("%s %v", strings.Trim(path, "."), m["code"]))
					}
				}
			}
		}
	}
	walk("", tree)
	slices.Sort(out)
	if len(out) > 5 {
		out = out[:5]
	}
	return strings.Join(out, ", ")
}
