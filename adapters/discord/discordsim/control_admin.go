package discordsim

// obeyMaking makes what was not there.
func (s *Sim) obeyMaking(verb string, o order) (id string, handled bool, err error) {
	switch verb {
	case "add-guild":
		id = s.AddGuild(o.Name)
	case "add-channel":
		id = s.AddChannel(ChannelSpec{
			Guild: o.Guild, Name: o.Name, Forum: o.Forum, Media: o.Media, Announcement: o.Announcement, Tags: o.Tags, RequireTag: o.RequireTag,
		})
	case "add-user":
		id = s.AddUser(UserSpec{Name: o.Name, Global: o.Text, Nick: o.Nick, Bot: o.Bot}).ID()
	case "webhook-post":
		id, err = s.PostAsWebhook(o.Channel, o.ID, o.Name, o.Text)
	default:
		return "", false, nil
	}
	return id, true, err
}

// obeyAdmin does what admins and moderators do.
func (s *Sim) obeyAdmin(verb string, o order) (id string, handled bool, err error) {
	switch verb {
	case "archive":
		err = s.ArchiveThread(o.Channel)
	case "lock":
		err = s.LockThread(o.Channel, o.On)
	case "rename-thread":
		err = s.RenameThread(o.Channel, o.Name)
	case "delete-thread":
		err = s.DeleteThread(o.Channel)
	case "delete-channel":
		err = s.DeleteChannel(o.Channel)
	case "delete-webhooks":
		err = s.DeleteWebhooks(o.Channel)
	case "deny":
		err = s.Deny(o.Channel, o.Perms)
	case "allow":
		err = s.Allow(o.Channel, o.Perms)
	case "set-permission":
		err = s.SetPermission(o.Channel, o.ID, o.Member, o.Allow, o.Deny)
	case "grant-role":
		s.GrantRole(o.Guild, o.Perms, o.On)
	case "kick-bot":
		s.KickBot(o.Guild)
	case "invite-bot":
		s.InviteBot(o.Guild)
	case "revoke-token":
		s.RevokeToken()
	case "restore-token":
		s.RestoreToken()
	default:
		return "", false, nil
	}
	return "", true, err
}

// obeyTrouble scripts faults and the gateway's troubles.
func (s *Sim) obeyTrouble(verb string, o order) (id string, handled bool, err error) {
	switch verb {
	case "fault":
		s.Inject(o.Fault)
	case "event-fault":
		s.InjectEvent(o.EventFault)
	case "clear-faults":
		s.ClearFaults()
	case "reconnect":
		s.ForceReconnect()
	case "heartbeat":
		s.RequestHeartbeat()
	case "invalidate":
		s.InvalidateSession(o.On)
	case "close":
		s.CloseGateway(o.Code)
	case "drop-connections":
		s.DropConnections()
	case "silence":
		s.Silence()
	case "half-frame":
		s.HalfFrame()
	case "outage":
		s.Outage(o.On)
	case "guild-outage":
		s.GuildOutage(o.Guild, o.On)
	default:
		return "", false, nil
	}
	return "", true, nil
}
