package server

import (
	"github.com/wardline/wardline/internal/matrix/account"
	"github.com/wardline/wardline/internal/matrix/accountdata"
	"github.com/wardline/wardline/internal/matrix/delivery"
	"github.com/wardline/wardline/internal/matrix/discovery"
	"github.com/wardline/wardline/internal/matrix/history"
	"github.com/wardline/wardline/internal/matrix/profile"
	"github.com/wardline/wardline/internal/matrix/push"
	"github.com/wardline/wardline/internal/matrix/receipt"
	"github.com/wardline/wardline/internal/matrix/relation"
	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/matrix/room/creation"
	"github.com/wardline/wardline/internal/matrix/room/listing"
	"github.com/wardline/wardline/internal/matrix/room/membership"
	"github.com/wardline/wardline/internal/matrix/room/report"
	"github.com/wardline/wardline/internal/matrix/search"
	"github.com/wardline/wardline/internal/matrix/space"
	engine "github.com/wardline/wardline/internal/matrix/sync"
	"github.com/wardline/wardline/internal/matrix/typing"
	"github.com/wardline/wardline/internal/matrix/webpush"
	. "github.com/wardline/wardline/internal/platform/endpoint" // a table reads best without a name on every word
)

// route is a line of the list: pattern, who may call it, what kind of work it is, who does it.
type route Route

// routes lists every endpoint of the server, in the order of the client-server API's chapters.
// {name...} takes an empty value and slashes.
func (s *Server) routes() []Route {
	groups := [][]route{
		s.opsRoutes(),
		s.discoveryRoutes(),
		s.accountRoutes(),
		s.personRoutes(),
		s.syncRoutes(),
		s.roomRoutes(),
		s.pushRoutes(),
		s.readingRoutes(),
		s.keyRoutes(),
		s.mediaRoutes(),
		s.searchRoutes(),
	}
	var all []Route
	for _, group := range groups {
		for _, r := range group {
			all = append(all, Route(r))
		}
	}
	return all
}

// Routes gives the list of every endpoint, for tests that go through all of them.
func (s *Server) Routes() []Route { return s.routes() }

// opsRoutes are for whatever watches the server.
func (s *Server) opsRoutes() []route {
	return []route{
		{"GET /_wardline/health", Open, Ops, Do(s.health)},
		{"GET /_wardline/ready", Open, Ops, Do(s.isReady)},
	}
}

// discoveryRoutes say what the server is, and answer for what it does not have: "Server Discovery", "Capabilities
// negotiation", "Presence", "Voice over IP", "Third-party Networks".
func (s *Server) discoveryRoutes() []route {
	api := discovery.API{Server: s.about}
	return []route{
		{"GET /.well-known/matrix/client", Open, Read, Do(api.Client)},
		{"GET /.well-known/matrix/support", Open, Read, Do(api.Support)},
		{"GET /_matrix/client/versions", Open, Read, Do(api.Versions)},
		{"GET /_matrix/client/v3/capabilities", User, Read, Do(api.Capabilities)},
		{"GET /_matrix/client/v1/auth_metadata", Open, Read, Do(api.Unrecognized)},
		{"GET /_matrix/federation/v1/version", Open, Read, Do(api.FederationVersion)},
		{"GET /_matrix/client/v3/presence/{userId}/status", User, Read, Do(api.Presence)},
		{"PUT /_matrix/client/v3/presence/{userId}/status", User, Write, Do(api.SetPresence)},
		{"GET /_matrix/client/v3/account/3pid", User, Read, Do(api.ThreePIDs)},
		{"POST /_matrix/client/v3/account/3pid/add", User, Write, Do(api.NoThreePID)},
		{"POST /_matrix/client/v3/account/3pid/bind", User, Write, Do(api.NoThreePID)},
		{"POST /_matrix/client/v3/account/3pid/email/requestToken", Open, Login, Do(api.NoThreePID)},
		{"POST /_matrix/client/v3/account/3pid/msisdn/requestToken", Open, Login, Do(api.NoThreePID)},
		{"POST /_matrix/client/v3/account/password/email/requestToken", Open, Login, Do(api.NoThreePID)},
		{"POST /_matrix/client/v3/account/password/msisdn/requestToken", Open, Login, Do(api.NoThreePID)},
		{"POST /_matrix/client/v3/register/email/requestToken", Open, Login, Do(api.NoThreePID)},
		{"POST /_matrix/client/v3/register/msisdn/requestToken", Open, Login, Do(api.NoThreePID)},
		{"GET /_matrix/client/v3/voip/turnServer", User, Read, Do(api.Nothing)},
		{"GET /_matrix/client/v3/thirdparty/protocols", User, Read, Do(api.Nothing)},
	}
}

