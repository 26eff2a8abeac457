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
// itself. Files come in a message's first post. An edit with fewer parts deletes the
// spare posts, one with more ends in a link to the ticket. Lossy are tables, headings,
// nested quotes and whatever else Slack has no markup for.
//
// In a channel that another organisation shares nothing is posted or changed unless
// the mapping rule allows it; conversations.info is asked every five minutes and after
// every event about the channel.
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
// files:read and files:write; users:read.email for PersonByEmail, channels:join for
// Options.Join, chat:write.customize for IdentityAgent. The app-level token needs
// connections:write. Direct messages are not subscribed to.
//
// # Why not slack-go's events and socketmode
//
// Its event types lack app_id, file_access and user_team, one block it cannot read
// rejects a whole event, and an event type it does not know is never acknowledged, so
// Slack sends it again and again. Its check of signatures tells the right signature in
// its error. The Web API's calls are slack-go's, except where its answers lack a field.
package slack
