package accountdata

import (
	"context"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/endpoint"
)

// API is the account data's face on HTTP (client-server API, "Client Config", "Room Tagging", "Filtering").
type API struct{ Keep *Keep }

// EntryRequest names an entry; Room is empty on the routes without one.
type EntryRequest struct {
	User string `path:"userId" json:"-"`
	Type string `path:"type" json:"-"`
}

// RoomEntryRequest names an entry of a room.
type RoomEntryRequest struct {
	User string `path:"userId" json:"-"`
	Room string `path:"roomId" json:"-"`
	Type string `path:"type" json:"-"`
}

// PutRequest carries an entry.
type PutRequest struct {
	User    string         `path:"userId" json:"-"`
	Type    string         `path:"type" json:"-"`
	Content jsontext.Value `body:"raw" json:"-"`
}

// PutRoomRequest carries an entry of a room.
type PutRoomRequest struct {
	User    string         `path:"userId" json:"-"`
	Room    string         `path:"roomId" json:"-"`
	Type    string         `path:"type" json:"-"`
	Content jsontext.Value `body:"raw" json:"-"`
}

// Entry answers GET /user/{userId}/account_data/{type}.
func (api API) Entry(ctx context.Context, who *audit.Caller, in EntryRequest) (endpoint.Raw, error) {
	content, err := api.Keep.Entry(ctx, who, in.User, "", in.Type)
	return endpoint.Raw(content), err
}

// RoomEntry answers GET /user/{userId}/rooms/{roomId}/account_data/{type}.
func (api API) RoomEntry(ctx context.Context, who *audit.Caller, in RoomEntryRequest) (endpoint.Raw, error) {
	if err := checkTag(who, in.User, in.Room, in.Type); err != nil {
		return nil, err
	}
	content, err := api.Keep.Entry(ctx, who, in.User, in.Room, in.Type)
	return endpoint.Raw(content), err
}

// Put answers PUT /user/{userId}/account_data/{type}.
func (api API) Put(ctx context.Context, who *audit.Caller, in PutRequest) (struct{}, error) {
	return struct{}{}, api.Keep.Put(ctx, who, in.User, "", in.Type, in.Content)
}

// PutRoom answers PUT /user/{userId}/rooms/{roomId}/account_data/{type}.
func (api API) PutRoom(ctx context.Context, who *audit.Caller, in PutRoomRequest) (struct{}, error) {
	if err := checkTag(who, in.User, in.Room, in.Type); err != nil {
		return struct{}{}, err
	}
	return struct{}{}, api.Keep.Put(ctx, who, in.User, in.Room, in.Type, in.Content)
}

// TagsRequest names a room.
type TagsRequest struct {
	User string `path:"userId" json:"-"`
	Room string `path:"roomId" json:"-"`
}

// TagsAnswer lists tags by name.
type TagsAnswer struct {
	Tags map[string]jsontext.Value `json:"tags"`
}

// TagRequest names a tag and carries what it holds.
type TagRequest struct {
	User    string         `path:"userId" json:"-"`
	Room    string         `path:"roomId" json:"-"`
	Tag     string         `path:"tag" json:"-"`
	Content jsontext.Value `body:"raw" json:"-"`
}

// UntagRequest names a tag.
type UntagRequest struct {
	User string `path:"userId" json:"-"`
	Room string `path:"roomId" json:"-"`
	Tag  string `path:"tag" json:"-"`
}

// Tags answers GET /user/{userId}/rooms/{roomId}/tags.
func (api API) Tags(ctx context.Context, who *audit.Caller, in TagsRequest) (TagsAnswer, error) {
	tags, err := api.Keep.RoomTags(ctx, who, in.User, in.Room)
	return TagsAnswer{tags}, err
}

// Tag answers PUT /user/{userId}/rooms/{roomId}/tags/{tag}.
func (api API) Tag(ctx context.Context, who *audit.Caller, in TagRequest) (struct{}, error) {
	return struct{}{}, api.Keep.Tag(ctx, who, in.User, in.Room, in.Tag, in.Content)
}

// Untag answers DELETE /user/{userId}/rooms/{roomId}/tags/{tag}.
func (api API) Untag(ctx context.Context, who *audit.Caller, in UntagRequest) (struct{}, error) {
	return struct{}{}, api.Keep.Untag(ctx, who, in.User, in.Room, in.Tag)
}

// StoreFilterRequest carries a filter.
type StoreFilterRequest struct {
	User    string         `path:"userId" json:"-"`
	Content jsontext.Value `body:"raw" json:"-"`
}

// StoreFilterAnswer names a stored filter.
type StoreFilterAnswer struct {
	ID string `json:"filter_id"`
}

// FilterRequest names a filter.
type FilterRequest struct {
	User string `path:"userId" json:"-"`
	ID   string `path:"filterId" json:"-"`
}

// StoreFilter answers POST /user/{userId}/filter.
func (api API) StoreFilter(ctx context.Context, who *audit.Caller, in StoreFilterRequest) (StoreFilterAnswer, error) {
	id, err := api.Keep.StoreFilter(ctx, who, in.User, in.Content)
	return StoreFilterAnswer{id}, err
}

// Filter answers GET /user/{userId}/filter/{filterId}.
func (api API) Filter(ctx context.Context, who *audit.Caller, in FilterRequest) (endpoint.Raw, error) {
	content, err := api.Keep.Filter(ctx, who, in.User, in.ID)
	return endpoint.Raw(content), err
}
