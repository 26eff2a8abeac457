package chat

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
)

// MaxPosts is in how many posts what was shared from a ticket comes at most; what is
// longer comes as a file.
const MaxPosts = 10

// Shown returns an entry as it may be shown in a channel: what it quotes of the ticket is
// masked and does not name the customer where the channel's policy says so. Which comments
// are shared is the agent's own decision.
func Shown(e *bridge.Entry, p mapping.Policy) *bridge.Entry {
	own, quote := e.Quoted()
	if quote == "" {
		return e
	}
	if !p.Requester {
		quote = bridge.WithoutCustomer(quote)
	}
	if p.Mask {
		quote = mapping.Mask(quote)
	}
	shown := *e
	if own != "" {
		own += "\n\n"
	}
	shown.Words.Body = own + quote
	return &shown
}

// QuoteFile is the file in which a long quotation comes, complete.
func QuoteFile(e *bridge.Entry, quote string) bridge.ViewFile {
	data := []byte(quote + "\n")
	return bridge.ViewFile{
		Name: fmt.Sprintf("ticket-%d-comments.md", e.Ticket), MIME: "text/markdown", Size: int64(len(data)),
		Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil },
	}
}

// InFile says, in Markdown, that a quotation is in a file.
func InFile(comments int, name string) string {
	what := "The comment is"
	if comments > 1 {
		what = fmt.Sprintf("The %d comments are", comments)
	}
	return "_" + what + " long and in the file " + Inert(name) + "._"
}
