package web

import (
	"context"

	"github.com/sidebridge/sidebridge/mapping"
)

// PreferenceNotices is the name of the preference that holds a mapping.Notices as JSON.
const PreferenceNotices = "notices"

// notices returns how a person wants to be told.
func (s *Server) notices(ctx context.Context, person string) (mapping.Notices, error) {
	text, err := s.store.Preference(ctx, person, PreferenceNotices)
	if err != nil {
		return mapping.Notices{}, err
	}
	return mapping.ParseNotices(text, *s.o.Notices)
}
