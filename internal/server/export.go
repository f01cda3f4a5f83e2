package server

import "github.com/wardline/wardline/internal/matrix/export"

// Exporter gives what exports conversations and people, for the command that does.
func (s *Server) Exporter() *export.Exporter { return export.New(s.db, s.files, s.conf.Server.Name) }
