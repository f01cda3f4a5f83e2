package listing

import (
	"context"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/spec/matrix"
)

// Resolve finds a room by its id or an alias, whoever asks: for callers that authorise by other means.
func (n *Listing) Resolve(ctx context.Context, idOrAlias string) (*room.Live, error) {
	switch {
	case strings.HasPrefix(idOrAlias, "#"):
		return n.Aliased(ctx, idOrAlias)
	case strings.HasPrefix(idOrAlias, "!"):
		return n.rooms.Find(ctx, idOrAlias)
	}
	return nil, errs.BadParam("That is neither a room id nor an alias.")
}

// Aliased gives the room an alias stands for: client-server API, "Room aliases".
func (n *Listing) Aliased(ctx context.Context, alias string) (*room.Live, error) {
	if _, err := matrix.ParseAlias(alias); err != nil {
		return nil, errs.BadParam("That is not a valid alias.")
	}
	var nr int64
	err := n.db.Read(ctx, func(tx *store.Tx) (err error) {
		nr, _, err = readAlias(tx, alias)
		return err
	})
	if err != nil {
		return nil, err
	}
	return n.rooms.Number(ctx, nr)
}

// AddAlias gives a room one more name. Only members may.
func (n *Listing) AddAlias(ctx context.Context, who *audit.Caller, alias, in string) error {
	a, err := matrix.ParseAlias(alias)
	if err != nil || a.Server != n.rooms.ServerName() {
		return errs.BadParam("That is not a valid alias of this server.")
	}
	if err := who.MayAct(); err != nil {
		return err
	}
	r, err := n.rooms.Open(ctx, who, in, room.Belonging)
	if err != nil {
		return err
	}
	return n.db.Write(ctx, func(tx *store.Tx) error {
		taken, err := aliasTaken(tx, alias)
		if err != nil {
			return err
		}
		if taken {
			return errs.New(errs.Conflict, "M_UNKNOWN", "That alias is already taken.")
		}
		if err := insertAlias(tx, alias, r.NR, who.User, tx.Now().UnixMilli()); err != nil {
			return err
		}
		return audit.Record(tx, who, audit.Entry{Action: "room.alias.add", Object: r.ID})
	})
}

// RemoveAlias takes a name away: whoever made it may, and whoever may set the room's canonical alias.
func (n *Listing) RemoveAlias(ctx context.Context, who *audit.Caller, alias string) error {
	if err := who.MayAct(); err != nil {
		return err
	}
	l, err := n.Aliased(ctx, alias)
	if err != nil {
		return err
	}
	if err := n.rooms.Load(ctx, l); err != nil {
		return err
	}
	levels := l.Levels()
	mayState := l.Membership(who.User) == "join" && levels.User(who.User) >= levels.Event("m.room.canonical_alias", true)
	err = n.db.Write(ctx, func(tx *store.Tx) error {
		_, creator, err := readAlias(tx, alias)
		if err != nil {
			return err
		}
		if creator != who.User && !mayState && !who.Admin {
			return errs.Forbid("Only whoever made an alias, or a moderator of its conversation, may remove it.")
		}
		if err := deleteAlias(tx, alias); err != nil {
			return err
		}
		return audit.Record(tx, who, audit.Entry{Action: "room.alias.remove", Object: l.ID})
	})
	if err != nil || !mayState {
		return err
	}
	return n.dropCanonical(ctx, who, l, alias)
}

// dropCanonical takes a removed alias out of m.room.canonical_alias, where it stands there.
func (n *Listing) dropCanonical(ctx context.Context, who *audit.Caller, l *room.Live, alias string) error {
	now := l.State("m.room.canonical_alias", "")
	if now == nil {
		return nil
	}
	content := map[string]any{}
	changed := false
	if main := gjson.GetBytes(now.Content, "alias").Str; main == alias {
		changed = true
	} else if main != "" {
		content["alias"] = main
	}
	var alt []string
	for _, a := range gjson.GetBytes(now.Content, "alt_aliases").Array() {
		if a.Str == alias {
			changed = true
		} else {
			alt = append(alt, a.Str)
		}
	}
	if len(alt) > 0 {
		content["alt_aliases"] = alt
	}
	if !changed {
		return nil
	}
	_, err := n.rooms.Append(ctx, who, l, room.StateDraft("m.room.canonical_alias", "", content))
	return err
}

// Aliases lists the names of a room, for its members and, where its history is world readable, for anyone.
func (n *Listing) Aliases(ctx context.Context, who *audit.Caller, in string) (out []string, err error) {
	r, err := n.rooms.Open(ctx, who, in, room.Reading)
	if err != nil {
		return nil, err
	}
	err = n.db.Read(ctx, func(tx *store.Tx) error {
		out, err = aliasesOf(tx, r.NR)
		return err
	})
	return out, err
}

// May implements room.Gate: it refuses a canonical alias that does not point to the room (client-server API,
// "m.room.canonical_alias"). Of a room that is only being made nothing is asked: its aliases are written with it.
func (n *Listing) May(ctx context.Context, _ *audit.Caller, l *room.Live, d *room.Draft) error {
	if d.Type != "m.room.canonical_alias" || d.StateKey == nil || l.NR == 0 {
		return nil
	}
	if !gjson.ValidBytes(d.Content) {
		return errs.BadJSON("The content is not JSON.")
	}
	before := map[string]bool{}
	if now := l.State("m.room.canonical_alias", ""); now != nil {
		for _, a := range Named(now.Content) {
			before[a] = true
		}
	}
	for _, alias := range Named(d.Content) {
		if before[alias] {
			continue
		}
		if _, err := matrix.ParseAlias(alias); err != nil {
			return errs.BadParam("That is not a valid alias.")
		}
		other, err := n.Aliased(ctx, alias)
		if err != nil && !errs.Is(err, errs.NotFound) {
			return err
		}
		if err != nil || other != l {
			return errs.New(errs.Invalid, "M_BAD_ALIAS", "The alias does not point to this room.")
		}
	}
	return nil
}

// Named gives the aliases in the content of an m.room.canonical_alias.
func Named(content []byte) (out []string) {
	if a := gjson.GetBytes(content, "alias").Str; a != "" {
		out = append(out, a)
	}
	for _, a := range gjson.GetBytes(content, "alt_aliases").Array() {
		out = append(out, a.Str)
	}
	return out
}
