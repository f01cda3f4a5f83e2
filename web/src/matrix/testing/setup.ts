// A real IndexedDB implementation for Node, so that the tests exercise the store itself.
import "fake-indexeddb/auto";
