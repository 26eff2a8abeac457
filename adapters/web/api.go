package web

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/sidebridge/sidebridge/bridge"
)

// caller is the program that a token belongs to.
type caller struct {
	token string // its name
	by    bridge.Known
}

// actor is how the log names what a program did: the person who made its token
// answers for it, and the name says that it was a program.
func (c caller) actor() bridge.Actor {
	return bridge.Actor{
		Person: c.by.Person, Role: c.by.Role, Name: "API token " + c.token,
		Account: bridge.Account{Surface: "api", ID: c.by.Person},
	}
}

// api runs a handler for a program with a valid token, and answers with JSON whatever happens.
func (s *Server) api(h func(http.ResponseWriter, *http.Request, caller) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, err := s.caller(r)
		if err == nil {
			r.Body = http.MaxBytesReader(w, r.Body, s.apiLimit(r))
			err = h(w, r, c)
		}
		if err == nil {
			return
		}
		status, code, text := describe(err)
		if status >= 500 {
			s.o.Logger.Error("API request failed", "route", r.Pattern, "error", err)
		}
		if status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Bearer realm="Sidebridge"`)
		}
		writeJSON(w, status, map[string]any{"error": map[string]string{"code": code, "message": text}})
	}
}

// apiLimit is the most bytes of a request: more for a form with files.
func (s *Server) apiLimit(r *http.Request) int64 {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "multipart/form-data" {
		return maxForm + s.o.MaxFile
	}
	return maxForm
}

// caller finds whose token the request has. The scheme's name is compared without
// regard to case (RFC 9110 §11.1).
func (s *Server) caller(r *http.Request) (caller, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "bearer") || !strings.HasPrefix(token, tokenPrefix) {
		return caller{}, fmt.Errorf("%w: send “Authorization: Bearer %s…” with a token that an admin made", errNoToken, tokenPrefix)
	}
	by, name, err := s.store.Token(r.Context(), hashToken(strings.TrimSpace(token)))
	if errors.Is(err, bridge.ErrNotFound) {
		return caller{}, fmt.Errorf("%w: the token is unknown or was revoked", errNoToken)
	}
	return caller{token: name, by: by}, err
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"error":{"code":"internal"}}`) // unreachable: our own maps
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // the client may be gone
}

// apiTicket is what creates a ticket.
type apiTicket struct {
	Subject   string `json:"subject"`
	Requester struct {
		Name  string `json:"name"`
		Email string `json:"email"`
	} `json:"requester"`
	Body     string    `json:"body"`
	Group    string    `json:"group"` // a name or an id
	Priority string    `json:"priority"`
	Tags     []string  `json:"tags"`
	Files    []apiFile `json:"files"`
}

// apiMessage is something more from the customer.
type apiMessage struct {
	Body   string    `json:"body"`
	Author string    `json:"author"` // the requester where it is empty
	Files  []apiFile `json:"files"`
}

// apiFile is a small file inside the JSON; larger ones come as multipart/form-data.
type apiFile struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Base64 string `json:"base64"`
}

func (s *Server) apiCreateTicket(w http.ResponseWriter, r *http.Request, c caller) error {
	var in apiTicket
	files, err := s.readAPI(r, &in, func(form func(string) string) {
		in.Subject, in.Body, in.Group, in.Priority = form("subject"), form("body"), form("group"), form("priority")
		in.Requester.Name, in.Requester.Email, in.Tags = form("requester_name"), form("requester_email"), splitTags(form("tags"))
	})
	if err != nil {
		return err
	}
	if strings.TrimSpace(in.Requester.Name) == "" {
		in.Requester.Name = in.Requester.Email
	}
	if strings.TrimSpace(in.Requester.Name) == "" {
		return fmt.Errorf("%w: requester.name is missing", bridge.ErrInvalid)
	}
	group, err := s.groupNamed(r.Context(), in.Group)
	if err != nil {
		return err
	}
	key, err := apiKey(r, c)
	if err != nil {
		return err
	}
	res, err := s.log.Append(r.Context(), &bridge.CreateTicket{
		Actor: c.actor(), Subject: in.Subject, Requester: strings.TrimSpace(in.Requester.Name), Email: strings.TrimSpace(in.Requester.Email),
		Body: in.Body, Files: files, Group: group, Priority: in.Priority, Tags: in.Tags, Channel: "api", Key: key,
	})
	if err != nil {
		return err
	}
	if err := s.sameAsBefore(r.Context(), res, in.Subject, in.Body); err != nil {
		return err
	}
	s.accepted(w, res, map[string]any{"ticket": res.ID.Ticket, "url": fmt.Sprintf("%s/tickets/%d", s.o.PublicURL, res.ID.Ticket)})
	return nil
}

func (s *Server) apiAddMessage(w http.ResponseWriter, r *http.Request, c caller) error {
	ticket, err := ticketOf(r)
	if err != nil {
		return err
	}
	var in apiMessage
	files, err := s.readAPI(r, &in, func(form func(string) string) { in.Body, in.Author = form("body"), form("author") })
	if err != nil {
		return err
	}
	first, err := s.store.Entries(r.Context(), "", ticket, 0, 1)
	if err != nil {
		return err
	}
	if len(first) == 0 {
		return fmt.Errorf("ticket %d: %w", ticket, bridge.ErrNotFound)
	}
	customer := bridge.Actor{Role: bridge.RoleCustomer, Name: first[0].Words.Requester}
	if in.Author != "" {
		customer.Name = bridge.Clean(in.Author)
	}
	key, err := apiKey(r, c)
	if err != nil {
		return err
	}
	res, err := s.log.Append(r.Context(), &bridge.CustomerMessage{Actor: customer, Ticket: ticket, Body: in.Body, Files: files, Key: key})
	if err != nil {
		return err
	}
	if err := s.sameAsBefore(r.Context(), res, "", in.Body); err != nil {
		return err
	}
	s.accepted(w, res, map[string]any{"ticket": ticket, "message": res.ID.String(), "url": fmt.Sprintf("%s/tickets/%d#m%d", s.o.PublicURL, ticket, res.ID.Seq)})
	return nil
}