// accountRoutes are sign-in, sessions, devices and the administration of accounts: "Client Authentication", "Device
// Management", "Server Administration", "OpenID". Signing out is open: a locked account may do it, and shows its token.
func (s *Server) accountRoutes() []route {
	api := account.API{Accounts: s.accounts}
	return []route{
		{"GET /_matrix/client/v3/login", Open, Read, Do(api.Flows)},
		{"POST /_matrix/client/v3/login", Open, Login, Do(api.Login)},
		{"POST /_matrix/client/v3/refresh", Open, Login, Do(api.Refresh)},
		{"POST /_matrix/client/v3/logout", Open, Write, Do(api.Logout)},
		{"POST /_matrix/client/v3/logout/all", Open, Write, Do(api.LogoutAll)},
		{"POST /_matrix/client/v3/register", Open, Login, Do(api.Register)},
		{"GET /_matrix/client/v3/register/available", Open, Login, Do(api.Available)},
		{"GET /_synapse/admin/v1/register", Open, Login, Do(api.Nonce)},
		{"POST /_synapse/admin/v1/register", Open, Login, Do(api.RegisterBySecret)},
		{"GET /_matrix/client/v3/account/whoami", User, Read, Do(api.WhoAmI)},
		{"POST /_matrix/client/v3/account/password", User, Login, Do(api.ChangePassword)},
		{"POST /_matrix/client/v3/account/deactivate", User, Login, Do(api.Deactivate)},
		{"GET /_matrix/client/v3/devices", User, Read, Do(api.Devices)},
		{"GET /_matrix/client/v3/devices/{deviceId}", User, Read, Do(api.Device)},
		{"PUT /_matrix/client/v3/devices/{deviceId}", User, Write, Do(api.Rename)},
		{"DELETE /_matrix/client/v3/devices/{deviceId}", User, Login, Do(api.DeleteDevice)},
		{"POST /_matrix/client/v3/delete_devices", User, Login, Do(api.DeleteDevices)},
		{"GET /_matrix/client/v1/admin/lock/{userId}", Admin, Ops, Do(api.Locked)},
		{"PUT /_matrix/client/v1/admin/lock/{userId}", Admin, Ops, Do(api.Lock)},
		{"GET /_matrix/client/v1/admin/suspend/{userId}", Admin, Ops, Do(api.Suspended)},
		{"PUT /_matrix/client/v1/admin/suspend/{userId}", Admin, Ops, Do(api.Suspend)},
		{"GET /_matrix/client/v3/admin/whois/{userId}", User, Ops, Do(api.Whois)},
		{"POST /_matrix/client/v3/user/{userId}/openid/request_token", User, Write, Do(api.OpenIDToken)},
		{"GET /_matrix/federation/v1/openid/userinfo", Open, Read, Do(api.OpenIDUser)},
	}
}

