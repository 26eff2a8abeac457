// Package discord is the Discord surface: a gateway connection in, REST out.
//
// One bot serves any number of guilds. A guild is a workspace, a text channel or
// forum is a channel, and a thread is a thread: its id is that of the message it
// was started from, or of its first post in a forum, so root and thread have one
// ref. Everything that comes in through a thread has the thread's parent as its
// channel.
//
// In: gateway.go keeps the one connection, session.go what has to survive a
// restart so that it can be resumed, receive.go takes events one after the other,
// translate.go says what happened. The gateway has no acknowledgement: an event
// counts as received when what it says is committed, and only then the session's
// sequence moves (https://docs.discord.com/developers/events/gateway#resuming).
//
// Out: plan.go and card.go render, deliver.go makes one call, rest.go is the one
// client, find.go resolves a call whose outcome is unknown. A post of the bot
// carries its delivery token as an enforced nonce, so that repeating it within
// two minutes is safe; webhooks have none and are read back
// (https://docs.discord.com/developers/resources/message#create-message).
//
// Under an agent's own name a post has the picture of the Discord account that they are
// linked to (pictures.go): an address of Discord's own, in memory only.
//
// Of discordgo the types are used. Its connection is not: it can hang for ever
// while it reconnects, forgets its session at a restart and loses the order of
// events; nor are its calls, which know no nonce and repeat posts by themselves.
package discord
