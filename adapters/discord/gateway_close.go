package discord

import (
	"errors"
	"net"
	"time"

	"github.com/gorilla/websocket"
)

// ending is why a connection ended, and what that means for the next.
type ending struct {
	reason string
	code   int // Discord's, or zero
	err    error
	// fresh: the session is over; a new one has to be begun.
	fresh bool
	// invalid: Discord said so by op 9, and wants a short wait.
	invalid bool
	// slow: the next attempt waits.
	slow bool
	// ours: the cause is on our side, so it says nothing of the session.
	ours bool
	// remedy is what a person has to do before another attempt makes sense.
	remedy string
	// ready is when the session stood, or zero.
	ready time.Time
}

// readEnding tells why nothing more can be read.
func readEnding(err error, ready bool) ending {
	var closed *websocket.CloseError
	var timeout net.Error
	switch {
	case errors.As(err, &closed) && closed.Code != websocket.CloseAbnormalClosure:
		return closeEnding(closed.Code)
	case errors.As(err, &timeout) && timeout.Timeout():
		if ready {
			return ending{reason: "silence", err: err}
		}
		return ending{reason: "handshake too slow", err: err}
	}
	return ending{reason: "broken off", err: err}
}

const portal = "in Discord's developer portal (discord.com/developers/applications)"

// closeEnding tells what one of Discord's close codes means.
// https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes
func closeEnding(code int) ending {
	e := ending{reason: "closed by Discord", code: code}
	switch code {
	case 4004:
		e.remedy = "Discord refuses the bot's token. Open the application's page Bot " + portal +
			", press Reset Token, and put the new token into the configuration."
	case 4010:
		e.remedy = "Discord refuses this connection's shard. That is a defect of this version: install the newest one."
	case 4011:
		e.remedy = "The bot is in too many servers for one connection. Give Sidebridge an application and bot of its own " + portal +
			", and invite that bot to your servers only."
	case 4012:
		e.remedy = "Discord no longer speaks this version of the gateway. Install the newest version of Sidebridge."
	case 4013:
		e.remedy = "Discord does not know what this version asks for. Install the newest version of Sidebridge."
	case 4014:
		e.remedy = "The bot may not read messages. Open the application's page Bot " + portal +
			", switch on MESSAGE CONTENT INTENT under Privileged Gateway Intents, and save."
	case 4007, 4009:
		e.fresh = true // an invalid sequence; a session that has timed out
	case 4003:
		e.fresh = true // not identified: the session is not there
	case 4008:
		e.slow = true // too many packets
	}
	return e
}
