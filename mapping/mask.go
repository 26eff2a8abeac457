package mapping

import "regexp"

// What stands where Mask removed something. The marks hold no letter of
// another mark's pattern, and nothing that Markdown or a chat's own markup
// would read.
const (
	MaskedEmail = "‹e-mail›"
	MaskedPhone = "‹phone number›"
	MaskedCard  = "‹card number›"
)

// email finds addresses, also percent-encoded as in links, and with the
// backslashes that Markdown puts before "_" and ".". Signs that an address may
// hold but that far more often stand before one, such as "*" and "=", are not
// taken to be its part.
var email = regexp.MustCompile(
	`[\pL\pN][\pL\pN.!#$%'+^_{}~\\-]*(?:@|%40)[\pL\pN](?:[\pL\pN_-]*[\pL\pN])?(?:\\?\.[\pL\pN](?:[\pL\pN_-]*[\pL\pN])?)+`)

// Mask removes e-mail addresses, payment card numbers and phone numbers. It is
// for texts that leave for a chat: better a number too many removed than one
// too few, but dates, amounts, times and order numbers mostly stay. Masking a
// masked text changes nothing.
func Mask(text string) string {
	return maskNumbers(email.ReplaceAllString(text, MaskedEmail))
}
