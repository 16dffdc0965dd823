//go:build unix && !linux

package db

import (
	"os"
	"strconv"
	"syscall"
)

// marks are the number that the file system gave the file, and when it was born, which is not asked here. The device's number is left out, as
// it may change when the machine starts.
func marks(file string) (number, born string, err error) {
	info, err := os.Stat(file)
	if err != nil {
		return "", "", err
	}
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return strconv.FormatUint(uint64(s.Ino), 10), unknown, nil
	}
	return unknown, unknown, nil
}
