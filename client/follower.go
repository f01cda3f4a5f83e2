package client

import (
	"context"
	"fmt"
	"time"

	"github.com/tidwall/gjson"
)

// Follower holds what a client that follows /v3/sync (or simplified sliding sync, [Client.FollowSliding]) holds: it applies one answer after another, and never asks
// for anything else. Compared with a follower that has applied only a fresh initial sync ([Follower.Diff]) it shows
// whether incremental syncs converge. It is not safe for use from several goroutines.
type Follower struct {
	// Filter is an id or a filter as JSON. With lazy members, held members may exceed fresh ones; see Lazy.
	Filter string
	// Lazy says that the filter asks for lazy members, so that members not named by the timeline are not compared.
	Lazy bool
	// UseStateAfter asks for the state after the timeline rather than before it.
	UseStateAfter bool

	NextBatch          string
	Joined             map[string]*HeldRoom
	Invited            map[string][]Event // stripped state
	Knocked            map[string][]Event // stripped state
	Left               map[string]*HeldRoom
	AccountData        map[string]Raw
	ToDevice           []Event
	DevicesChanged     map[string]bool // users whose devices changed (true) or who are no longer shared with (false)
	OneTimeKeyCounts   map[string]int
	UnusedFallbackKeys []string

	client *Client
	faults []string

	// Of a follower by simplified sliding sync: how much timeline to ask for, zero for one by /v3/sync; the name of the
	// connection; and the token of messages to the device, which is another than that of the rest.
	sliding       int
	slidingConn   string
	toDeviceSince string
}

// maxCatchUp is how many syncs it may take to have everything, while nobody writes.
const maxCatchUp = 1000

// StateKey names one piece of a room's state.
type StateKey struct{ Type, Key string }

// HeldRoom is a room as a client holds it.
type HeldRoom struct {
	State map[StateKey]Event
	// Timeline is what arrived since the last gap, oldest first, redactions applied.
	Timeline  []Event
	PrevBatch string
	// Gaps counts how often the server left events out.
	Gaps        int
	Receipts    map[ReceiptKey]string // the event read up to
	Typing      []string
	AccountData map[string]Raw
	Unread      Unread
	Threads     map[string]Unread
	Heroes      []string
	JoinedCount int
	Invites     int

	seen map[string]bool
}

// ReceiptKey names one receipt of a room: whose, of which kind, in which thread (empty: unthreaded).
type ReceiptKey struct{ User, Kind, Thread string }

// Follow returns a follower that has not synced yet.
func (c *Client) Follow(filter string) *Follower {
	return &Follower{
		Filter: filter, client: c,
		Joined: map[string]*HeldRoom{}, Left: map[string]*HeldRoom{},
		Invited: map[string][]Event{}, Knocked: map[string][]Event{},
		AccountData: map[string]Raw{}, DevicesChanged: map[string]bool{},
	}
}

// Fresh returns a follower of the same client and filter that has applied one initial sync.
func (f *Follower) Fresh(ctx context.Context) (*Follower, error) {
	fresh := f.client.Follow(f.Filter)
	if f.sliding > 0 {
		fresh = f.client.FollowSliding(f.sliding)
	}
	fresh.Lazy, fresh.UseStateAfter = f.Lazy, f.UseStateAfter
	_, err := fresh.Step(ctx, 0)
	return fresh, err
}

// Step syncs once, waiting up to timeout for something to happen, applies the answer and returns it.
func (f *Follower) Step(ctx context.Context, timeout time.Duration) (SyncResponse, error) {
	if f.sliding > 0 {
		return f.stepSliding(ctx, timeout)
	}
	response, err := f.client.Sync(ctx, SyncOptions{
		Since: f.NextBatch, Filter: f.Filter, Timeout: timeout, UseStateAfter: f.UseStateAfter,
	})
	if err != nil {
		return SyncResponse{}, err
	}
	f.Apply(response)
	return response, nil
}

