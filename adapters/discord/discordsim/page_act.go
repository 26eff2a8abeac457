package discordsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// act does what a form of the page asks and shows the page again.
func (p *pages) act(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 32<<20)
	if err := r.ParseMultipartForm(8 << 20); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		http.Error(w, "unreadable form", http.StatusBadRequest)
		return
	}
	form := r.PostForm
	at := place{As: form.Get("as"), Guild: form.Get("guild"), Channel: form.Get("channel"), Thread: form.Get("thread")}
	opened, err := p.perform(r)
	if opened != "" {
		at.Thread = opened
	}
	back := at.URL()
	if err != nil {
		at.Reply = form.Get("reply")
		back = at.URL() + "&problem=" + url.QueryEscape(problemText(err))
	}
	http.Redirect(w, r, back, http.StatusSeeOther)
}

// problemText says what went wrong as the page shows it.
func problemText(err error) string {
	switch {
	case errors.Is(err, ErrNotAllowed):
		return "That is not allowed here: " + before(err.Error(), ": "+ErrNotAllowed.Error()) + "."
	case errors.Is(err, ErrNoSuch):
		return "That is not there, or not any more."
	}
	return err.Error()
}

func before(text, end string) string {
	head, _, _ := strings.Cut(text, end)
	return head
}

// perform returns the thread to show, if another one than before.
func (p *pages) perform(r *http.Request) (opened string, err error) {
	form := r.PostForm
	person := p.sim.Person(form.Get("as"))
	if person == nil {
		return "", fmt.Errorf("speak as %q: %w", form.Get("as"), ErrNoSuch)
	}
	in, id := form.Get("in"), form.Get("message")
	switch form.Get("do") {
	case "post":
		return "", p.say(r, person)
	case "new-post":
		return person.PostInForum(in, form.Get("name"), lines(form.Get("text")))
	case "start-thread":
		return person.StartThread(in, id, form.Get("name"))
	case "edit":
		return "", person.Edit(in, id, lines(form.Get("text")))
	case "delete":
		return "", person.Delete(in, id)
	case "react":
		return "", p.react(person, in, id, strings.TrimSpace(form.Get("emoji")))
	case "press":
		_, err = person.Press(in, id, form.Get("button"))
	case "menu":
		_, err = person.MessageCommand(in, id, form.Get("command"))
	case "command":
		err = p.command(person, in, form)
	case "submit":
		_, err = person.SubmitModal(form.Get("interaction"), inputs(form, "value:"))
	case "close":
		err = person.CloseModal(form.Get("interaction"))
	case "dismiss":
		p.mu.Lock()
		p.dismissed[id] = true
		p.mu.Unlock()
	case "lock", "unlock":
		err = p.sim.LockThread(in, form.Get("do") == "lock")
	case "archive":
		err = p.sim.ArchiveThread(in)
	case "delete-thread":
		err = p.sim.DeleteThread(in)
	default:
		err = fmt.Errorf("do %q: %w", form.Get("do"), ErrNotAllowed)
	}
	return "", err
}

func lines(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }

// say posts text, a file, or both. A text that begins with the name of a command uses it.
func (p *pages) say(r *http.Request, person *Person) error {
	form := r.PostForm
	d := Draft{Content: lines(form.Get("text")), Reply: form.Get("reply")}
	if upload, header, err := r.FormFile("file"); err == nil {
		defer func() { _ = upload.Close() }()
		data, err := io.ReadAll(upload)
		if err != nil {
			return fmt.Errorf("read file: %w", err)
		}
		if len(data) > 0 {
			d.Files = []File{{Name: header.Filename, Content: data}}
		}
	}
	if strings.TrimSpace(d.Content) == "" && d.Files == nil {
		return nil
	}
	if length(d.Content) > mostTyped {
		return fmt.Errorf("a message of more than %d characters: %w", mostTyped, ErrNotAllowed)
	}
	if rest, ok := strings.CutPrefix(d.Content, "/"); ok && d.Files == nil {
		name, words, _ := strings.Cut(rest, " ")
		return p.command(person, form.Get("in"), url.Values{"command": {name}, "words": {words}})
	}
	_, err := person.Send(form.Get("in"), d)
	return err
}

// mostTyped is the most that a person's client sends without a subscription.
const mostTyped = 2000

// react adds a reaction, or takes it away where it is already.
func (p *pages) react(person *Person, in, id, emoji string) error {
	if emoji == "" {
		return fmt.Errorf("react with nothing: %w", ErrNotAllowed)
	}
	m, ok := p.sim.Message(in, id)
	if !ok {
		return fmt.Errorf("message %s: %w", id, ErrNoSuch)
	}
	name, _ := emojiOf(emoji)
	for _, u := range m.Reactions[name] {
		if u == person.ID() {
			return person.Unreact(in, id, emoji)
		}
	}
	return person.React(in, id, emoji)
}

// command uses a slash command with the options of its form, or with words that were
// typed after its name, which are its first option.
func (p *pages) command(person *Person, in string, form url.Values) error {
	values, options := inputs(form, "option:"), map[string]any{}
	name := form.Get("command")
	for i, o := range p.options(in, name) {
		typed := strings.TrimSpace(lines(values[o.Name]))
		if i == 0 && form.Get("words") != "" {
			typed = strings.TrimSpace(form.Get("words"))
		}
		switch {
		case typed == "" && o.Required:
			return fmt.Errorf("/%s needs its option %s: %w", name, o.Name, ErrNotAllowed)
		case typed == "":
		case o.Type == 4:
			n, err := strconv.ParseInt(typed, 10, 64)
			if err != nil {
				return fmt.Errorf("the option %s is a number: %w", o.Name, ErrNotAllowed)
			}
			options[o.Name] = n
		default:
			options[o.Name] = typed
		}
	}
	_, err := person.Command(in, name, options)
	if errors.Is(err, ErrNoSuch) {
		return fmt.Errorf("there is no command /%s (is the daemon running?): %w", name, ErrNotAllowed)
	}
	return err
}

// options are those of a command, as it was registered.
func (p *pages) options(in, name string) []registeredOption {
	p.sim.mu.Lock()
	defer p.sim.mu.Unlock()
	ch := p.sim.channels[in]
	if ch == nil {
		return nil
	}
	var list []registered
	_ = json.Unmarshal(ch.guild.commands, &list)
	for _, cmd := range list {
		if cmd.Name == name && max(cmd.Type, 1) == 1 {
			return cmd.Options
		}
	}
	return nil
}

// inputs are the form's values whose names begin so.
func inputs(form url.Values, prefix string) map[string]string {
	out := map[string]string{}
	for key := range form {
		if name, ok := strings.CutPrefix(key, prefix); ok {
			out[name] = lines(form.Get(key))
		}
	}
	return out
}
