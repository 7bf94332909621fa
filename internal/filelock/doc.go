// Package filelock keeps signs of life as files that the kernel locks for a
// process, and unlocks when it ends, however it ends.
//
// What it does not guarantee. A lock that is free tells that no process holds the
// file open any more, on this machine and since it was started. It tells nothing of
// a process that is frozen, nor of other machines; and the kernel gives a dead
// process's memory back before its files, so that a large one takes its time. It
// works on file systems of this machine alone: others may give a lock away while
// its holder lives. Where it cannot tell, it says so, and never guesses. Nobody may
// rely on it for more than when to try.
//
// A sign is bound to its file by device and inode, and to one start of the machine
// by the kernel's boot ID: a file that somebody puts in its place is not believed,
// nor one that was copied to another machine. Only who holds the lock of a file
// removes it.
//
// Descriptors are bare ones: an *os.File is closed when nobody can reach it any
// more, and a sign must not end by that.
package filelock
