package whatsapptest

import (
	"bytes"
	"errors"
	"fmt"

	"go.mau.fi/whatsmeow/socket"
)

// maxFrame is above anything that a client sends: 812 prekeys are 40 KB.
const maxFrame = 1 << 20

var (
	errHeader     = errors.New("whatsapptest: the stream does not begin as a client's does")
	errFrameSize  = errors.New("whatsapptest: a frame is larger than any client's")
	errFrameEmpty = errors.New("whatsapptest: an empty frame")
)

// frames cuts the byte stream of a client into frames: three bytes of length,
// then as many bytes. Websocket messages carry the stream in pieces of any
// size, and the boundaries between them mean nothing.
type frames struct {
	next    func() ([]byte, error) // the next piece of the stream
	rest    []byte                 // what came and was not asked for
	started bool                   // the header is behind us
}

// read returns the next frame. After an error the stream is of no more use.
func (f *frames) read() ([]byte, error) {
	if !f.started {
		header, err := f.take(len(socket.WAConnHeader))
		if err != nil {
			return nil, err
		}
		if !bytes.Equal(header, socket.WAConnHeader) {
			return nil, errHeader
		}
		f.started = true
	}
	length, err := f.take(socket.FrameLengthSize)
	if err != nil {
		return nil, err
	}
	size := int(length[0])<<16 | int(length[1])<<8 | int(length[2])
	switch {
	case size == 0:
		return nil, errFrameEmpty
	case size > maxFrame:
		return nil, fmt.Errorf("%w: %d bytes", errFrameSize, size)
	}
	return f.take(size)
}

func (f *frames) take(n int) ([]byte, error) {
	for len(f.rest) < n {
		piece, err := f.next()
		if err != nil {
			return nil, err
		}
		f.rest = append(f.rest, piece...)
	}
	taken := f.rest[:n:n]
	f.rest = f.rest[n:]
	return taken, nil
}

// frame puts the length in front of what a client is to read. The server has no
// header to send.
func frame(body []byte) ([]byte, error) {
	if len(body) >= socket.FrameMaxSize {
		return nil, fmt.Errorf("%w: %d bytes", errFrameSize, len(body))
	}
	framed := make([]byte, 0, socket.FrameLengthSize+len(body))
	framed = append(framed, byte(len(body)>>16), byte(len(body)>>8), byte(len(body)))
	return append(framed, body...), nil
}