// personRoutes are what people say of themselves and keep for themselves: "Profiles", "Client Config", "Room Tagging",
// "Filtering".
func (s *Server) personRoutes() []route {
	profiles, keep := profile.API{Profiles: s.profiles}, accountdata.API{Keep: s.keep}
	return []route{
		{"GET /_matrix/client/v3/profile/{userId}", User, Read, Do(profiles.Of)},
		{"GET /_matrix/client/v3/profile/{userId}/{keyName}", User, Read, Do(profiles.Field)},
		{"PUT /_matrix/client/v3/profile/{userId}/{keyName}", User, Write, Do(profiles.Set)},
		{"DELETE /_matrix/client/v3/profile/{userId}/{keyName}", User, Write, Do(profiles.Delete)},
		{"GET /_matrix/client/v3/user/{userId}/account_data/{type}", User, Read, Do(keep.Entry)},
		{"PUT /_matrix/client/v3/user/{userId}/account_data/{type}", User, Write, Do(keep.Put)},
		{"GET /_matrix/client/v3/user/{userId}/rooms/{roomId}/account_data/{type}", User, Read, Do(keep.RoomEntry)},
		{"PUT /_matrix/client/v3/user/{userId}/rooms/{roomId}/account_data/{type}", User, Write, Do(keep.PutRoom)},
		{"GET /_matrix/client/v3/user/{userId}/rooms/{roomId}/tags", User, Read, Do(keep.Tags)},
		{"PUT /_matrix/client/v3/user/{userId}/rooms/{roomId}/tags/{tag}", User, Write, Do(keep.Tag)},
		{"DELETE /_matrix/client/v3/user/{userId}/rooms/{roomId}/tags/{tag}", User, Write, Do(keep.Untag)},
		{"POST /_matrix/client/v3/user/{userId}/filter", User, Write, Do(keep.StoreFilter)},
		{"GET /_matrix/client/v3/user/{userId}/filter/{filterId}", User, Read, Do(keep.Filter)},
	}
}

// syncRoutes are what clients wait on: "Syncing".
func (s *Server) syncRoutes() []route {
	api := engine.API{Engine: s.engine}
	return []route{
		{"GET /_matrix/client/v3/sync", User, Sync, api.Sync()},
		{"POST /_matrix/client/unstable/org.matrix.simplified_msc3575/sync", User, Sync, api.Sliding()},
	}
}

// roomRoutes are the conversations: "Rooms", "Receipts", "Typing Notifications".
func (s *Server) roomRoutes() []route {
	api, making, members := room.API{Rooms: s.rooms}, creation.API{Maker: s.maker}, membership.API{Members: s.members}
	names, reports := listing.API{Listing: s.listing}, report.API{Reports: s.reports}
	receipts, dots := receipt.API{Receipts: s.receipts}, typing.API{Typing: s.typing}
	deliveries := delivery.API{Ledger: s.ledger}
	return []route{
		{"POST /_matrix/client/v3/createRoom", User, Write, Do(making.Create)},
		{"POST /_matrix/client/v3/join/{roomIdOrAlias}", User, Write, Do(members.Join)},
		{"POST /_matrix/client/v3/rooms/{roomIdOrAlias}/join", User, Write, Do(members.Join)},
		{"POST /_matrix/client/v3/knock/{roomIdOrAlias}", User, Write, Do(members.Knock)},
		{"POST /_matrix/client/v3/rooms/{roomId}/invite", User, Write, Do(members.Invite)},
		{"POST /_matrix/client/v3/rooms/{roomId}/leave", User, Write, Do(members.Leave)},
		{"POST /_matrix/client/v3/rooms/{roomId}/forget", User, Write, Do(members.Forget)},
		{"POST /_matrix/client/v3/rooms/{roomId}/kick", User, Write, Do(members.Kick)},
		{"POST /_matrix/client/v3/rooms/{roomId}/ban", User, Write, Do(members.Ban)},
		{"POST /_matrix/client/v3/rooms/{roomId}/unban", User, Write, Do(members.Unban)},
		{"GET /_matrix/client/v3/joined_rooms", User, Read, Do(members.Joined)},
		{"PUT /_matrix/client/v3/rooms/{roomId}/send/{eventType}/{txnId}", User, Write, Do(api.Send)},
		{"PUT /_matrix/client/v3/rooms/{roomId}/redact/{eventId}/{txnId}", User, Write, Do(api.Redact)},
		{"PUT /_matrix/client/v3/rooms/{roomId}/state/{eventType}", User, Write, Do(api.PutState)},
		{"PUT /_matrix/client/v3/rooms/{roomId}/state/{eventType}/{stateKey...}", User, Write, Do(api.PutState)},
		{"GET /_matrix/client/v3/rooms/{roomId}/members", User, Read, Do(members.List)},
		{"GET /_matrix/client/v3/rooms/{roomId}/joined_members", User, Read, Do(members.Present)},
		{"GET /_matrix/client/v3/rooms/{roomId}/aliases", User, Read, Do(names.Aliases)},
		{"POST /_matrix/client/v3/rooms/{roomId}/upgrade", User, Write, Do(making.Upgrade)},
		{"POST /_matrix/client/v3/rooms/{roomId}/report", User, Write, Do(reports.Room)},
		{"POST /_matrix/client/v3/rooms/{roomId}/report/{eventId}", User, Write, Do(reports.Event)},
		{"POST /_matrix/client/v3/users/{userId}/report", User, Write, Do(reports.Person)},
		{"GET /_matrix/client/v3/directory/room/{roomAlias}", Open, Read, Do(names.Alias)},
		{"PUT /_matrix/client/v3/directory/room/{roomAlias}", User, Write, Do(names.PutAlias)},
		{"DELETE /_matrix/client/v3/directory/room/{roomAlias}", User, Write, Do(names.DeleteAlias)},
		{"GET /_matrix/client/v3/directory/list/room/{roomId}", User, Read, Do(names.Listed)},
		{"PUT /_matrix/client/v3/directory/list/room/{roomId}", User, Write, Do(names.PutListed)},
		{"POST /_matrix/client/v3/rooms/{roomId}/receipt/{receiptType}/{eventId}", User, Write, Do(receipts.Set)},
		{"POST /_matrix/client/v3/rooms/{roomId}/read_markers", User, Write, Do(receipts.SetMarkers)},
		{"PUT /_matrix/client/v3/rooms/{roomId}/typing/{userId}", User, Write, Do(dots.Set)},
		{"GET /_wardline/v1/rooms/{roomId}/delivery", User, Read, Do(deliveries.Marks)},
		{"GET /_wardline/v1/rooms/{roomId}/delivery/{eventId}", User, Read, Do(deliveries.Reach)},
	}
}

