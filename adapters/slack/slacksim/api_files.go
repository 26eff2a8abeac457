package slacksim

import (
	"encoding/json"
	"strings"
)

func (s *Sim) filesGetUploadURL(c *call) (any, error) {
	name := c.args.text("filename")
	size, err := c.args.number("length", 0)
	if err != nil || name == "" || size <= 0 || length(c.args.text("alt_txt")) > 1000 {
		return nil, fail("invalid_arguments")
	}
	if c.args.text("snippet_type") != "" && size > 1<<20 {
		return nil, fail("snippet_too_large")
	}
	f := &file{
		id: s.newID("F"), name: name, title: name, user: s.opts.BotUserID, altText: c.args.text("alt_txt"),
		created: s.now().Unix(), size: size, mode: "hosted",
	}
	ticket := s.newSecret()
	s.files[f.id], s.uploads[ticket] = f, f
	return ok().with("upload_url", s.base+"/upload/v1/"+ticket).with("file_id", f.id), nil
}

// filesCompleteUpload shares uploaded files. The message appears a little
// later and is not in the answer: shares are empty until then.
// https://docs.slack.dev/messaging/working-with-files
func (s *Sim) filesCompleteUpload(c *call) (any, error) {
	var list []struct{ ID, Title string }
	if json.Unmarshal(c.args.raw("files"), &list) != nil || len(list) == 0 {
		return nil, fail("invalid_arguments")
	}
	var files []*file
	for _, item := range list {
		f := s.files[item.ID]
		if f == nil || !f.uploaded || f.completed {
			return nil, fail("file_not_found")
		}
		if item.Title != "" {
			f.title = item.Title
		}
		files = append(files, f)
	}
	targets, err := s.shareTargets(c)
	if err != nil {
		return nil, err
	}
	body := content{text: c.args.text("initial_comment"), blockless: true}
	if raw := c.args.raw("blocks"); raw != nil && body.text == "" {
		if body.blocks, err = s.checkBlocks(raw, maxBlocks); err != nil {
			return nil, err
		}
		body.blockless = false
	}
	body.text = mutate(body.text)
	full := []wireFile{}
	for _, f := range files {
		f.completed = true
		full = append(full, s.wireFileInfo(f))
	}
	for _, ch := range targets {
		m := s.appMessage()
		m.subtype, m.files = "file_share", files
		if err := s.place(c, ch, m); err != nil {
			return nil, err
		}
		s.queue.after(s.opts.ShareDelay, func() { s.do(func() { s.share(ch, m, body) }) })
	}
	return ok().with("files", full), nil
}

// share posts the message that shows files. The caller holds mu.
func (s *Sim) share(ch *channel, m *message, body content) {
	if m.isReply() && ch.byTS[m.threadTS] == nil {
		m.threadTS = ""
	}
	m.text, m.blocks = body.text, s.rendered(body, body.text)
	m.ts = s.nextTS(ch)
	for _, f := range m.files {
		f.shares = append(f.shares, share{channel: ch.id, ts: m.ts, threadTS: m.threadTS, private: ch.private()})
	}
	s.publish(ch, m)
	if m.botID == s.opts.BotID {
		s.notify(ch, m, false, false)
	}
}

// shareTargets returns the channels named by channel_id or channels.
func (s *Sim) shareTargets(c *call) ([]*channel, error) {
	ids := strings.FieldsFunc(c.args.text("channels"), func(r rune) bool { return r == ',' || r == ' ' })
	if id := c.args.text("channel_id"); id != "" {
		ids = []string{id}
	}
	if len(ids) > 100 || (len(ids) > 1 && c.args.text("thread_ts") != "") {
		return nil, fail("invalid_arguments")
	}
	var targets []*channel
	for _, id := range ids {
		ch, err := s.target(id)
		if err != nil {
			return nil, err
		}
		if ch.archived || ch.policy != "" {
			return nil, fail("posting_to_channel_denied")
		}
		targets = append(targets, ch)
	}
	return targets, nil
}

func (s *Sim) filesInfo(c *call) (any, error) {
	f := s.files[c.args.text("file")]
	if f == nil {
		return nil, fail("file_not_found")
	}
	if f.mode == "tombstone" {
		return nil, fail("file_deleted")
	}
	w := s.wireFileInfo(f)
	if f.mode == "file_access" && f.access == "check_file_info" {
		// The stub only asks the app to call files.info, which shows the file.
		shown := *f
		shown.mode = "hosted"
		w = s.wireFileInfo(&shown)
	}
	return ok().with("file", w).with("comments", []any{}), nil
}
