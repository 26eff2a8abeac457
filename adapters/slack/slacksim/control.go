package slacksim

import "net/http"

func (s *Sim) mountControl(mux *http.ServeMux) {}
