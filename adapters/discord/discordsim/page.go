package discordsim

import "net/http"

func (s *Sim) mountPage(*http.ServeMux) {}