// pushRoutes are what disturbs whom: "Push Notifications", and, of our own, pushes to browsers.
func (s *Server) pushRoutes() []route {
	api, browsers := push.API{Rules: s.rules, Pushers: s.pushers, Counter: s.counter}, webpush.API{Subscriptions: s.browsers}
	return []route{
		{"GET /_matrix/client/v3/pushers", User, Read, Do(api.List)},
		{"POST /_matrix/client/v3/pushers/set", User, Write, Do(api.SetPusher)},
		{"GET /_matrix/client/v3/notifications", User, Search, Do(api.Notifications)},
		{"GET /_matrix/client/v3/pushrules", User, Read, Do(api.All)},
		{"GET /_matrix/client/v3/pushrules/{$}", User, Read, Do(api.All)},
		{"GET /_matrix/client/v3/pushrules/global", User, Read, Do(api.Global)},
		{"GET /_matrix/client/v3/pushrules/global/{$}", User, Read, Do(api.Global)},
		{"GET /_matrix/client/v3/pushrules/global/{kind}/{ruleId}", User, Read, Do(api.Rule)},
		{"PUT /_matrix/client/v3/pushrules/global/{kind}/{ruleId}", User, Write, Do(api.PutRule)},
		{"DELETE /_matrix/client/v3/pushrules/global/{kind}/{ruleId}", User, Write, Do(api.DeleteRule)},
		{"GET /_matrix/client/v3/pushrules/global/{kind}/{ruleId}/enabled", User, Read, Do(api.Enabled)},
		{"PUT /_matrix/client/v3/pushrules/global/{kind}/{ruleId}/enabled", User, Write, Do(api.Enable)},
		{"GET /_matrix/client/v3/pushrules/global/{kind}/{ruleId}/actions", User, Read, Do(api.Actions)},
		{"PUT /_matrix/client/v3/pushrules/global/{kind}/{ruleId}/actions", User, Write, Do(api.SetActions)},
		{"GET /_wardline/v1/push/key", User, Read, Do(browsers.Key)},
		{"GET /_wardline/v1/push/subscriptions", User, Read, Do(browsers.List)},
		{"PUT /_wardline/v1/push/subscription", User, Write, Do(browsers.Subscribe)},
		{"DELETE /_wardline/v1/push/subscriptions/{id}", User, Write, Do(browsers.Unsubscribe)},
		{"POST /_wardline/v1/push/test", User, Search, Do(browsers.Try)},
	}
}

