// Package web holds the web app as it was built and committed, and serves it. It is not where the app is written or
// bundled: that is src, and the command in build. It knows nothing of the server behind the app.
package web

import (
	"embed"
	"io/fs"
)

//go:embed dist
var dist embed.FS

// Files returns the built app: index.html, and everything it loads under the names by which it loads them.
func Files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		// The directive above puts dist there, so this is a fault of the build.
		panic(err)
	}
	return files
}
