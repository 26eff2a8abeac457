package slack

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/adapters/slack/slacksim"
	"github.com/sidebridge/sidebridge/bridge"
)

// codes are all error codes that the documentation lists for the methods we
// call, by what they mean for a delivery.
// https://docs.slack.dev/reference/methods/chat.postMessage#errors and the others
func codes() map[bridge.Class]string {
	return map[bridge.Class]string{
		bridge.Unauthorized: `invalid_auth account_inactive token_revoked token_expired not_authed not_allowed_token_type missing_scope
			no_permission org_login_required two_factor_setup_required team_access_not_granted enterprise_is_restricted accesslimited
			access_denied`,
		bridge.Transient: `fatal_error internal_error request_timeout service_unavailable team_added_to_org external_channel_migrating
			streaming_state_conflict update_failed invalid_cursor`,
		bridge.RateLimited: `ratelimited rate_limited`,
		bridge.Gone: `channel_not_found not_in_channel is_archived is_inactive cannot_reply_to_message restricted_action
			restricted_action_read_only_channel restricted_action_thread_only_channel restricted_action_non_threadable_channel
			restricted_action_thread_locked message_limit_exceeded messages_tab_disabled team_not_found ekm_access_denied thread_not_found
			posting_to_channel_denied method_not_supported_for_channel_type too_many_members slack_connect_file_link_sharing_blocked`,
		bridge.Rejected: `msg_too_long no_text msg_blocks_too_long invalid_blocks invalid_blocks_format too_many_attachments
			attachment_payload_limit_exceeded metadata_too_large invalid_metadata_format invalid_metadata_schema
			metadata_must_be_sent_from_app markdown_text_conflict duplicate_message_not_found duplicate_channel_not_found
			message_not_found cant_update_message edit_window_closed block_mismatch cant_delete_message file_type_not_allowed
			file_upload_size_restricted file_not_found storage_limit_reached file_uploads_disabled
			slack_connect_file_upload_sharing_blocked invalid_arg_name invalid_arguments invalid_array_arg invalid_charset
			invalid_form_data invalid_post_type missing_post_type invalid_ts_oldest invalid_ts_latest`,
	}
}

func TestEveryErrorCodeHasItsClass(t *testing.T) {
	a := offline(t)
	uncertain := map[string]bool{"fatal_error": true, "internal_error": true, "request_timeout": true, "service_unavailable": true}
	for class, list := range codes() {
		for _, code := range strings.Fields(list) {
			if _, known := a.verdicts[code]; !known {
				t.Errorf("%s is not in the table", code)
			}
			err := a.surfaceError(slack.SlackErrorResponse{Err: code}, "C1", &callTrace{})
			se := surfaceErr(t, err)
			named := code
			if lostThread(code) {
				named = bridge.ParkedThread
			}
			if se.Class != class || se.Code != named || se.Uncertain != uncertain[code] {
				t.Errorf("%s is %v (uncertain %v), want %v", code, se.Class, se.Uncertain, class)
			}
			if needsPerson := class == bridge.Gone || class == bridge.Unauthorized; needsPerson != (se.Remedy != "") {
				t.Errorf("%s has the remedy %q", code, se.Remedy)
			}
			if strings.ContainsAny(se.Remedy, "{}%") {
				t.Errorf("%s: unfilled remedy %q", code, se.Remedy)
			}
			if class == bridge.RateLimited && se.After <= 0 {
				t.Errorf("%s does not say how long", code)
			}
		}
	}
}

func TestRemediesNameTheChannelTheScopeAndTheApp(t *testing.T) {
	w := newWorld(t, setup{})
	check(t, w.a.Probe(w.ctx(), w.mirror.Place))
	check(t, w.sim.KickBot(w.channel))
	err := w.a.Probe(w.ctx(), w.mirror.Place)
	if se := surfaceErr(t, err); !strings.EqualFold(se.Remedy, "Invite the app: write /invite @Sidebridge in #billing.") {
		t.Errorf("%q", se.Remedy)
	}
	w.sim.RemoveScope("chat:write")
	_, _, err = w.deliver(w.view(bridge.MirrorOpened, ""))
	if se := surfaceErr(t, err); se.Class != bridge.Unauthorized || !strings.Contains(se.Remedy, "chat:write") {
		t.Errorf("%+v", se)
	}
}

