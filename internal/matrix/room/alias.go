package room

import (
	"context"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/spec/matrix"
)

// fullAlias makes an alias of this server from a local part; "" stays "".
func (rs *Rooms) fullAlias(local string) (string, error) {
	if local == "" {
		return "", nil
	}
	alias := "#" + local + ":" + rs.conf.ServerName
	if _, err := matrix.ParseAlias(alias); err != nil || strings.ContainsAny(local, "#:") {
		return "", errs.BadParam("That is not a valid alias: give what stands between # and the colon.")
	}
	return alias, nil
}

// resolve finds a room by its id or an alias.
func (rs *Rooms) resolve(ctx context.Context, idOrAlias string) (*Live, error) {
	switch {
	case strings.HasPrefix(idOrAlias, "#"):
		return rs.Aliased(ctx, idOrAlias)
	case strings.HasPrefix(idOrAlias, "!"):
		return rs.Find(ctx, idOrAlias)
	}
	return nil, errs.BadParam("That is neither a room id nor an alias.")
}

// Aliased gives the room an alias stands for: client-server API, "Room aliases".
func (rs *Rooms) Aliased(ctx context.Context, alias string) (*Live, error) {
	if _, err := matrix.ParseAlias(alias); err != nil {
		return nil, errs.BadParam("That is not a valid alias.")
	}
	var nr int64
	err := rs.db.Read(ctx, func(tx *store.Tx) (err error) {
		nr, _, err = readAlias(tx, alias)
		return err
	})
	if err != nil {
		return nil, err
	}
	return rs.Number(ctx, nr)
}

// AddAlias gives a room one more name. Only members may.
func (rs *Rooms) AddAlias(ctx context.Context, who *audit.Caller, alias, room string) error {
	a, err := matrix.ParseAlias(alias)
	if err != nil || a.Server != rs.conf.ServerName {
		return errs.BadParam("That is not a valid alias of this server.")
	}
	r, err := rs.Open(ctx, who, room, Belonging)
	if err != nil {
		return err
	}
	return rs.db.Write(ctx, func(tx *store.Tx) error {
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
func (rs *Rooms) RemoveAlias(ctx context.Context, who *audit.Caller, alias string) error {
	l, err := rs.Aliased(ctx, alias)
	if err != nil {
		return err
	}
	if err := rs.Load(ctx, l); err != nil {
		return err
	}
	levels := l.Levels()
	mayState := l.Membership(who.User) == "join" && levels.User(who.User) >= levels.Event("m.room.canonical_alias", true)
	err = rs.db.Write(ctx, func(tx *store.Tx) error {
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
	return rs.dropCanonical(ctx, who, l, alias)
}

// dropCanonical takes a removed alias out of m.room.canonical_alias, where it stands there.
func (rs *Rooms) dropCanonical(ctx context.Context, who *audit.Caller, l *Live, alias string) error {
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
	_, err := rs.Append(ctx, who, l, state("m.room.canonical_alias", "", content))
	return err
}

// Aliases lists the names of a room, for its members and, where its history is world readable, for anyone.
func (rs *Rooms) Aliases(ctx context.Context, who *audit.Caller, room string) (out []string, err error) {
	r, err := rs.Open(ctx, who, room, Reading)
	if err != nil {
		return nil, err
	}
	err = rs.db.Read(ctx, func(tx *store.Tx) error {
		out, err = aliasesOf(tx, r.NR)
		return err
	})
	return out, err
}

// checkAliases refuses a canonical alias that does not point to the room: client-server API, "m.room.canonical_alias".
func (rs *Rooms) checkAliases(ctx context.Context, l *Live, content []byte) error {
	if !gjson.ValidBytes(content) {
		return errs.BadJSON("The content is not JSON.")
	}
	before := map[string]bool{}
	if now := l.State("m.room.canonical_alias", ""); now != nil {
		for _, a := range aliasesIn(now.Content) {
			before[a] = true
		}
	}
	for _, alias := range aliasesIn(content) {
		if before[alias] {
			continue
		}
		if _, err := matrix.ParseAlias(alias); err != nil {
			return errs.BadParam("That is not a valid alias.")
		}
		other, err := rs.Aliased(ctx, alias)
		if err != nil && !errs.Is(err, errs.NotFound) {
			return err
		}
		if err != nil || other != l {
			return errs.New(errs.Invalid, "M_BAD_ALIAS", "The alias does not point to this room.")
		}
	}
	return nil
}

func aliasesIn(content []byte) (out []string) {
	if a := gjson.GetBytes(content, "alias").Str; a != "" {
		out = append(out, a)
	}
	for _, a := range gjson.GetBytes(content, "alt_aliases").Array() {
		out = append(out, a.Str)
	}
	return out
}

// Publish lists a room in the trust's directory or takes it out; it needs the power to set the canonical alias.
func (rs *Rooms) Publish(ctx context.Context, who *audit.Caller, room string, listed bool) error {
	r, err := rs.Open(ctx, who, room, Belonging)
	if err != nil {
		return err
	}
	levels := r.Levels()
	if levels.User(who.User) < levels.Event("m.room.canonical_alias", true) {
		return errs.Forbid("Only a moderator may change whether this conversation is listed.")
	}
	return rs.db.Write(ctx, func(tx *store.Tx) error {
		if err := putPublished(tx, r.NR, listed); err != nil {
			return err
		}
		return audit.Record(tx, who, audit.Entry{Action: "room.publish", Object: r.ID})
	})
}

// Published reports whether a room is listed in the directory.
func (rs *Rooms) Published(ctx context.Context, l *Live) (listed bool, err error) {
	err = rs.db.Read(ctx, func(tx *store.Tx) error {
		listed, err = isPublished(tx, l.NR)
		return err
	})
	return listed, err
}

// Directory gives all listed rooms, loaded.
func (rs *Rooms) Directory(ctx context.Context) (out []*Live, err error) {
	var numbers []int64
	err = rs.db.Read(ctx, func(tx *store.Tx) error {
		numbers, err = publishedRooms(tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, nr := range numbers {
		l, err := rs.Number(ctx, nr)
		if err != nil {
			return nil, err
		}
		if err := rs.Load(ctx, l); err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, nil
}