// sameAsBefore refuses an Idempotency-Key that was used for something else: whoever
// sent it would take the old answer for the new thing. Erased words match anything.
func (s *Server) sameAsBefore(ctx context.Context, res bridge.Result, subject, body string) error {
	if res.Outcome != bridge.Duplicate {
		return nil
	}
	entries, err := s.store.Entries(ctx, bridge.SeesAll, res.ID.Ticket, res.ID.Seq-1, 3) // a ticket, its webhook's reader, the first words
	if err != nil {
		return err
	}
	plain := func(text string) string { return strings.Join(strings.Fields(bridge.Clean(text)), " ") }
	for _, e := range entries {
		differs := e.Kind == bridge.TicketCreated && plain(e.Words.Subject) != plain(subject) ||
			e.Kind == bridge.ConversationStarted && subject != "" && plain(e.Words.Subject) != plain(subject) ||
			e.Kind == bridge.CustomerWrote && plain(e.Words.Body) != plain(body)
		if !e.Erased && differs {
			return fmt.Errorf("%w: this Idempotency-Key was used for another request before: take a new one", bridge.ErrConflict)
		}
		if e.Kind == bridge.CustomerWrote {
			break // what follows is of later requests
		}
	}
	return nil
}

// accepted answers a request that was accepted: 201, or 200 when its
// Idempotency-Key says that it is one which was accepted before.
func (s *Server) accepted(w http.ResponseWriter, res bridge.Result, body map[string]any) {
	status := http.StatusCreated
	if res.Outcome == bridge.Duplicate {
		status = http.StatusOK
	}
	writeJSON(w, status, body)
}

// apiKey makes the log's key of a request's Idempotency-Key. Each person's tokens
// have their own keys, so that no program can find out another's.
func apiKey(r *http.Request, c caller) (string, error) {
	key := r.Header.Get("Idempotency-Key")
	if key == "" {
		return "", nil
	}
	if len(key) > 200 {
		return "", fmt.Errorf("%w: the Idempotency-Key is longer than 200 characters", bridge.ErrInvalid)
	}
	return "api:" + c.by.Person + ":" + r.URL.Path + ":" + hashToken(key), nil
}

// groupNamed finds a group by its name or id; empty is none.
func (s *Server) groupNamed(ctx context.Context, name string) (string, error) {
	if name == "" {
		return "", nil
	}
	groups, err := s.store.Groups(ctx)
	if err != nil {
		return "", err
	}
	if _, ok := groups[name]; ok {
		return name, nil
	}
	for id, n := range groups {
		if strings.EqualFold(n, strings.TrimSpace(name)) {
			return id, nil
		}
	}
	return "", fmt.Errorf("%w: there is no group %q", bridge.ErrInvalid, name)
}

// readAPI reads a request's JSON with its files, or a form with files.
func (s *Server) readAPI(r *http.Request, into any, fromForm func(func(string) string)) ([]bridge.FileUpload, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err == nil && kind == "multipart/form-data":
		if err := parseForm(r); err != nil {
			return nil, err
		}
		fromForm(r.PostFormValue)
		return s.uploads(r)
	case err == nil && kind != "application/json":
		return nil, fmt.Errorf("%w: the body is %s: send application/json or multipart/form-data", bridge.ErrInvalid, kind)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return nil, fmt.Errorf("%w: the most is %d bytes: send files as multipart/form-data", errTooLarge, large.Limit)
		}
		return nil, fmt.Errorf("%w: the body ended too soon", bridge.ErrInvalid)
	}
	if err := decodeJSON(body, into); err != nil {
		return nil, err
	}
	return s.apiFiles(r.Context(), into)
}

// decodeJSON refuses what it does not know, so that a misspelt field is an error and not a loss.
func decodeJSON(body []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("%w: the JSON cannot be read: %s", bridge.ErrInvalid, strings.TrimPrefix(err.Error(), "json: "))
	}
	if dec.More() {
		return fmt.Errorf("%w: there is something after the JSON object", bridge.ErrInvalid)
	}
	return nil
}

func (s *Server) apiFiles(ctx context.Context, into any) ([]bridge.FileUpload, error) {
	var files []apiFile
	switch in := into.(type) {
	case *apiTicket:
		files = in.Files
	case *apiMessage:
		files = in.Files
	case *apiBeginning:
		files = in.Files
	}
	if len(files) > maxUpload {
		return nil, fmt.Errorf("%w: %d files at once, the most is %d", bridge.ErrInvalid, len(files), maxUpload)
	}
	var out []bridge.FileUpload
	for i, f := range files {
		data, err := base64.StdEncoding.DecodeString(f.Base64)
		if err != nil {
			return nil, fmt.Errorf("%w: files[%d].base64 cannot be read", bridge.ErrInvalid, i)
		}
		up, err := s.keep(ctx, bytes.NewReader(data), f.Name, f.Type)
		if err != nil {
			return nil, err
		}
		out = append(out, up)
	}
	return out, nil
}