func TestStatusesAndNetworkErrorsAreClassified(t *testing.T) {
	a := offline(t)
	wrote := &callTrace{}
	wrote.wrote.Store(true)
	limited := &callTrace{}
	limited.retryAfter.Store(7)
	tests := []struct {
		name      string
		err       error
		trace     *callTrace
		class     bridge.Class
		uncertain bool
		after     time.Duration
	}{
		{"429", &slack.RateLimitedError{RetryAfter: 3 * time.Second}, wrote, bridge.RateLimited, false, 3 * time.Second},
		{"429 without a time", slack.StatusCodeError{Code: 429}, wrote, bridge.RateLimited, false, defaultRetryAfter},
		{"ratelimited with a time", slack.SlackErrorResponse{Err: "ratelimited"}, limited, bridge.RateLimited, false, 7 * time.Second},
		{"500", slack.StatusCodeError{Code: 500}, wrote, bridge.Transient, true, 0},
		{"503", slack.StatusCodeError{Code: 503}, wrote, bridge.Transient, true, 0},
		{"a redirect", slack.StatusCodeError{Code: 302}, wrote, bridge.Transient, true, 0},
		{"403 of a proxy", slack.StatusCodeError{Code: http.StatusForbidden}, wrote, bridge.Transient, false, 0},
		{"timeout before writing", context.DeadlineExceeded, &callTrace{}, bridge.Transient, false, 0},
		{"timeout after writing", context.DeadlineExceeded, wrote, bridge.Transient, true, 0},
		{"broken JSON", errors.New("unexpected end of JSON input"), wrote, bridge.Transient, true, 0},
		{"unknown code", slack.SlackErrorResponse{Err: "something_new"}, wrote, bridge.Transient, false, 0},
	}
	for _, test := range tests {
		se := surfaceErr(t, a.surfaceError(test.err, "C1", test.trace))
		if se.Class != test.class || se.Uncertain != test.uncertain || se.After != test.after {
			t.Errorf("%s: %+v", test.name, se)
		}
	}
	secret := &url.Error{Op: "Post", URL: "https://files.slack.com/upload/secret-ticket", Err: errors.New("reset")}
	if text := a.surfaceError(secret, "C1", wrote).Error(); strings.Contains(text, "secret-ticket") {
		t.Errorf("the error tells the address: %s", text)
	}
}

func TestATooSlowAnswerIsUncertainOnlyAfterTheRequestWasWritten(t *testing.T) {
	w := newWorld(t, setup{})
	w.open()
	w.quiet()
	w.sim.Inject(slacksim.Fault{Method: "chat.postMessage", Apply: true, Delay: 10 * time.Second, Times: 1})
	at := w.attempt(w.a.Plan(w.view(bridge.MessagePosted, "words"))[0], "tok")
	ctx, cancel := context.WithTimeout(w.ctx(), 200*time.Millisecond)
	defer cancel()
	_, err := w.a.Deliver(ctx, at)
	if se := surfaceErr(t, err); !se.Uncertain || se.Code != "timeout" {
		t.Errorf("%+v", se)
	}
	gone, cancel := context.WithCancel(w.ctx())
	cancel()
	_, err = w.a.Deliver(gone, at)
	if se := surfaceErr(t, err); se.Uncertain {
		t.Errorf("a call that was never made: %+v", se)
	}
}

// F34: a code that nobody knows stops a thread for some attempts, not for ever.
func TestAnUnknownRefusalIsGivenUpAfterSomeAttempts(t *testing.T) {
	w := newWorld(t, setup{})
	w.open()
	w.sim.Inject(slacksim.Fault{Method: "chat.postMessage", Error: "a_brand_new_code"})
	for attempts, class := range map[int]bridge.Class{0: bridge.Transient, chat.MaxUnknown - 1: bridge.Transient, chat.MaxUnknown: bridge.Rejected} {
		w.mirror.Attempts = attempts
		_, _, err := w.deliver(w.view(bridge.MessagePosted, "words"))
		if se := surfaceErr(t, err); se.Class != class || se.Uncertain || se.Code != "a_brand_new_code" {
			t.Errorf("after %d attempts: %+v", attempts, se)
		}
	}
	w.sim.ClearFaults()
	w.sim.Inject(slacksim.Fault{Method: "chat.postMessage", Status: 503})
	_, _, err := w.deliver(w.view(bridge.MessagePosted, "words"))
	if se := surfaceErr(t, err); se.Class != bridge.Transient {
		t.Errorf("an outage is %+v", se)
	}
}
