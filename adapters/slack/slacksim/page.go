package slacksim

import "net/http"

type pages struct{ sim *Sim }

func newPages(s *Sim) *pages { return &pages{sim: s} }

func (p *pages) mount(mux *http.ServeMux) {}
