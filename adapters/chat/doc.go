// Package chat is what the adapters of chats have in common: how a ticket is told to
// people there, what keeps two bridges in one thread from answering one another for
// ever, and how a file is read that somebody else serves. It knows no platform.
package chat
