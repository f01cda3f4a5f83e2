package server

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/wardline/wardline/internal/spec/matrix"
)

// keyFile holds the key that signs events and the audit: its id and its seed, on one line. It lies beside the database
// and not in it, so that a copy of the database alone can forge nothing. Nodes of one cluster hold the same file.
const keyFile = "signing.key"

// openKey reads the server's signing key, or makes one for a new installation.
func openKey(dir string, fresh bool) (matrix.Key, error) {
	path := filepath.Join(dir, keyFile)
	text, err := os.ReadFile(path)
	switch {
	case err == nil:
		return parseKey(path, string(text))
	case !errors.Is(err, fs.ErrNotExist):
		return matrix.Key{}, fmt.Errorf("the signing key cannot be read: %w", err)
	case !fresh:
		return matrix.Key{}, fmt.Errorf("%s is missing: the database has events and audit records signed with it. Put it back, from a backup or another node", path)
	}
	key, err := matrix.NewKey("ed25519:"+strings.ToLower(rand.Text()[:6]), rand.Reader)
	if err != nil {
		return matrix.Key{}, err
	}
	return key, writeKey(path, key)
}

func parseKey(path, text string) (matrix.Key, error) {
	words := strings.Fields(text)
	if len(words) != 2 {
		return matrix.Key{}, fmt.Errorf("%s is damaged: it should hold the id and the seed of the signing key", path)
	}
	key, err := matrix.KeyFromSeed(words[0], words[1])
	if err != nil {
		return matrix.Key{}, fmt.Errorf("%s is damaged: %w", path, err)
	}
	return key, nil
}

// writeKey writes the key so that it is whole and on disk before anything is signed with it.
func writeKey(path string, key matrix.Key) error {
	f, err := os.CreateTemp(filepath.Dir(path), keyFile+"-*") // mode 0600
	if err != nil {
		return fmt.Errorf("the signing key cannot be written: %w", err)
	}
	_, err = fmt.Fprintf(f, "%s %s\n", key.ID, key.Seed())
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Link(f.Name(), path) // fails where another process was first
	}
	if err = errors.Join(err, os.Remove(f.Name())); err != nil {
		return fmt.Errorf("the signing key cannot be written: %w", err)
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
