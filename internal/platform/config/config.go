// Package config holds the settings of a Wardline installation: one struct whose tags are its documentation, filled
// from defaults, a TOML file, the environment and flags, in that order. It checks settings, and builds nothing of them:
// each slice is handed its own few by package server.
package config

// Config is everything that can be set. A key is named by section and name: "server.listen" in messages,
// WARDLINE_SERVER_LISTEN in the environment.
type Config struct {
	Server   Server   `toml:"server" doc:"Where the server listens and keeps its data."`
	Accounts Accounts `toml:"accounts" doc:"How people sign in."`
	Rooms    Rooms    `toml:"rooms" doc:"Conversations."`
	Media    Media    `toml:"media" doc:"Photographs and files."`
	Push     Push     `toml:"push" doc:"Notifications on phones, sent through the push gateways that clients name."`
	Limits   Limits   `toml:"limits" doc:"How often callers may ask, written as \"10/s burst 50\", \"30/m burst 10\" or \"off\". A signed-in caller is counted by user, others by address."`
	Ops      Ops      `toml:"ops" doc:"What operators watch."`
	Log      Log      `toml:"log" doc:"The log goes to the standard error. It holds no content and no identifier of a patient at any level."`
}

// Server is where the server listens and keeps its data.
type Server struct {
	Listen     string   `toml:"listen" default:"127.0.0.1:8448" doc:"Address and port to serve clients on."`
	Name       string   `toml:"server_name" doc:"The domain in user and room ids: @sister.ward4:trust.example. It can never be changed once there is data."`
	PublicURL  string   `toml:"public_url" doc:"Where clients reach this server, such as https://chat.trust.example. Empty: https:// and the server name."`
	Data       string   `toml:"data" default:"data" doc:"Directory for the database (SQLite), the files and the server's signing key."`
	Database   string   `toml:"database" doc:"PostgreSQL, as postgres://user:password@host/database. Empty: SQLite in the data directory."`
	TLSCert    string   `toml:"tls_cert" doc:"Certificate chain in PEM. Read again when the file changes. Empty: plain HTTP, for use behind a proxy."`
	TLSKey     string   `toml:"tls_key" doc:"Private key in PEM."`
	Trusted    []string `toml:"trusted_proxies" doc:"Addresses or networks of proxies whose X-Forwarded-For is believed, such as [\"10.0.0.0/8\"]."`
	GzipMin    Size     `toml:"gzip_min" default:"2KiB" doc:"Compress JSON answers of at least this size for clients that take it. 0: never, as when a proxy does it."`
	Demo       bool     `toml:"demonstration" default:"false" doc:"Everyone here is invented. The app then shows its style page at /styleguide."`
	StopWithin Duration `toml:"stop_within" default:"20s" doc:"How long a stop may take to finish what is under way."`
}

// Accounts is how people sign in.
type Accounts struct {
	RegistrationSecret string   `toml:"registration_secret" doc:"Switches on /_synapse/admin/v1/register, by which tools that know this secret make accounts. Empty: off."`
	OpenRegistration   bool     `toml:"open_registration" default:"false" doc:"Test rigs only: anyone may register. Refused unless the server listens on loopback."`
	PasswordMin        int      `toml:"password_min" default:"10" doc:"Least number of characters of a password."`
	AccessTokenLife    Duration `toml:"access_token_life" default:"1h" doc:"Life of an access token of a client that renews its tokens. Clients that cannot keep theirs until they sign out."`
	RefreshTokenLife   Duration `toml:"refresh_token_life" default:"90d" doc:"How long a client that renews its tokens may stay away before it must sign in again."`
	MaxDevices         int      `toml:"max_devices" default:"100" doc:"Most devices of one person."`
}

// Rooms is what conversations may be.
type Rooms struct {
	DefaultVersion string `toml:"default_version" default:"12" doc:"Version of new rooms: 11 or 12."`
	Encryption     bool   `toml:"encryption" default:"false" doc:"Allow end-to-end encryption. What is encrypted cannot be searched, audited, disclosed or filed by the trust."`
}

// Media bounds photographs and files.
type Media struct {
	MaxUpload Size     `toml:"max_upload" default:"50MiB" doc:"Largest file."`
	MaxPixels int      `toml:"max_pixels" default:"40000000" doc:"Largest picture that is scaled down, in pixels: a guard against decompression bombs."`
	UnusedFor Duration `toml:"unused_for" default:"24h" doc:"How long a file may be reserved or uploaded without being sent before it is removed."`
	Quota     Size     `toml:"quota" default:"2GiB" doc:"How much one person may upload in 24 hours. 0: no bound."`
}

// Push is what leaves the trust in a notification.
type Push struct {
	IncludeContent  bool `toml:"include_content" default:"false" doc:"Allow message text and names in pushes of clients that ask for them. Pushes pass through Apple's or Google's servers."`
	PrivateGateways bool `toml:"private_gateways" default:"false" doc:"Allow push gateways and push services at loopback and private addresses."`
}

// Limits bounds how often callers may ask, for each class of endpoint.
type Limits struct {
	Off          bool `toml:"off" default:"false" doc:"Test rigs only: no limits at all."`
	Read         Rate `toml:"read" default:"50/s burst 200" doc:"Reading."`
	Write        Rate `toml:"write" default:"10/s burst 60" doc:"Sending and changing."`
	Media        Rate `toml:"media" default:"20/s burst 100" doc:"Files, up and down."`
	Sync         Rate `toml:"sync" default:"20/s burst 60" doc:"Asking for news."`
	Search       Rate `toml:"search" default:"2/s burst 20" doc:"Searching, and other heavy reading."`
	Ops          Rate `toml:"ops" default:"10/s burst 50" doc:"Administration."`
	Login        Rate `toml:"login" default:"2/s burst 60" doc:"Signing in, for each address. A hospital's staff may share one."`
	LoginAccount Rate `toml:"login_account" default:"6/m burst 10" doc:"Signing in, for each account that is tried."`
	Stranger     Rate `toml:"stranger" default:"20/s burst 100" doc:"Everything else that needs no sign-in, for each address."`
}

// Ops is what operators watch.
type Ops struct {
	Listen string `toml:"listen" doc:"Loopback address for /metrics and /debug/pprof/, such as 127.0.0.1:9448. Empty: none."`
}

// Log is how much is logged.
type Log struct {
	Level  string `toml:"level" default:"info" doc:"debug, info, warn or error."`
	Format string `toml:"format" default:"text" doc:"text or json."`
}
