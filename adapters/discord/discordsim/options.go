package discordsim

import "time"

// Options describe the simulated service and bot. The zero value works: every field
// has a default.
type Options struct {
	// Now is the clock that stamps ids and fills rate buckets; time.Now.
	Now func() time.Time
	// Seed makes faults with a probability repeatable.
	Seed uint64
	// Token is the bot's, AppName what it is called.
	Token, AppName string
	// GuildName is the name of the guild that is there from the start.
	GuildName string
	// NoContent leaves the privileged intent MESSAGE_CONTENT switched off in the
	// portal: identifying with it is closed with 4014.
	NoContent bool
	// NoMembers leaves the privileged intent GUILD_MEMBERS switched off in the portal:
	// members are not listed.
	NoMembers bool

	// NonceWindow is how long an enforced nonce finds the message it made first. Discord
	// says "the past few minutes"; 3 min.
	NonceWindow time.Duration
	// FileTTL is how long the address of a file works; 24 h.
	FileTTL time.Duration
	// MaxFile is the largest file of a post; 10 MiB, as in an unboosted guild.
	MaxFile int64
	// Heartbeat is the interval that Hello asks for; 41.25 s.
	Heartbeat time.Duration
	// SessionTTL is how long a session without a connection can be resumed; 3 min.
	SessionTTL time.Duration
	// Identifies is how many sessions a day may be made; 1,000. One more resets the token.
	Identifies int
	// IdentifyEvery is the time in which only one session may be made. Discord's is 5 s;
	// unlimited by default, because tests reconnect faster than daemons.
	IdentifyEvery time.Duration
	// Replay is how many events a session keeps for a Resume; 10,000.
	Replay int
	// InvalidLimit is how many invalid requests in ten minutes get the address banned; 10,000.
	InvalidLimit int
	// ActiveThreads is how many threads of a guild may be unarchived; 1,000.
	ActiveThreads int
	// AnswerWithin is how long an interaction waits for its first answer; 3 s.
	AnswerWithin time.Duration
	// Echo says when the event of the bot's own post leaves, compared with the answer.
	Echo Echo
	// Limits switch the rate limits.
	Limits Limits
	// QuietUpdates leaves out the MESSAGE_UPDATEs that Discord sends for previews of
	// links, flags and threads.
	QuietUpdates bool
}

// Echo says when the event of the bot's own post leaves.
type Echo int

// The moments at which an echo can leave.
const (
	EchoDuring Echo = iota // event and answer race, as on Discord
	EchoBefore             // the answer is written after the event was
	EchoAfter              // the event is sent after the answer was written
)

// Limits scale or switch off the rate limits.
type Limits struct {
	Off bool
	// Scale multiplies every rate; 0 means 1.
	Scale float64
}

func (o Options) withDefaults() Options {
	text := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	duration := func(field *time.Duration, value time.Duration) {
		if *field == 0 {
			*field = value
		}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	text(&o.Token, "simulated.discord.bot-token")
	text(&o.AppName, "Sidebridge")
	text(&o.GuildName, "Simulated Guild")
	duration(&o.NonceWindow, 3*time.Minute)
	duration(&o.FileTTL, 24*time.Hour)
	duration(&o.Heartbeat, 41250*time.Millisecond)
	duration(&o.SessionTTL, 3*time.Minute)
	duration(&o.AnswerWithin, 3*time.Second)
	number := func(field *int, value int) {
		if *field == 0 {
			*field = value
		}
	}
	if o.MaxFile == 0 {
		o.MaxFile = 10 << 20
	}
	number(&o.Identifies, 1000)
	number(&o.Replay, 10_000)
	number(&o.InvalidLimit, 10_000)
	number(&o.ActiveThreads, 1000)
	if o.Limits.Scale == 0 {
		o.Limits.Scale = 1
	}
	return o
}
