package typing

import (
	"context"
	"time"

	"github.com/wardline/wardline/internal/platform/audit"
)

// API is typing's face on HTTP.
type API struct{ Typing *Typing }

type typingRequest struct {
	Room    string `path:"roomId" json:"-"`
	User    string `path:"userId" json:"-"`
	Typing  bool   `json:"typing"`
	Timeout int64  `json:"timeout"` // ms
}

// Set answers PUT /rooms/{roomId}/typing/{userId}.
func (api API) Set(ctx context.Context, who *audit.Caller, in typingRequest) (struct{}, error) {
	d := time.Duration(0)
	if in.Typing {
		d = 30 * time.Second
		if in.Timeout > 0 {
			d = time.Duration(min(in.Timeout, longest.Milliseconds())) * time.Millisecond
		}
	}
	return struct{}{}, api.Typing.Set(ctx, who, in.Room, in.User, d)
}
