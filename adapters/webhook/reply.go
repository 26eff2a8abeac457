package webhook

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

// reply is the body of a request.
type reply struct {
	Type      string    `json:"type"`
	Ticket    int64     `json:"ticket"`
	Seq       int64     `json:"seq"`
	At        time.Time `json:"at"`
	Subject   string    `json:"subject"`
	Requester requester `json:"requester"`
	Author    author    `json:"author"`
	Body      string    `json:"body"`
	HTML      string    `json:"html"`
	Files     []file    `json:"files,omitempty"`
}

type requester struct {
	Name  string `json:"name"`
	Email string `json:"email"`
}

type author struct {
	Name   string `json:"name"`
	Person string `json:"person"`
}

type file struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Size int64  `json:"size"`
	Hash string `json:"sha256"`
	// URL is made for each attempt, since it expires.
	URL string `json:"url"`
}

func replyOf(v bridge.View) *reply {
	e := v.Entry
	r := &reply{
		Type: string(bridge.CustomerReply), Ticket: e.Ticket, Seq: e.Seq, At: e.At.UTC(),
		Subject:   v.Ticket.Subject,
		Requester: requester{v.Ticket.Requester, v.Ticket.Email},
		Author:    author{e.Words.Name, e.Facts.Person},
		Body:      e.Words.Body, HTML: string(markup.HTML(e.Words.Body)),
	}
	for _, f := range v.Files {
		r.Files = append(r.Files, file{Name: f.Name, Type: f.MIME, Size: f.Size, Hash: f.Hash})
	}
	return r
}

// encode returns the body with fresh addresses of its files. The HTML stays
// readable: nobody puts this JSON into a page.
func (h *Hook) encode(r *reply) ([]byte, error) {
	fresh := *r
	fresh.Files = nil
	for _, f := range r.Files {
		f.URL = h.fileURL(f)
		fresh.Files = append(fresh.Files, f)
	}
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	err := enc.Encode(fresh)
	return bytes.TrimRight(body.Bytes(), "\n"), err
}