// readingRoutes read back what was said, and show rooms from outside: "Getting events for a room", "Event context",
// "Forming relationships between events", "Threading", "Spaces", "Published room directory".
func (s *Server) readingRoutes() []route {
	api, relations, spaces := history.API{History: s.history}, relation.API{Relations: s.relation}, space.API{Spaces: s.spaces}
	return []route{
		{"GET /_matrix/client/v3/rooms/{roomId}/messages", User, Read, Do(api.Messages)},
		{"GET /_matrix/client/v3/rooms/{roomId}/context/{eventId}", User, Read, Do(api.Context)},
		{"GET /_matrix/client/v3/rooms/{roomId}/event/{eventId}", User, Read, Do(api.Event)},
		{"GET /_matrix/client/v3/rooms/{roomId}/state", User, Read, Do(api.State)},
		{"GET /_matrix/client/v3/rooms/{roomId}/state/{eventType}", User, Read, Do(api.StateEvent)},
		{"GET /_matrix/client/v3/rooms/{roomId}/state/{eventType}/{stateKey...}", User, Read, Do(api.StateEvent)},
		{"GET /_matrix/client/v1/rooms/{roomId}/timestamp_to_event", User, Read, Do(api.Nearest)},
		{"GET /_matrix/client/v1/rooms/{roomId}/relations/{eventId}", User, Read, Do(relations.Children)},
		{"GET /_matrix/client/v1/rooms/{roomId}/relations/{eventId}/{relType}", User, Read, Do(relations.Children)},
		{"GET /_matrix/client/v1/rooms/{roomId}/relations/{eventId}/{relType}/{eventType}", User, Read, Do(relations.Children)},
		{"GET /_matrix/client/v1/rooms/{roomId}/threads", User, Read, Do(relations.Threads)},
		{"GET /_matrix/client/v1/rooms/{roomId}/hierarchy", User, Search, Do(spaces.Tree)},
		{"GET /_matrix/client/v1/room_summary/{roomIdOrAlias}", User, Read, Do(spaces.Summary)},
		{"GET /_matrix/client/unstable/im.nheko.summary/summary/{roomIdOrAlias}", User, Read, Do(spaces.Summary)}, // what clients called it before v1.15
		{"GET /_matrix/client/unstable/im.nheko.summary/rooms/{roomIdOrAlias}/summary", User, Read, Do(spaces.Summary)},
		{"GET /_matrix/client/v3/publicRooms", User, Search, Do(spaces.List)},
		{"POST /_matrix/client/v3/publicRooms", User, Search, Do(spaces.Search)},
	}
}

