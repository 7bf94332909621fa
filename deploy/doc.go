// Package deploy holds what longwatch is put into service with: an image, compose
// files, a systemd unit, and the files of some platforms. docs/deploy says of each
// what becomes of the store, the lease and a deploy.
//
// It has no code but tests. They build the binary as the Dockerfile does and run it
// as the image would, and hold the files to what the server reads and promises; they
// start no container and call no platform.
package deploy
