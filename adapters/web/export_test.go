package web

// What the tests of other packages' view look at inside.
var (
	PageOrder     = pageOrder
	CheckPassword = checkPassword
	ParseChannel  = parseChannel
	LocalPath     = localPath
	FileName      = fileName
	DecodeJSON    = decodeJSON
	ParseBefore   = parseBefore
	Initials      = initials
	NewAttempts   = newAttempts
)

// Allow makes attempts' method visible.
func (a *attempts) Allow(keys ...string) bool { return a.allow(keys...) }

// Known returns how many keys are remembered.
func (a *attempts) Known() int { return len(a.byKey) }
