package main

import "golang.org/x/sys/unix"

// write appends a block and waits until it is on the disk: its bytes and its place, not its times (fdatasync).
func (f *floor) write(block []byte) error {
	if _, err := f.log.Write(block); err != nil {
		return err
	}
	return unix.Fdatasync(int(f.log.Fd()))
}
