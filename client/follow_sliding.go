package client

import (
	"context"
	"time"
)

// slidingEverything asks simplified sliding sync for all that /v3/sync gives: every room with all of its state, and
// every extension.
func slidingEverything(conn, pos, toDeviceSince string, timelineLimit int, timeout time.Duration) SlidingRequest {
	on := Object{"enabled": true}
	toDevice := Object{"enabled": true}
	if toDeviceSince != "" {
		toDevice["since"] = toDeviceSince
	}
	return SlidingRequest{
		Pos: pos, Timeout: timeout, ConnID: conn,
		Lists: map[string]SlidingList{"all": {
			Ranges:           [][2]int{{0, 9999}},
			SlidingRoomWants: SlidingRoomWants{TimelineLimit: timelineLimit, RequiredState: [][2]string{{"*", "*"}}},
		}},
		Extensions: Object{"account_data": on, "receipts": on, "typing": on, "e2ee": on, "to_device": toDevice},
	}
}

// FollowSliding returns a follower that listens by simplified sliding sync, on a connection of its own, and holds
// what one of /v3/sync would: the two may be compared with each other, except for the threads' counts and the counts
// of keys and heroes, which only one of them tells.
func (c *Client) FollowSliding(timelineLimit int) *Follower {
	f := c.Follow("")
	f.sliding, f.slidingConn = max(1, timelineLimit), "follow-"+c.NewTxn()
	return f
}

// stepSliding is [Follower.Step] by simplified sliding sync.
func (f *Follower) stepSliding(ctx context.Context, timeout time.Duration) (SyncResponse, error) {
	request := slidingEverything(f.slidingConn, f.NextBatch, f.toDeviceSince, f.sliding, timeout)
	response, err := f.client.SlidingSync(ctx, request)
	if err != nil {
		return SyncResponse{}, err
	}
	for id, room := range response.Rooms {
		if room.Initial {
			delete(f.Joined, id) // the whole of the room follows
		}
	}
	translated := f.translate(response)
	f.Apply(translated)
	if inbox := response.Extensions.ToDevice; inbox != nil {
		f.toDeviceSince = inbox.NextBatch
	}
	return translated, nil
}

// translate tells in the words of /v3/sync what an answer of simplified sliding sync says.
func (f *Follower) translate(response SlidingResponse) SyncResponse {
	translated := SyncResponse{NextBatch: response.Pos, Extra: response.Extra, Rooms: SyncRooms{
		Join: map[string]JoinedRoom{}, Invite: map[string]InvitedRoom{},
		Knock: map[string]KnockedRoom{}, Leave: map[string]LeftRoom{},
	}}
	for id, room := range response.Rooms {
		f.translateRoom(&translated.Rooms, id, room)
	}
	extensions := response.Extensions
	ephemeral := map[string][]Event{}
	if extensions.Receipts != nil {
		for id, event := range extensions.Receipts.Rooms {
			event.Type = "m.receipt"
			ephemeral[id] = append(ephemeral[id], event)
		}
	}
	if extensions.Typing != nil {
		for id, event := range extensions.Typing.Rooms {
			event.Type = "m.typing"
			ephemeral[id] = append(ephemeral[id], event)
		}
	}
	for id, events := range ephemeral {
		room := translated.Rooms.Join[id]
		room.Ephemeral.Events = events
		translated.Rooms.Join[id] = room
	}
	if data := extensions.AccountData; data != nil {
		translated.AccountData.Events = data.Global
		for id, events := range data.Rooms {
			room := translated.Rooms.Join[id]
			room.AccountData.Events = events
			translated.Rooms.Join[id] = room
		}
	}
	if inbox := extensions.ToDevice; inbox != nil {
		translated.ToDevice.Events = inbox.Events
	}
	if keys := extensions.E2EE; keys != nil {
		translated.DeviceLists = keys.DeviceLists
		translated.OneTimeKeyCounts, translated.UnusedFallbackKeys = keys.OneTimeKeyCounts, keys.UnusedFallbackKeys
	}
	return translated
}

// translateRoom sorts a room by the user's membership: as told, or as the room's own state says.
func (f *Follower) translateRoom(rooms *SyncRooms, id string, room SlidingRoom) {
	me, membership := f.client.UserID(), room.Membership
	if membership == "" {
		for _, events := range [][]Event{room.InviteState, room.Timeline, room.RequiredState} {
			for _, event := range events {
				if event.IsState("m.room.member", me) {
					membership = event.Membership()
				}
			}
		}
	}
	timeline := Timeline{Events: room.Timeline, Limited: room.Limited, PrevBatch: room.PrevBatch}
	after := &Events{} // state of the timeline first: what is required is the state now
	for _, event := range room.Timeline {
		if event.StateKey != nil {
			after.Events = append(after.Events, event)
		}
	}
	after.Events = append(after.Events, room.RequiredState...)
	switch membership {
	case "invite":
		rooms.Invite[id] = InvitedRoom{Events{room.InviteState}}
	case "knock":
		rooms.Knock[id] = KnockedRoom{Events{room.InviteState}}
	case "leave", "ban":
		rooms.Leave[id] = LeftRoom{StateAfter: after, Timeline: timeline}
	default:
		joined := JoinedRoom{StateAfter: after, Timeline: timeline, Summary: SummaryDelta{Joined: room.Joined, Invited: room.Invited}}
		if room.Notification != nil || room.Highlight != nil {
			joined.Unread = &Unread{}
			if room.Notification != nil {
				joined.Unread.Notification = *room.Notification
			}
			if room.Highlight != nil {
				joined.Unread.Highlight = *room.Highlight
			}
		}
		rooms.Join[id] = joined
	}
}
