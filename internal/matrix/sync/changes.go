package sync

import (
	"context"

	"github.com/wardline/wardline/internal/platform/audit"
)

// DeviceChanges gives what device_lists would have said between two tokens: whose keys changed, and who shares no encrypted
// room with the caller any more. It looks at everything up to now: to is only what the client has seen already.
// Client-server API, GET /keys/changes.
func (e *Engine) DeviceChanges(ctx context.Context, who *audit.Caller, from, to string) (changed, left []string, err error) {
	since, err := parseToken(from)
	if err != nil {
		return nil, nil, err
	}
	if _, err := parseToken(to); err != nil {
		return nil, nil, err
	}
	p, err := e.person(ctx, who.User)
	if err != nil {
		return nil, nil, err
	}
	return e.deviceLists(ctx, p, false, since.pos, e.applied.Load())
}
