package discord

import "slices"

// https://docs.discord.com/developers/topics/permissions#permissions-bitwise-permission-flags
const (
	mayAdminister bits = 1 << 3
	mayView       bits = 1 << 10
	mayHistory    bits = 1 << 16
)

// permissionsIn adds up what a member may do in a channel: the roles', then what the
// channel says of everyone, of the roles together, and of the member.
// https://docs.discord.com/developers/topics/permissions#permission-overwrites
func permissionsIn(guild, user string, has []string, roles []role, overwrites []overwrite) bits {
	var have bits
	for _, r := range roles {
		if r.ID == guild || slices.Contains(has, r.ID) {
			have |= r.Permissions
		}
	}
	if have&mayAdminister != 0 {
		return ^bits(0)
	}
	apply := func(which func(overwrite) bool) {
		var allow, deny bits
		for _, o := range overwrites {
			if which(o) {
				allow, deny = allow|o.Allow, deny|o.Deny
			}
		}
		have = have&^deny | allow
	}
	apply(func(o overwrite) bool { return o.ID == guild })
	apply(func(o overwrite) bool { return o.Type == 0 && o.ID != guild && slices.Contains(has, o.ID) })
	apply(func(o overwrite) bool { return o.Type == 1 && o.ID == user })
	return have
}
