package whatsapptest

import (
	"errors"
	"fmt"

	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/binary/token"
	"go.mau.fi/whatsmeow/types"
)

// The words of the protocol: a node is an element with attributes, whose
// content is nothing, bytes or more nodes.
type (
	node  = waBinary.Node
	attrs = waBinary.Attrs
)

// maxDepth is above anything that a client nests.
const maxDepth = 32

var (
	errCompressed = errors.New("whatsapptest: a client does not compress")
	errNode       = errors.New("whatsapptest: not a node")
)

// decode reads the node in a frame. whatsmeow's decoder trusts its peer: it
// panics on some inputs, and recurses and allocates as the input says, which no
// recover would survive. So the shape is looked at first.
func decode(plain []byte) (n *node, err error) {
	switch {
	case len(plain) == 0:
		return nil, errFrameEmpty
	case plain[0]&2 != 0:
		return nil, errCompressed
	}
	shape := shape{data: plain[1:]}
	if !shape.node(0) || len(shape.data) != 0 {
		return nil, errNode
	}
	defer func() {
		if r := recover(); r != nil {
			n, err = nil, fmt.Errorf("%w: %v", errNode, r)
		}
	}()
	if n, err = waBinary.Unmarshal(plain[1:]); err != nil {
		return nil, fmt.Errorf("%w: %w", errNode, err)
	}
	return n, nil
}

// shape walks over an encoded node without keeping any of it. Its methods say
// whether what they walked over is whole.
type shape struct{ data []byte }

func (s *shape) skip(n int) bool {
	if n > len(s.data) {
		return false
	}
	s.data = s.data[n:]
	return true
}

// number reads n bytes, big endian.
func (s *shape) number(n int) (value int, ok bool) {
	if n > len(s.data) {
		return 0, false
	}
	for _, b := range s.data[:n] {
		value = value<<8 | int(b)
	}
	return value, s.skip(n)
}

func (s *shape) size(tag int) (int, bool) {
	switch tag {
	case token.ListEmpty:
		return 0, true
	case token.List8:
		return s.number(1)
	case token.List16:
		return s.number(2)
	default:
		return 0, false
	}
}

func (s *shape) node(depth int) bool {
	tag, ok := s.number(1)
	if !ok || depth > maxDepth {
		return false
	}
	size, ok := s.size(tag)
	if !ok || size == 0 {
		return false
	}
	// A node is its tag, pairs of key and value, and its content if any.
	return s.values(size, depth+1)
}

func (s *shape) values(n, depth int) bool {
	for range n {
		if !s.value(depth) {
			return false
		}
	}
	return true
}

func (s *shape) value(depth int) bool {
	tag, ok := s.number(1)
	if !ok || depth > maxDepth {
		return false
	}
	switch tag {
	case token.List8, token.List16:
		size, ok := s.size(tag)
		for ; ok && size > 0; size-- {
			ok = s.node(depth + 1)
		}
		return ok
	case token.Binary8:
		return s.bytes(1, 0xff)
	case token.Binary20:
		return s.bytes(3, 0xfffff)
	case token.Binary32:
		return s.bytes(4, 0xffffffff)
	case token.Nibble8, token.Hex8:
		return s.bytes(1, 0x7f)
	case token.Dictionary0, token.Dictionary1, token.Dictionary2, token.Dictionary3:
		return s.skip(1)
	case token.JIDPair:
		return s.values(2, depth+1)
	case token.ADJID:
		return s.skip(2) && s.value(depth+1)
	case token.FBJID:
		return s.value(depth+1) && s.skip(2) && s.value(depth+1)
	case token.InteropJID:
		return s.value(depth+1) && s.skip(4) && s.value(depth+1)
	default:
		return true // one byte says it all, or the decoder will refuse it
	}
}

// bytes walks over a length of n bytes, of which mask counts, and what it says.
func (s *shape) bytes(n, mask int) bool {
	length, ok := s.number(n)
	return ok && s.skip(length&mask)
}

// text returns an attribute that is a text, and nothing when there is none.
func text(n *node, key string) string {
	value, _ := n.Attrs[key].(string)
	return value
}

// address returns an attribute that is a JID.
func address(n *node, key string) types.JID {
	value, _ := n.Attrs[key].(types.JID)
	return value
}

// content returns the bytes of the node that the path of tags leads to. Short
// words arrive as tokens of the protocol, and are texts.
func content(n *node, path ...string) []byte {
	child, ok := n.GetOptionalChildByTag(path...)
	if !ok {
		return nil
	}
	if word, ok := child.Content.(string); ok {
		return []byte(word)
	}
	value, _ := child.Content.([]byte)
	return value
}