// CatchUp syncs without waiting until an answer has nothing new. A server that never comes to an end is an error.
func (f *Follower) CatchUp(ctx context.Context) error {
	for range maxCatchUp {
		before := f.NextBatch
		response, err := f.Step(ctx, 0)
		if err != nil {
			return err
		}
		if before != "" && response.empty() {
			return nil
		}
	}
	return fmt.Errorf("client: after %d syncs there is still something new", maxCatchUp)
}

// Until steps until done says so; the context bounds it.
func (f *Follower) Until(ctx context.Context, done func(*Follower) bool) error {
	for !done(f) {
		if _, err := f.Step(ctx, 10*time.Second); err != nil {
			return err
		}
	}
	return nil
}

// Saw reports whether an event is in the held timeline of a room that the user is in or has left.
func (f *Follower) Saw(roomID, eventID string) bool {
	for _, rooms := range []map[string]*HeldRoom{f.Joined, f.Left} {
		if held := rooms[roomID]; held != nil && held.seen[eventID] {
			return true
		}
	}
	return false
}

// Faults lists what no server should have sent: an event twice, a missing token, a state event without a key.
func (f *Follower) Faults() []string { return f.faults }

func (f *Follower) fault(format string, args ...any) {
	f.faults = append(f.faults, fmt.Sprintf(format, args...))
}

// empty reports whether an answer changes nothing that a client holds.
func (r SyncResponse) empty() bool {
	rooms := len(r.Rooms.Join) + len(r.Rooms.Invite) + len(r.Rooms.Knock) + len(r.Rooms.Leave)
	return rooms+len(r.AccountData.Events)+len(r.ToDevice.Events)+len(r.DeviceLists.Changed)+len(r.DeviceLists.Left) == 0
}

// Apply takes over one answer.
func (f *Follower) Apply(response SyncResponse) {
	if response.NextBatch == "" {
		f.fault("answer without next_batch")
	}
	f.NextBatch = response.NextBatch
	for id, room := range response.Rooms.Join {
		f.applyJoined(id, room)
	}
	for id, room := range response.Rooms.Leave {
		f.applyLeft(id, room)
	}
	for id, room := range response.Rooms.Invite {
		f.enter(id, f.Invited, room.State.Events)
	}
	for id, room := range response.Rooms.Knock {
		f.enter(id, f.Knocked, room.State.Events)
	}
	f.applyPersonal(response)
}

// enter moves a room to those invited to or knocked on.
func (f *Follower) enter(id string, rooms map[string][]Event, stripped []Event) {
	f.drop(id)
	rooms[id] = stripped
}

// drop forgets a room under every membership.
func (f *Follower) drop(id string) {
	delete(f.Joined, id)
	delete(f.Invited, id)
	delete(f.Knocked, id)
	delete(f.Left, id)
}

func (f *Follower) applyPersonal(response SyncResponse) {
	for _, event := range response.AccountData.Events {
		f.AccountData[event.Type] = event.Content
	}
	f.ToDevice = append(f.ToDevice, response.ToDevice.Events...)
	for _, user := range response.DeviceLists.Left {
		f.DevicesChanged[user] = false
	}
	for _, user := range response.DeviceLists.Changed {
		f.DevicesChanged[user] = true
	}
	if response.OneTimeKeyCounts != nil {
		f.OneTimeKeyCounts = response.OneTimeKeyCounts
	}
	if response.UnusedFallbackKeys != nil {
		f.UnusedFallbackKeys = response.UnusedFallbackKeys
	}
}

func newHeldRoom() *HeldRoom {
	return &HeldRoom{
		State: map[StateKey]Event{}, Receipts: map[ReceiptKey]string{}, AccountData: map[string]Raw{},
		Threads: map[string]Unread{}, seen: map[string]bool{},
	}
}

