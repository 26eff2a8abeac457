// Package web is the ticket view and the built-in desk: pages for agents and
// admins, a live stream of a ticket, and a small JSON API for what creates
// tickets.
//
// Pages are rendered here with html/template and work without JavaScript: every
// change is a form that answers with a redirect. Where JavaScript runs, one plain
// ES module sends the same forms with fetch and shows what the server renders.
//
// # Live updates
//
// An open ticket page is a reader of the ticket's log with a position, like a
// mirror. Its stream waits on the bell, reads what came after its position and
// sends it rendered by the very templates that rendered the page; the browser's
// Last-Event-ID brings a reconnected page up from where it was. A stream never
// holds up the log: the log rings, and does not wait.
//
// # What changes a ticket
//
// Everything that changes a ticket is a bridge.Command given to the Log. Nothing
// that is said in a conversation reaches the customer except by ReplyToCustomer,
// which only the reply box of the ticket page makes. No GET changes state.
//
// # Safety
//
// http.CrossOriginProtection and a SameSite=Lax cookie stop forged requests; the
// content security policy allows scripts and styles from here alone and no inline
// ones; text of others is escaped by html/template or rendered by markup.HTML;
// files are served as sandboxed downloads. Passwords are kept as argon2id.
//
// A session names a sign-in, a row of the store: without the row it is nobody's, so that
// a sign-in can be ended from elsewhere. It gets a new token whenever it becomes worth
// more. People sign in with a password, which may need a code (RFC 6238), or by an OpenID
// Connect provider (package sso), whose answer counts only in the browser that asked for
// it, once, and with an address that the provider has verified.
package web
