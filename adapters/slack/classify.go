package slack

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
)

// defaultRetryAfter is how long to wait when Slack says "too fast" and not for
// how long.
const defaultRetryAfter = 10 * time.Second

// codeExternal is our own: the channel may not be written to while other
// organisations read it.
const codeExternal = "external"

// A verdict is what one error code of the Web API means for a delivery. The
// remedy may name the channel, the scope that is missing, and the app.
type verdict struct {
	class     bridge.Class
	uncertain bool
	remedy    string
}

// verdicts has every code of the methods we call that is not our own bug or a
// content error, which are refused for good.
// https://docs.slack.dev/reference/methods/chat.postMessage#errors and the
// pages of the other methods
func verdicts() map[string]verdict {
	v := map[string]verdict{
		"fatal_error":         {class: bridge.Transient, uncertain: true},
		"internal_error":      {class: bridge.Transient, uncertain: true},
		"request_timeout":     {class: bridge.Transient, uncertain: true},
		"service_unavailable": {class: bridge.Transient, uncertain: true},
		"team_added_to_org":   {class: bridge.Transient},
		"ratelimited":         {class: bridge.RateLimited},
		"rate_limited":        {class: bridge.RateLimited},

		"external_channel_migrating": {class: bridge.Transient},
		"update_failed":              {class: bridge.Transient},
		"streaming_state_conflict":   {class: bridge.Transient},
		"file_not_ready":             {class: bridge.Transient},
		"invalid_cursor":             {class: bridge.Transient},
		"no_error_given":             {class: bridge.Transient, uncertain: true},
	}
	put := func(class bridge.Class, codes map[string]string) {
		for code, remedy := range codes {
			v[code] = verdict{class: class, remedy: remedy}
		}
	}
	put(bridge.Unauthorized, fatalCodes())
	put(bridge.Gone, goneCodes())
	put(bridge.Rejected, rejectedCodes())
	return v
}

// fatalCodes stop the workspace: nothing can be sent until somebody acts.
func fatalCodes() map[string]string {
	const reinstall = "Install the Slack app in the workspace again and put its new bot token (xoxb-…) into the configuration."
	const admin = "Ask a Slack workspace admin to allow the {app} app (Settings, Manage apps)."
	const socketMode = "Switch Socket Mode on for the Slack app (Settings, Socket Mode), or configure the Events API instead."
	return map[string]string{
		"invalid_auth": reinstall, "account_inactive": reinstall, "token_revoked": reinstall,
		"not_authed": "Set the bot token (xoxb-…) in the configuration.",
		"token_expired": "Token rotation is on for the Slack app. Create the app from the manifest again, with rotation off, " +
			"and put its bot token into the configuration.",
		"not_allowed_token_type": "Use the bot token (xoxb-…) for the Web API and the app-level token (xapp-…) for Socket Mode.",
		"missing_scope": "Add the scope {scope} to the Slack app (OAuth & Permissions, Bot Token Scopes), " +
			"then install the app in the workspace again.",
		"no_permission": admin, "org_login_required": admin, "two_factor_setup_required": admin,
		"team_access_not_granted": admin, "enterprise_is_restricted": admin, "accesslimited": admin, "access_denied": admin,
		"link_disabled": socketMode, "forbidden_team": socketMode,
	}
}

// goneCodes lose the channel or the thread.
func goneCodes() map[string]string {
	const invite = "Invite the app: write /invite @{app} in {channel}."
	const posting = "Ask an admin of {channel} to let the {app} app post there (channel settings, posting permissions)."
	const deleted = "The thread's first message was deleted in {channel}. Open the conversation in another channel, or start a new one."
	const connect = "Messages to the other organisation in {channel} are blocked. Map the group to a channel that is not shared, " +
		"or ask a Slack admin to allow it."
	return map[string]string{
		"channel_not_found": "The channel {channel} does not exist, or the app is not in it. If it is private, write /invite @{app} in it; " +
			"otherwise map the group to another channel.",
		"not_in_channel":          invite,
		"is_archived":             "Unarchive {channel} in Slack, or map the group to another channel.",
		"is_inactive":             "Unarchive {channel} in Slack, or map the group to another channel.",
		"cannot_reply_to_message": "The message in {channel} can not have replies. Open the conversation in another channel, or start a new one.",
		"thread_not_found":        deleted,
		bridge.ParkedThread:       deleted,
		codeExternal: "{channel} is shared with another organisation. Allow that in the mapping rule (allow_external), " +
			"or map the group to another channel.",
		"restricted_action": posting, "restricted_action_read_only_channel": posting,
		"restricted_action_thread_only_channel":    posting,
		"restricted_action_non_threadable_channel": "{channel} does not allow threads. Map the group to another channel.",
		"restricted_action_thread_locked":          "The thread in {channel} is locked. Unlock it in Slack and resume the mirror, or start a new conversation.",
		"posting_to_channel_denied":                posting, "posting_to_general_channel_denied": posting,
		"message_limit_exceeded":               "The workspace has reached the message limit of its Slack plan. Free space or change the plan.",
		"messages_tab_disabled":                "Switch on the app's Messages tab (App Home), or map the group to a channel.",
		"team_not_found":                       "The channel's workspace is unknown. Choose the channel again in the mapping rule.",
		"ekm_access_denied":                    "A Slack admin has suspended access with Enterprise Key Management. Ask them to restore it.",
		"slack_connect_canvas_sharing_blocked": connect, "slack_connect_file_link_sharing_blocked": connect,
		"slack_connect_clip_sharing_blocked":    connect,
		"method_not_supported_for_channel_type": "{channel} is not a channel that threads can be opened in. Map the group to another one.",
		"too_many_members":                      "{channel} has too many members for the app to join. Invite it: write /invite @{app} in {channel}.",
	}
}