func (f *Follower) applyJoined(id string, delta JoinedRoom) {
	held := f.Joined[id]
	if held == nil {
		f.drop(id)
		held = newHeldRoom()
		f.Joined[id] = held
	}
	f.applyEvents(id, held, delta.State, delta.StateAfter, delta.Timeline)
	held.applyAccountData(delta.AccountData.Events)
	for _, event := range delta.Ephemeral.Events {
		held.applyEphemeral(event)
	}
	if delta.Unread != nil {
		held.Unread = *delta.Unread
		held.Threads = delta.Threads
	}
	held.applySummary(delta.Summary)
}

func (f *Follower) applyLeft(id string, delta LeftRoom) {
	held := f.Joined[id]
	if held == nil {
		held = f.Left[id]
	}
	if held == nil {
		held = newHeldRoom()
	}
	f.applyEvents(id, held, delta.State, delta.StateAfter, delta.Timeline)
	held.applyAccountData(delta.AccountData.Events)
	f.drop(id)
	f.Left[id] = held
}

// applyEvents takes over state and timeline, in the order the specification gives: the state before the timeline,
// then the timeline's own state; or, when the server sends the state after the timeline, only that.
func (f *Follower) applyEvents(id string, held *HeldRoom, before Events, after *Events, timeline Timeline) {
	if timeline.Limited && len(held.Timeline) > 0 {
		held.Timeline, held.seen = nil, map[string]bool{}
		held.Gaps++
	}
	if timeline.Limited || held.PrevBatch == "" {
		held.PrevBatch = timeline.PrevBatch
	}
	state := before.Events
	if after != nil {
		state = after.Events
	}
	for _, event := range state {
		f.applyState(id, held, event)
	}
	for _, event := range timeline.Events {
		if event.EventID == "" || held.seen[event.EventID] {
			f.fault("room %s: event %q of type %s twice or without id", id, event.EventID, event.Type)
			continue
		}
		held.seen[event.EventID] = true
		held.Timeline = append(held.Timeline, event)
		if event.StateKey != nil && after == nil {
			f.applyState(id, held, event)
		}
		if target := redactedBy(event); target != "" {
			held.redact(target)
		}
	}
}

func (f *Follower) applyState(id string, held *HeldRoom, event Event) {
	if event.StateKey == nil {
		f.fault("room %s: state without a key: %s of type %s", id, event.EventID, event.Type)
		return
	}
	held.State[StateKey{event.Type, *event.StateKey}] = event
}

// redact applies a redaction to what is held of its target.
func (r *HeldRoom) redact(target string) {
	for i, event := range r.Timeline {
		if event.EventID == target {
			r.Timeline[i] = redact(event)
		}
	}
	for key, event := range r.State {
		if event.EventID == target {
			r.State[key] = redact(event)
		}
	}
}

func (r *HeldRoom) applyAccountData(events []Event) {
	for _, event := range events {
		r.AccountData[event.Type] = event.Content
	}
}

func (r *HeldRoom) applySummary(delta SummaryDelta) {
	if delta.Heroes != nil {
		r.Heroes = delta.Heroes
	}
	if delta.Joined != nil {
		r.JoinedCount = *delta.Joined
	}
	if delta.Invited != nil {
		r.Invites = *delta.Invited
	}
}

func (r *HeldRoom) applyEphemeral(event Event) {
	switch event.Type {
	case "m.typing":
		r.Typing = nil
		for _, user := range event.Field("user_ids").Array() {
			r.Typing = append(r.Typing, user.String())
		}
	case "m.receipt":
		gjson.ParseBytes(event.Content).ForEach(func(eventID, kinds gjson.Result) bool {
			kinds.ForEach(func(kind, users gjson.Result) bool {
				users.ForEach(func(user, receipt gjson.Result) bool {
					key := ReceiptKey{user.String(), kind.String(), receipt.Get("thread_id").String()}
					r.Receipts[key] = eventID.String()
					return true
				})
				return true
			})
			return true
		})
	}
}
