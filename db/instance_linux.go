package db

import (
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// marks are the number that the file system gave the file, and when it was born: a number of a file that was removed is soon another's, as
// when a folder is put back from an archive. The device's number is left out, as it may change when the machine starts.
func marks(file string) (number, born string, err error) {
	info, err := os.Stat(file)
	if err != nil {
		return "", "", err
	}
	number, born = strconv.FormatUint(info.Sys().(*syscall.Stat_t).Ino, 10), unknown
	var s unix.Statx_t
	if unix.Statx(unix.AT_FDCWD, file, 0, unix.STATX_BTIME, &s) == nil && s.Mask&unix.STATX_BTIME != 0 && s.Btime.Sec > 0 {
		born = time.Unix(s.Btime.Sec, int64(s.Btime.Nsec)).UTC().Format(time.RFC3339Nano)
	} // else neither all file systems tell, nor do all containers let us ask
	return number, born, nil
}