// keyRoutes are the keys of devices, their backups, and messages between devices: "End-to-End Encryption",
// "Send-to-Device messaging".
func (s *Server) keyRoutes() []route {
	return []route{
		{"POST /_matrix/client/v3/keys/upload", User, Write, Do(s.keys.PostUpload)},
		{"POST /_matrix/client/v3/keys/query", User, Read, Do(s.keys.PostQuery)},
		{"POST /_matrix/client/v3/keys/claim", User, Write, Do(s.keys.PostClaim)},
		{"GET /_matrix/client/v3/keys/changes", User, Read, Do(s.keys.GetChanges)},
		{"POST /_matrix/client/v3/keys/device_signing/upload", User, Write, Do(s.keys.PostCrossSigning)},
		{"POST /_matrix/client/v3/keys/signatures/upload", User, Write, Do(s.keys.PostSignatures)},
		{"PUT /_matrix/client/v3/sendToDevice/{eventType}/{txnId}", User, Write, Do(s.inbox.PutSend)},
		{"POST /_matrix/client/v3/room_keys/version", User, Write, Do(s.backups.PostVersion)},
		{"GET /_matrix/client/v3/room_keys/version", User, Read, Do(s.backups.GetCurrent)},
		{"GET /_matrix/client/v3/room_keys/version/{version}", User, Read, Do(s.backups.GetVersion)},
		{"PUT /_matrix/client/v3/room_keys/version/{version}", User, Write, Do(s.backups.PutVersion)},
		{"DELETE /_matrix/client/v3/room_keys/version/{version}", User, Write, Do(s.backups.DeleteVersion)},
		{"GET /_matrix/client/v3/room_keys/keys", User, Read, s.backups.GetAll},
		{"PUT /_matrix/client/v3/room_keys/keys", User, Write, Do(s.backups.PutAll)},
		{"DELETE /_matrix/client/v3/room_keys/keys", User, Write, Do(s.backups.DeleteAll)},
		{"GET /_matrix/client/v3/room_keys/keys/{roomId}", User, Read, s.backups.GetRoom},
		{"PUT /_matrix/client/v3/room_keys/keys/{roomId}", User, Write, Do(s.backups.PutRoom)},
		{"DELETE /_matrix/client/v3/room_keys/keys/{roomId}", User, Write, Do(s.backups.DeleteRoom)},
		{"GET /_matrix/client/v3/room_keys/keys/{roomId}/{sessionId}", User, Read, Do(s.backups.GetKey)},
		{"PUT /_matrix/client/v3/room_keys/keys/{roomId}/{sessionId}", User, Write, Do(s.backups.PutKey)},
		{"DELETE /_matrix/client/v3/room_keys/keys/{roomId}/{sessionId}", User, Write, Do(s.backups.DeleteKey)},
	}
}

// mediaRoutes are the files: "Content repository". Those that gave them to anybody are frozen.
func (s *Server) mediaRoutes() []route {
	return []route{
		{"POST /_matrix/media/v1/create", User, Media, Do(s.media.PostCreate)},
		{"POST /_matrix/media/v3/upload", User, Media, s.media.PostUpload},
		{"PUT /_matrix/media/v3/upload/{serverName}/{mediaId}", User, Media, s.media.PutUpload},
		{"GET /_matrix/client/v1/media/config", User, Read, Do(s.media.GetConfig)},
		{"GET /_matrix/client/v1/media/preview_url", User, Read, Do(s.media.GetPreview)},
		{"GET /_matrix/client/v1/media/download/{serverName}/{mediaId}", User, Media, s.media.GetDownload},
		{"GET /_matrix/client/v1/media/download/{serverName}/{mediaId}/{fileName}", User, Media, s.media.GetDownload},
		{"GET /_matrix/client/v1/media/thumbnail/{serverName}/{mediaId}", User, Media, s.media.GetThumbnail},
		{"POST /_wardline/v1/media/{mediaId}/withdraw", Admin, Ops, Do(s.media.PostWithdraw)},
		{"GET /_matrix/media/v3/config", User, Read, Do(s.media.GetConfig)},
		{"GET /_matrix/media/v3/preview_url", User, Read, Do(s.media.GetPreview)},
		{"GET /_matrix/media/v3/download/{serverName}/{mediaId}", Open, Read, Do(s.media.GetFrozen)},
		{"GET /_matrix/media/v3/download/{serverName}/{mediaId}/{fileName}", Open, Read, Do(s.media.GetFrozen)},
		{"GET /_matrix/media/v3/thumbnail/{serverName}/{mediaId}", Open, Read, Do(s.media.GetFrozen)},
	}
}

// searchRoutes find messages by their words and people by name: "Server Side Search", "User Directory".
func (s *Server) searchRoutes() []route {
	api := search.API{Search: s.search, People: s.people}
	return []route{
		{"POST /_matrix/client/v3/search", User, Search, Do(api.Messages)},
		{"POST /_matrix/client/v3/user_directory/search", User, Search, Do(api.FindPeople)},
	}
}
