package server

import (
	. "github.com/wardline/wardline/internal/platform/endpoint" // a table reads best without a name on every word
)

// route is a line of the list: pattern, who may call it, what kind of work it is, who does it.
type route Route

// routes lists every endpoint of the server, in the order of the client-server API's chapters.
// {name...} takes an empty value and slashes.
func (s *Server) routes() []Route {
	groups := [][]route{
		s.opsRoutes(),
	}
	var all []Route
	for _, group := range groups {
		for _, r := range group {
			all = append(all, Route(r))
		}
	}
	return all
}

// opsRoutes are for whatever watches the server.
func (s *Server) opsRoutes() []route {
	return []route{
		{"GET /_wardline/health", Open, Ops, Do(s.health)},
		{"GET /_wardline/ready", Open, Ops, Do(s.isReady)},
	}
}
