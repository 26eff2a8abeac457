package discordsim

import "slices"

// The permissions that the simulator knows.
// https://docs.discord.com/developers/topics/permissions#permissions-bitwise-permission-flags
const (
	AddReactions          uint64 = 1 << 6
	ViewChannel           uint64 = 1 << 10
	SendMessages          uint64 = 1 << 11
	ManageMessages        uint64 = 1 << 13
	EmbedLinks            uint64 = 1 << 14
	AttachFiles           uint64 = 1 << 15
	ReadMessageHistory    uint64 = 1 << 16
	MentionEveryone       uint64 = 1 << 17
	ManageWebhooks        uint64 = 1 << 29
	ManageThreads         uint64 = 1 << 34
	CreatePublicThreads   uint64 = 1 << 35
	CreatePrivateThreads  uint64 = 1 << 36
	SendMessagesInThreads uint64 = 1 << 38

	administrator uint64 = 1 << 3
)

// BasePermissions are those that the invitation of the bot asks for, and a few that
// options of ours need.
const BasePermissions = ViewChannel | SendMessages | EmbedLinks | AttachFiles | ReadMessageHistory |
	CreatePublicThreads | SendMessagesInThreads | ManageThreads | ManageWebhooks | AddReactions

// may computes a member's permissions in a channel: those of @everyone and of the
// roles, then the channel's overwrites for @everyone, for the roles, for the member.
// A thread has its parent's.
// https://docs.discord.com/developers/topics/permissions#permission-overwrites
func may(ch *channel, userID string) uint64 {
	g := ch.guild
	if !g.member(userID) || g.kicked && len(g.members[userID]) > 0 && g.members[userID][0] == "bot" {
		return 0
	}
	home := ch
	if ch.thread() && ch.parent != nil {
		home = ch.parent
	}
	mine := g.members[userID]
	var perms uint64
	for _, r := range g.roles {
		if r.id == g.id || slices.Contains(mine, r.id) {
			perms |= r.perms
		}
	}
	if perms&administrator != 0 {
		return ^uint64(0)
	}
	apply := func(match func(*overwrite) bool) {
		var allow, deny uint64
		for _, o := range home.overwrites {
			if match(o) {
				allow |= o.allow
				deny |= o.deny
			}
		}
		perms = perms&^deny | allow
	}
	apply(func(o *overwrite) bool { return o.kind == 0 && o.id == g.id })
	apply(func(o *overwrite) bool { return o.kind == 0 && o.id != g.id && slices.Contains(mine, o.id) })
	apply(func(o *overwrite) bool { return o.kind == 1 && o.id == userID })
	if perms&ViewChannel == 0 {
		return 0
	}
	return perms
}

// has says whether the bot has all of the permissions in a channel.
func (s *Sim) has(ch *channel, perms uint64) bool {
	return !ch.guild.kicked && may(ch, s.bot.id)&perms == perms
}
