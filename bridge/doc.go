// Package bridge is the domain and the engine: what happened on a ticket, in what
// order, who still has to hear of it, and when to try again.
//
// # One idea
//
// Every ticket owns one append-only, hash-chained log of entries, and everything
// else is a reader of it with a position. A Slack thread, a webhook and an open page
// are the same thing: a reader that has followed the log up to some entry and must
// follow the rest, in order. A mirror is a reader with a thread. So there is no
// outbox and no job queue: "behind" is Cursor < Head, "what happened" is the log,
// "who has seen what" is the cursor, "which post is which" are the copies.
//
//	      in                                                    out
//	surface ──Inbound──▶ Receiver ─┐            ┌▶ mirror ─▶ worker ─▶ surface
//	agent ────command──────────────┼▶ Append ─▶ log           Begin
//	desk ─────command──────────────┘   │        └▶ mirror …    Deliver ──▶
//	                                Decide                     Settle
//	                          (rows in a State)                  └▶ Append ─▶ log
//
// Append is the only door. It runs a Command's decision (Decide) on the rows that
// the command's Needs name, in one transaction under the locks of the tickets
// concerned. An entry gets its seq there, extends the chain (Seal), sets the
// current-state rows (apply) and moves the heads of those whom its kind concerns
// (Reach). Nothing is ever rebuilt from entries; Verify replays them only to check
// that every row is what they say.
//
// # In
//
// An adapter acknowledges to its platform after Receiver.Accept returned nil, so
// what we have not committed comes again. A platform's message enters once under
// its CopyKey, however often it comes and by whichever way: live, again, or from a
// listing (catch-up). Our own posts coming back are echoes: known by their copy,
// their delivery token or our own account, and the echo of a post whose call has
// not been answered settles it. An edit of our copy with the words we sent, and a
// delete of one that we are taking away, are echoes too; what a moderator does to a
// copy is recorded and not spread.
//
// A thread that people began can be attached (AttachThread): it becomes a mirror
// whose root is somebody's message, and its past comes in by the listing that every
// newly bound thread has. Our one post in it is the card.
//
// Reactions are rows, set and removed by their own entries. On a surface our bot's
// own reaction stands for everybody's from elsewhere, so showing one is an edit that
// can be repeated. On a card some are gestures (cardRule); those are remembered, since
// a platform tells of a reaction as long as it is there.
//
// # Out
//
// For every mirror that is behind there is at most one worker in the whole
// installation. It takes the entries after the cursor in order, steps over those
// that are none of the mirror's business or were said in its own thread, and lets
// the adapter plan each as calls. A call is (mirror, seq, part), and is made thus:
//
//	Begin    the delivery's row, with a fresh token, is committed
//	Deliver  the adapter makes exactly one call, which carries the token
//	Settle   the copy is committed, and after the last part the cursor
//
// What is true if we crash
//
//	before Begin     nothing happened; the next life begins the call
//	after Begin      the row says that the call may have been made: it is uncertain
//	in Deliver       the same: Find looks for the token, and only when the doubt
//	                 has passed without a trace is the post sent again (Resend, which
//	                 the log shows); edits and deletes are simply repeated
//	before Settle    the same, and Find, a listing or an echo settles it
//	after Settle     the cursor has moved, the row is gone
//
// A copy that comes up twice all the same is deleted and recorded (CopyDoubled).
// The classes of failure are the adapter's word, and schedule.go alone says what
// follows: wait, leave a note and go on, park the mirror, block the workspace.
//
// # Locks, leases, fencing
//
// A ticket's row lock orders its log; whoever holds it may change the ticket's
// conversations, mirrors, deliveries, copies and files. One daemon at a time holds a
// workspace's lease and does its sending, listing and fetching. The lease has a
// number that grows with each holder; Begin, Settle and their kin carry it and are
// refused when it is not the present one (ErrFenced). Before a call the worker looks
// at the lease's end on the monotonic clock, and losing the lease cancels the call.
//
// # Where to find what
//
//	entry, chain, verify        the log: kinds, hashes, what an auditor checks
//	command, decide_*, inbound,
//	delivery, state, rows       decisions: pure functions of a State
//	reaction, ask               reactions and what they do, what people ask from a chat
//	surface, errors             what adapters implement, and how they report failure
//	relay, dispatch, worker     who sends, what next, one call
//	catchup, intake, files,
//	schedule                    listings and probes, files, when to try again
//	receiver, wake              the way in, and the bell that makes it quick
//
// Package bridgetest has the fakes, the suite for adapters, and scenarios.
package bridge
