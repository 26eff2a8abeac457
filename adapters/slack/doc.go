// Package slack is the adapter for one Slack workspace: a bridge.Surface that posts
// threads, and the two ways in which Slack tells what people write in them.
//
// # In
//
// Envelopes come by Socket Mode, which Run keeps connected, or as signed requests to
// EventsHandler. Both take the same path: decode into our own structs (wire.go),
// translate (translate.go), Inbox.Accept, and only when that returned nil the
// acknowledgement. What is not acknowledged Slack sends again, on another socket or
// after a minute and five; what fails for a reason that time cannot heal is put into
// quarantine and acknowledged. Unknown events and teams are acknowledged and counted,
// since Slack switches off an app that refuses too many.
// https://docs.slack.dev/apis/events-api/
//
// What Slack never shows again is lost to everybody: of an edit and a delete that
// were both made while nobody listened, only the end remains. List catches up with
// everything else after each new connection. Who deleted a message is never told.
//
// Frames of one thread are accepted in the order in which they came over a socket.
// Names of people are remembered for a day; a message waits 1.5 seconds for a name,
// then goes on without.
//
// Other bots are not heard unless they are allow-listed. One that is, and whose
// messages are taken more than 20 times within a minute in one thread, is not heard
// there for ten minutes: it may be another bridge (loop.go). People are.
//
// # Reactions
//
// An event names the message of a reaction and not its thread; the bridge finds it by
// its copy. Outwards our bot's own reaction on a message's first post stands for
// everybody elsewhere. One that may not be made (a missing scope, a locked thread, no
// such emoji) is left out and counted, and holds nothing up; for a missing scope the
// admin is told once. A workspace's own emoji goes to its own channels only.
//
// Listings show reactions too, so those that were made while nobody listened are found,
// and so are those that were taken back, of what this process has heard of before: what
// was taken back over a restart stays in the record. An event and a listing that cross
// are told apart by Options.Settle. Slack names not everybody of an emoji that many
// have given; nobody of them is taken to be missing. Reactions of members of another
// organisation are no gestures at the card (Inbound.Guest).
//
// # Asking
//
// A message shortcut and one slash command pass people's wishes on to Requests
// (asked.go, command.go). Slack waits three seconds, so what takes longer goes on
// (promptly), and the person is told afterwards. What is wrong with a form is shown in
// it, everything else to the person only. There is no global shortcut: it would not say
// in which channel it was used. Only members of Options.Teams are heard.
//
// The thread of an attached message is read once before it is asked for, so that a
// channel we may not read is found out where a person can act on it. Its first post
// comes in even when a bot wrote it that is not allow-listed: it is what the thread is about.
//
// # Why every thread is listed
//
// One page of conversations.history tells the latest_reply of many threads, so it
// could tell which of them need conversations.replies. It is not used: latest_reply
// stands still when a message is edited or deleted, so a thread that it passes over
// may still have changed, and that would be found by nobody. A listing costs one call
// for each open thread and 190 messages, of 50 a minute that an app of the customer's
// own has, and 15 minutes pass between two. An unlisted commercial app has one call a
// minute: it catches up with sixty threads an hour, and is not what we recommend.
//
// # Out
//
// Plan renders an entry as calls, Deliver makes exactly one of them, once; slack-go's
// retries are off. The calls are chat.postMessage, chat.update, chat.delete, and for
// files files.getUploadURLExternal, the upload and files.completeUploadExternal.
//
// A post carries its delivery's token as metadata of the type sidebridge_delivery, by
// which its echo settles it and Find recognises it when its answer was lost. An upload
// has no metadata; the ids of its files are stored before the step that makes the
// message. Slack has no idempotency key that is documented, so between an ambiguous
// failure and Find there is a doubt, which the relay bounds.
//
// A post is never made without its thread unless it is the root: the type threadTS has
// no other way. When Slack posts a reply into the channel all the same, because the
// parent was deleted meanwhile, the answer shows it and the stray is deleted at once.
//
// Texts are split at 3,900 characters after escaping, since Slack splits at 4,041 by
// itself. Files come in a message's first post, under an agent's own name after it. An edit with fewer parts deletes the
// spare posts, one with more ends in a link to the ticket; notes about files that were
// not carried end with it. Lossy are tables, headings, nested quotes and whatever else
// Slack has no markup for.
//
// In a channel that another organisation shares nothing is posted or changed unless
// the mapping rule allows it; conversations.info is asked every five minutes, or every
// hour while Slack lets us ask no more, and after every event about the channel. What
// is posted while the other organisation comes in is taken back: at once when we hear
// of it during the call, otherwise by the event channel_shared or the post's own echo,
// which says whether its channel is shared. An edit is not, nor what was posted
// before; a daemon that does not receive the event itself may go on until it asks
// again. When a channel gets another id with the share, its mapping and its threads
// follow (Watcher.Renamed); an event under the new id that comes before is of no
// thread of ours, and is found by the next listing.
//
// Slack may say ok to a post of a burst and show it to nobody. A post without an echo
// for a minute is looked for in its thread, with one call for all posts there. One that
// is missing is recorded as removed, and the admin is told to have it said again: it is
// not repeated by itself, since its delivery is settled and the log has no entry that
// would make one again. What was posted in the last minute before a restart is not
// looked for; the next listing records it as removed.
//
// # Direct messages
//
// A place whose channel names people (mapping.Direct) is their direct message.
// conversations.open gives it, the same for the same people, before the first post
// (Resolve, Probe); that shows nothing to them. Each conversation is a thread in it. Who
// writes there outside the threads is told, alone and at most once an hour, in which
// threads they are heard; their words are not recorded, since which conversation they
// mean would be a guess. What is written so while we are away is not noticed.
// https://docs.slack.dev/reference/methods/conversations.open
//
// # Failures
//
// classify.go has the meaning of every error code. A request of which nothing was
// written had no effect; after that, a lost answer, a 5xx or a broken document is
// uncertain. Each code that needs a person comes with what to do.
//
// # Limits
//
// Budget keeps below what Slack guarantees for each method and workspace, one post a
// second in each channel. A 429 closes exactly the method it came for.
// https://docs.slack.dev/apis/web-api/rate-limits
//
// # Scopes
//
// chat:write, channels:history, groups:history, channels:read, groups:read, users:read,
// files:read and files:write. Without commands there is no shortcut and no command,
// without reactions:read and reactions:write there are no reactions, and all else works.
// users:read.email is for PersonByEmail, channels:join for Options.Join,
// chat:write.customize for IdentityAgent. The app-level token needs connections:write.
// im:write, im:read and im:history are for direct messages with one person, mpim:write,
// mpim:read and mpim:history for those with several; without them only channels are asked.
//
// # Why not slack-go's events and socketmode
//
// Its event types lack app_id, file_access and user_team, one block it cannot read
// rejects a whole event, and an event type it does not know is never acknowledged, so
// Slack sends it again and again. Its check of signatures tells the right signature in
// its error. The Web API's calls are slack-go's, except where its answers lack a field.
package slack
