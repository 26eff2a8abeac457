package web

import "html/template"

// iconPaths are the icons' drawings in a box of 24, drawn with a line.
func iconPaths(name string) template.HTML {
	switch name {
	case "chat": // side conversations
		return `<path d="M4 5h12v8H9l-3 3v-3H4z"/><path d="M19 9h1v8h-2v3l-3-3h-4"/>`
	case "note":
		return `<path d="M6 3h9l4 4v14H6z"/><path d="M14 3v5h5M9 12h7M9 16h7"/>`
	case "customer":
		return `<circle cx="12" cy="8" r="4"/><path d="M4 21c1-5 4-7 8-7s7 2 8 7"/>`
	case "reply":
		return `<path d="M9 7 4 12l5 5"/><path d="M4 12h9c4 0 7 2 7 7"/>`
	case "lock":
		return `<rect x="5" y="11" width="14" height="9" rx="2"/><path d="M8 11V8a4 4 0 0 1 8 0v3"/>`
	case "key":
		return `<circle cx="8" cy="15" r="4"/><path d="m11 12 8-8M16 7l3 3"/>`
	case "plus":
		return `<path d="M12 5v14M5 12h14"/>`
	case "inbox":
		return `<path d="M4 13 6 5h12l2 8v6H4z"/><path d="M4 13h5l1 3h4l1-3h5"/>`
	case "file":
		return `<path d="M7 3h7l4 4v14H7z"/><path d="M14 3v4h4"/>`
	case "clip":
		return `<path d="m20 11-8 8a5 5 0 0 1-7-7l8-8a3.5 3.5 0 0 1 5 5l-8 8a2 2 0 0 1-3-3l7-7"/>`
	case "check":
		return `<path d="m5 13 4 4L19 7"/>`
	case "clock":
		return `<circle cx="12" cy="12" r="8"/><path d="M12 8v4l3 2"/>`
	case "question":
		return `<circle cx="12" cy="12" r="8"/><path d="M10 10a2 2 0 1 1 3 2c-1 .5-1 1-1 2M12 16.5v.1"/>`
	case "stop":
		return `<path d="M12 4 3 20h18z"/><path d="M12 10v5M12 17.5v.1"/>`
	case "link":
		return `<path d="M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1"/><path d="M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1"/>`
	case "hand":
		return `<path d="M4 12h10M10 7l5 5-5 5"/><path d="M19 5v14"/>`
	case "chain":
		return `<rect x="3" y="8" width="9" height="8" rx="4"/><rect x="12" y="8" width="9" height="8" rx="4"/><path d="M9 12h6"/>`
	case "dot":
		return `<circle cx="12" cy="12" r="8"/><circle cx="12" cy="12" r="2"/>`
	case "search":
		return `<circle cx="11" cy="11" r="6"/><path d="m16 16 4 4"/>`
	case "smile":
		return `<circle cx="12" cy="12" r="8"/><path d="M9 14c1 2 5 2 6 0M9.5 10v.1M14.5 10v.1"/>`
	default:
		return `<circle cx="12" cy="12" r="4"/>`
	}
}

// icon draws an icon. It is decoration: what it says, the words beside it say too.
func icon(name string) template.HTML {
	return `<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">` + iconPaths(name) + `</svg>`
}
