package markup

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// maxURL is the longest address that is made a link.
const maxURL = 3000

// safeURL returns u ready to be a link and whether it may be one: http, https
// with a host, or mailto, nothing else.
func safeURL(u string) (string, bool) {
	u = strings.TrimSpace(clean(u))
	if u == "" || len(u) > maxURL {
		return "", false
	}
	parsed, err := url.Parse(u)
	if err != nil {
		return "", false
	}
	switch strings.ToLower(parsed.Scheme) {
	case "http", "https":
		if parsed.Hostname() == "" || strings.ContainsAny(parsed.Host, "\"<>|\\^`%{} ") {
			return "", false
		}
	case "mailto":
		if parsed.Opaque == "" {
			return "", false
		}
	default:
		return "", false
	}
	return urlEscaper.Replace(u), true
}

// urlEscaper takes out of an address what would end it on some surface.
var urlEscaper = strings.NewReplacer(
	" ", "%20", "\n", "%0A", "\t", "%09", "<", "%3C", ">", "%3E", `"`, "%22", "|", "%7C", `\`, "%5C", "`", "%60", "^", "%5E",
)

// realTarget is what a reader should know about where a link goes: the host,
// or the address mail is sent to.
func realTarget(u string) string {
	parsed, err := url.Parse(u)
	if err != nil {
		return ""
	}
	if strings.EqualFold(parsed.Scheme, "mailto") {
		return strings.ToLower(parsed.Opaque)
	}
	return strings.ToLower(parsed.Hostname())
}

// hostLike finds what a reader would take for a host in a label.
var hostLike = regexp.MustCompile(`(?i)(?:[a-z][a-z0-9+.-]*://\S*|[\p{L}\p{N}_-]+(?:[.\x{3002}\x{FF0E}\x{FF61}\x{2024}][\p{L}\p{N}_-]+)+)`)

// fileSuffixes end a file's name and not a host's.
var fileSuffixes = map[string]bool{
	"pdf": true, "doc": true, "docx": true, "xls": true, "xlsx": true, "ppt": true, "pptx": true, "csv": true,
	"txt": true, "png": true, "jpg": true, "jpeg": true, "gif": true, "svg": true, "json": true, "xml": true,
	"yaml": true, "yml": true, "html": true, "log": true, "eml": true, "gz": true, "go": true, "js": true,
}

// masked returns what to add to a link's label so that it cannot pretend to
// lead somewhere else: " (real.host)" if the label looks like another address.
func masked(label, u string) string {
	target := realTarget(u)
	if target == "" || strings.HasSuffix(strings.ToLower(label), "("+target+")") {
		return ""
	}
	for _, found := range hostLike.FindAllString(label, -1) {
		if !sameTarget(found, target) {
			return " (" + target + ")"
		}
	}
	return ""
}

// sameTarget reports whether a host-like part of a label names the target, or
// is no host after all: a number, a version or a file's name.
func sameTarget(found, target string) bool {
	found = strings.ToLower(found)
	if _, rest, ok := strings.Cut(found, "://"); ok {
		parsed, err := url.Parse("https://" + rest)
		return err == nil && bare(parsed.Hostname()) == bare(target)
	}
	_, mailHost, isMail := strings.Cut(target, "@")
	if bare(found) == bare(target) || isMail && (found == mailHost || strings.HasPrefix(target, found+"@")) {
		return true
	}
	last := found[strings.LastIndexByte(found, '.')+1:]
	if fileSuffixes[last] || len(last) == 1 && last > "9" { // "e.g" and the like
		return true
	}
	_, err := strconv.Atoi(strings.TrimLeft(last, "v"))
	return err == nil && strings.Count(found, ".") != 3
}

func bare(host string) string { return strings.TrimPrefix(host, "www.") }

// A moment is what a date link carries.
type moment struct {
	unix   int64
	format string
	link   string
}

// dateRef writes m as the part of a link behind "date:".
func dateRef(m moment) string {
	ref := strconv.FormatInt(m.unix, 10)
	values := url.Values{}
	if m.format != "" {
		values.Set("f", m.format)
	}
	if m.link != "" {
		values.Set("l", m.link)
	}
	if q := values.Encode(); q != "" {
		ref += "?" + q
	}
	return ref
}

// parseDate reads what dateRef wrote.
func parseDate(ref string) (moment, bool) {
	stamp, query, _ := strings.Cut(ref, "?")
	unix, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || unix < 0 || unix > maxUnix {
		return moment{}, false
	}
	m := moment{unix: unix}
	if values, err := url.ParseQuery(query); err == nil {
		m.format = strings.ReplaceAll(clean(values.Get("f")), "\n", " ")
		m.link, _ = safeURL(values.Get("l"))
	}
	return m, true
}

// maxUnix is the last second of the year 9999.
const maxUnix = 253402300799

// ownTarget reports whether a target of ours has only the characters that ids
// are made of, so that it can stand in a link as it is.
func ownTarget(s string) bool {
	for _, r := range s {
		if !isASCIIWord(r) && !strings.ContainsRune("/._:@+-", r) {
			return false
		}
	}
	return s != ""
}

func isASCIIWord(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_'
}
