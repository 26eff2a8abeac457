// Package mapping decides, without any I/O: which channels a conversation goes
// to and what may be shown there (Route, Policy, Mask), who may start, invite
// and answer (Permissions), and which person an account belongs to (Match).
//
// Every decision comes with its reason in words, because the question that
// admins ask is never "what" but "why". All types are this package's own and
// encode as JSON, so that rules can be stored, exported and edited as they are.
package mapping