// rejectedCodes say that this one call can never work; most are a mistake of
// ours, which the code in the audit trail names.
func rejectedCodes() map[string]string {
	codes := map[string]string{}
	for _, code := range []string{
		// The content. https://docs.slack.dev/reference/methods/chat.postMessage#errors
		"msg_too_long", "msg_blocks_too_long", "no_text", "invalid_blocks", "invalid_blocks_format", "too_many_attachments",
		"attachment_payload_limit_exceeded", "metadata_too_large", "invalid_metadata_format", "invalid_metadata_schema",
		"metadata_must_be_sent_from_app", "markdown_text_conflict", "duplicate_message_not_found", "duplicate_channel_not_found",
		"too_many_contact_cards", "invalid_attachments",
		// An edit or delete that may not be made.
		"edit_window_closed", "cant_update_message", "cant_delete_message", "block_mismatch", "message_not_found",
		"as_user_not_supported", "cant_broadcast_message",
		// A file. The words are shown with a link in the file's place.
		"file_type_not_allowed", "file_upload_size_restricted", "file_uploads_disabled", "storage_limit_reached",
		"slack_connect_file_upload_sharing_blocked", "slack_connect_blocked_file_type", "file_not_found", "file_deleted",
		"invalid_file_type", "malware_detected",
		// A reaction, or a form that somebody waits for.
		"already_reacted", "no_reaction", "invalid_name", "bad_timestamp", "too_many_emoji", "too_many_reactions", "thread_locked",
		"not_reactable", "no_item_specified", "no_access", "expired_trigger_id", "exchanged_trigger_id", "invalid_trigger_id",
		"trigger_expired", "trigger_exchanged", "view_too_large", "duplicate_external_id", "push_limit_reached",
		// A call of ours that is made wrong.
		"invalid_arg_name", "invalid_arguments", "invalid_array_arg", "invalid_charset", "invalid_form_data", "invalid_post_type",
		"missing_post_type", "invalid_ts_oldest", "invalid_ts_latest", "deprecated_endpoint", "method_deprecated", "unknown_method",
		"missing_argument", "invalid_channel", "user_not_found", "users_not_found", "user_not_visible", "user_not_in_channel",
	} {
		codes[code] = ""
	}
	return codes
}

// refusal returns what an error code means for a call to a channel. A code we do
// not know comes with ok:false, so nothing happened; time may heal it.
func (a *Adapter) refusal(code, channel, needed, provided string) *bridge.SurfaceError {
	v, known := a.verdicts[code]
	se := &bridge.SurfaceError{Class: v.class, Uncertain: v.uncertain, Code: code}
	if !known {
		se.Err = chat.ErrUnknownCode
	}
	switch {
	case v.class == bridge.RateLimited:
		se.After = defaultRetryAfter
	case lostThread(code):
		se.Code = bridge.ParkedThread // under this name no probe of the channel resumes the mirror
	}
	if v.remedy != "" {
		se.Remedy = strings.NewReplacer(
			"{channel}", a.channelLabel(channel), "{scope}", cmp.Or(needed, "it lacks"), "{app}", a.appName(),
		).Replace(v.remedy)
	}
	a.directRefusal(se, channel, needed)
	if needed != "" {
		se.Err = fmt.Errorf("needs %s, has %s", needed, cmp.Or(provided, "none of it"))
	}
	return se
}

// surfaceError classifies a failed call. Errors of the network are certain only
// when nothing was written.
func (a *Adapter) surfaceError(err error, channel string, t *callTrace) error {
	var se *bridge.SurfaceError
	var limited *slack.RateLimitedError
	var status slack.StatusCodeError
	var refused slack.SlackErrorResponse
	switch {
	case err == nil:
		return nil
	case errors.As(err, &se):
		return se
	case errors.As(err, &limited):
		return &bridge.SurfaceError{Class: bridge.RateLimited, After: limited.RetryAfter, Code: "ratelimited"}
	case errors.As(err, &refused):
		se := a.refusal(refused.Err, channel, refused.Needed, refused.Provided)
		if after := t.retryAfter.Load(); after > 0 && se.Class == bridge.RateLimited {
			se.After = time.Duration(after) * time.Second
		}
		return se
	case errors.As(err, &status):
		return statusError(status.Code, t)
	}
	return &bridge.SurfaceError{Class: bridge.Transient, Uncertain: t.wrote.Load(), Code: chat.NetworkCode(err), Err: chat.WithoutAddress(err)}
}

// lostThread reports whether a code is about the thread and not the channel.
func lostThread(code string) bool {
	switch code {
	case "thread_not_found", "cannot_reply_to_message", "restricted_action_thread_locked":
		return true
	}
	return false
}

func statusError(status int, t *callTrace) error {
	code := fmt.Sprintf("http_%d", status)
	switch {
	case status == http.StatusTooManyRequests:
		after := defaultRetryAfter
		if s := t.retryAfter.Load(); s > 0 {
			after = time.Duration(s) * time.Second
		}
		return &bridge.SurfaceError{Class: bridge.RateLimited, After: after, Code: code}
	case status >= 400 && status < 500 && status != http.StatusRequestTimeout:
		return &bridge.SurfaceError{Class: bridge.Transient, Code: code}
	}
	return &bridge.SurfaceError{Class: bridge.Transient, Uncertain: true, Code: code}
}
