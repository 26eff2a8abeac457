// Package webhook hands what an agent replies to a customer to another program,
// which carries it there: the built-in desk has no mailbox of its own.
//
// # The request
//
// Every reply is one POST of JSON to the configured address:
//
//	POST /replies HTTP/1.1
//	Content-Type: application/json
//	Idempotency-Key: 3KQ5ZJ2N7WQTBV4DCUEPS6HXMA
//	X-Sidebridge-Timestamp: 1764000000
//	X-Sidebridge-Signature: v1=5257a869…
//
//	{"type": "customer.replied", "ticket": 12, "seq": 34, "at": "2026-11-24T07:40:00Z",
//	 "subject": "Refund has not arrived", "requester": {"name": "Ada", "email": "ada@example.com"},
//	 "author": {"name": "Alice", "person": "0193…"},
//	 "body": "It was **sent** today.", "html": "<p>It was <strong>sent</strong> today.</p>",
//	 "files": [{"name": "receipt.pdf", "type": "application/pdf", "size": 1834, "sha256": "…", "url": "https://…"}]}
//
// The signature is the HMAC-SHA256, in hex, of the timestamp, a full stop and the
// body's bytes, under the shared secret. A receiver computes it over the bytes as
// they came, compares in constant time, and refuses timestamps that are more than
// five minutes old. body is CommonMark; html is the same, safe to show.
//
// A file is fetched by GET from its url, without any header: the address is signed
// with the same secret and good for a day. A request that is repeated has fresh ones.
//
// # How often
//
// Replies of one ticket come in order, one at a time; those of different tickets
// side by side. A request whose outcome nobody knows is repeated, with the same
// Idempotency-Key and the same ticket and seq, so a receiver that remembers either
// sees every reply exactly once. That is why nothing is looked up here: Find says
// that it found nothing, and the relay needs no time of doubt before it repeats.
//
// # What the answer means
//
//	2xx                     accepted; the reply's turn is over
//	400, 413, 422 and such  this reply can never be accepted; the audit trail says so
//	401, 403, 404, 405, 410 and redirects
//	                        the address or the secret is wrong: nothing more is sent,
//	                        and nothing is lost, until a ping is accepted
//	429, 503 + Retry-After  not before then
//	408, 5xx, no answer     tried again, later and later
//
// A ping is the same signed request with the body {"type": "ping"}; answer it with
// 2xx. Redirects are not followed, since a signature is meant for one receiver.
//
// # Where requests may go
//
// Only to https, and to http on this machine. Each address that the name resolves
// to is checked as the connection is made, so a name cannot be turned to another
// address afterwards: private networks are refused unless Options.AllowPrivate, and
// link-local ones, where clouds keep their machines' credentials, always. No proxy
// is used, as it would resolve the name once more.
package webhook
