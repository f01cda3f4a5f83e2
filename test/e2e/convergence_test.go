package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/wardline/wardline/client"
)

// crowd is a few people doing things at random, each on two devices that sync in different ways.
type crowd struct {
	t         *testing.T
	r         *rand.Rand
	people    []*client.Client
	followers []*client.Follower
	rooms     []string
	events    map[string][]string
	done      []string // what was done, for the message of a failure
}

// TestConvergence is the test that matters most: after any sequence of verbs, what a client holds from incremental syncs
// is what a fresh sync gives.
func TestConvergence(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		seed := uint64(time.Now().UnixNano())
		t.Logf("seed %d", seed)
		c := &crowd{t: t, r: rand.New(rand.NewPCG(seed, 1)), events: map[string][]string{}}
		c.people = s.Staff(t, "amira", "ben", "cara", "dev")
		for _, p := range c.people {
			small := p.Follow(`{"room":{"timeline":{"limit":3}}}`)
			after := p.Follow(`{"room":{"timeline":{"limit":4}}}`)
			after.UseStateAfter = true
			c.followers = append(c.followers, p.Follow(""), small, after, p.FollowSliding(4))
		}
		for step := range 140 {
			c.act()
			// Most of the time only some devices are online: the others come back to a gap.
			for _, f := range c.followers {
				if c.r.IntN(4) == 0 {
					if _, err := f.Step(t.Context(), 0); err != nil {
						t.Fatalf("step %d: %v", step, err)
					}
				}
			}
			if step%20 == 19 {
				c.converge(step)
			}
		}
	})
}

func (c *crowd) converge(step int) {
	c.t.Helper()
	for i, f := range c.followers {
		diff, err := f.Converged(c.t.Context())
		if err != nil {
			c.t.Fatal(err)
		}
		if diff != "" {
			c.t.Fatalf("after step %d follower %d (%s) holds other than a fresh sync:\n%s\nwhat was done:\n%v", step, i, c.people[i/4].UserID(), diff, c.done)
		}
	}
}

// act does one thing. That the server refuses some of them is part of the test.
func (c *crowd) act() {
	who := c.people[c.r.IntN(len(c.people))]
	other := c.people[c.r.IntN(len(c.people))]
	ctx, cancel := context.WithTimeout(c.t.Context(), 20*time.Second)
	defer cancel()
	if len(c.rooms) == 0 || c.r.IntN(25) == 0 {
		presets := []string{"private_chat", "public_chat", "trusted_private_chat"}
		spec := client.NewRoom{Preset: presets[c.r.IntN(3)], Invite: []string{other.UserID()}, Version: []string{"11", "12"}[c.r.IntN(2)]}
		if other == who {
			spec.Invite = nil
		}
		id, err := who.CreateRoom(ctx, spec)
		c.note("create", who, err)
		if err == nil {
			c.rooms = append(c.rooms, id)
		}
		return
	}
	room := c.rooms[c.r.IntN(len(c.rooms))]
	var err error
	name := "?"
	switch n := c.r.IntN(100); {
	case n < 40:
		name = "send"
		var id string
		id, err = who.Send(ctx, room, "m.room.message", client.Text(fmt.Sprint("message ", len(c.done))))
		if err == nil {
			c.events[room] = append(c.events[room], id)
		}
	case n < 50:
		name = "join"
		_, err = who.Join(ctx, room)
	case n < 56:
		name, err = "invite", who.Invite(ctx, room, other.UserID(), "")
	case n < 62:
		name, err = "leave", who.Leave(ctx, room)
	case n < 64:
		name, err = "kick", who.Kick(ctx, room, other.UserID(), "")
	case n < 66:
		name, err = "ban", who.Ban(ctx, room, other.UserID(), "")
	case n < 68:
		name, err = "unban", who.Unban(ctx, room, other.UserID(), "")
	case n < 74:
		name = "state"
		_, err = who.SetState(ctx, room, "m.room.topic", "", client.Object{"topic": fmt.Sprint(len(c.done))})
	case n < 76:
		name = "visibility"
		kinds := []string{"shared", "invited", "joined", "world_readable"}
		_, err = who.SetState(ctx, room, "m.room.history_visibility", "", client.Object{"history_visibility": kinds[c.r.IntN(4)]})
	case n < 78:
		name, err = "name", who.SetDisplayName(ctx, fmt.Sprint("Name ", len(c.done)))
		time.Sleep(50 * time.Millisecond) // carried into the rooms by a job
	case n < 84:
		name = "redact"
		if ids := c.events[room]; len(ids) > 0 {
			_, err = who.Redact(ctx, room, ids[c.r.IntN(len(ids))], "")
		}
	case n < 92:
		name = "receipt"
		if ids := c.events[room]; len(ids) > 0 {
			kinds := []string{"m.read", "m.read.private", "m.fully_read"}
			err = who.Receipt(ctx, room, kinds[c.r.IntN(3)], ids[c.r.IntN(len(ids))], "")
		}
	case n < 94:
		name = "typing"
		err = who.Typing(ctx, room, c.r.IntN(2) == 0, 60_000)
	case n < 96:
		name, err = "tag", who.SetTag(ctx, room, "m.favourite", client.Tag{})
	case n < 97:
		name, err = "data", who.SetAccountData(ctx, "", "test.data", client.Object{"n": len(c.done)})
	case n < 98:
		name, err = "forget", who.Forget(ctx, room)
	default:
		name = "react"
		if ids := c.events[room]; len(ids) > 0 {
			_, err = who.Send(ctx, room, "m.reaction", client.Reaction(ids[c.r.IntN(len(ids))], "👍"))
		}
	}
	c.note(name, who, err)
}

func (c *crowd) note(what string, who *client.Client, err error) {
	c.t.Helper()
	if err != nil && client.StatusOf(err) >= 500 || err != nil && client.StatusOf(err) == 0 {
		c.t.Fatalf("%s by %s: %v", what, who.UserID(), err)
	}
	c.done = append(c.done, fmt.Sprintf("%s by %s: %v\n", what, who.UserID(), err))
}
