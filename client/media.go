package client

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
)

// maxFile bounds, in bytes, a downloaded file held in memory.
const maxFile = 512 << 20

// File is a downloaded file with the headers that decide how a browser would treat it.
type File struct {
	ContentType        string
	ContentDisposition string
	Header             http.Header
	Bytes              []byte
}

// Upload stores a file and answers its mxc:// address.
func (c *Client) Upload(ctx context.Context, filename, contentType string, content []byte) (uri string, err error) {
	path := "/_matrix/media/v3/upload"
	return c.sendFile(ctx, http.MethodPost, path, filename, contentType, content)
}

// CreateMedia reserves an mxc:// address to be filled by [Client.UploadTo] before unused (milliseconds since 1970).
func (c *Client) CreateMedia(ctx context.Context) (uri string, unused int64, err error) {
	var answer struct {
		URI    string `json:"content_uri"`
		Unused int64  `json:"unused_expires_at"`
	}
	err = c.post(ctx, "/_matrix/media/v1/create", nil, &answer)
	return answer.URI, answer.Unused, err
}

// UploadTo fills a reserved address.
func (c *Client) UploadTo(ctx context.Context, uri, filename, contentType string, content []byte) error {
	server, id, err := splitMXC(uri)
	if err != nil {
		return err
	}
	_, err = c.sendFile(ctx, http.MethodPut, Path("/_matrix/media/v3/upload", server, id), filename, contentType, content)
	return err
}

func (c *Client) sendFile(ctx context.Context, method, path, filename, contentType string, content []byte) (string, error) {
	response, err := c.roundTrip(ctx, method, path, params("filename", filename), bytes.NewReader(content), contentType)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := readBounded(response.Body, 1<<20)
	if err != nil {
		return "", fmt.Errorf("client: read the answer of %s: %w", path, err)
	}
	var answer struct {
		URI string `json:"content_uri"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return "", fmt.Errorf("client: decode the answer of %s: %w", path, err)
	}
	return answer.URI, nil
}

// Download fetches a file by its mxc:// address.
func (c *Client) Download(ctx context.Context, uri string) (File, error) {
	server, id, err := splitMXC(uri)
	if err != nil {
		return File{}, err
	}
	return c.receiveFile(ctx, v1("media", "download", server, id), nil)
}

// DownloadAs fetches a file under a name of the caller's choice.
func (c *Client) DownloadAs(ctx context.Context, uri, filename string) (File, error) {
	server, id, err := splitMXC(uri)
	if err != nil {
		return File{}, err
	}
	return c.receiveFile(ctx, v1("media", "download", server, id, filename), nil)
}

// Thumbnail fetches a smaller picture of a file; the method is crop or scale, sizes are in pixels.
func (c *Client) Thumbnail(ctx context.Context, uri string, width, height int, method string) (File, error) {
	server, id, err := splitMXC(uri)
	if err != nil {
		return File{}, err
	}
	query := params("width", strconv.Itoa(width), "height", strconv.Itoa(height), "method", method)
	return c.receiveFile(ctx, v1("media", "thumbnail", server, id), query)
}

func (c *Client) receiveFile(ctx context.Context, path string, query map[string][]string) (File, error) {
	response, err := c.roundTrip(ctx, http.MethodGet, path, query, nil, "")
	if err != nil {
		return File{}, err
	}
	defer response.Body.Close()
	content, err := readBounded(response.Body, maxFile)
	if err != nil {
		return File{}, fmt.Errorf("client: read a file: %w", err)
	}
	return File{
		ContentType:        response.Header.Get("Content-Type"),
		ContentDisposition: response.Header.Get("Content-Disposition"),
		Header:             response.Header,
		Bytes:              content,
	}, nil
}

// UploadLimit is the largest file the server takes, in bytes; zero when it does not say.
func (c *Client) UploadLimit(ctx context.Context) (bytes int64, err error) {
	var answer struct {
		Size int64 `json:"m.upload.size"`
	}
	err = c.read(ctx, v1("media", "config"), nil, &answer)
	return answer.Size, err
}

// splitMXC takes an mxc:// address apart into the server and the id of the file.
func splitMXC(uri string) (server, id string, err error) {
	rest, isMXC := strings.CutPrefix(uri, "mxc://")
	server, id, found := strings.Cut(rest, "/")
	if !isMXC || !found || server == "" || id == "" || strings.Contains(id, "/") {
		return "", "", fmt.Errorf("client: %q is not an mxc:// address", uri)
	}
	return server, id, nil
}

// Fetch reads any path of the server without decoding it: the web app, a metric page, readiness. The caller reads
// the body and closes it; a status of 400 or more is an [*Error].
func (c *Client) Fetch(ctx context.Context, path string) (contentType string, body io.ReadCloser, err error) {
	response, err := c.roundTrip(ctx, http.MethodGet, path, nil, nil, "")
	if err != nil {
		return "", nil, err
	}
	return response.Header.Get("Content-Type"), response.Body, nil
}
