// fdt.go — finds a property in a flattened device tree (Devicetree Specification, chapter 5), and nothing else
// SPDX-License-Identifier: MIT

package purgatory

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

const (
	fdtMagic     = 0xd00dfeed
	fdtHeader    = 40
	fdtVersion   = 17
	fdtBeginNode = 1
	fdtEndNode   = 2
	fdtProp      = 3
	fdtNop       = 4
	fdtEnd       = 9
)

// findProperty returns where the value of a property of a child of the root begins, and its size; 0: there is none.
func findProperty(dtb []byte, node, property string) (offset, size int, err error) {
	if len(dtb) < fdtHeader {
		return 0, 0, refuse("device tree", fmt.Sprintf("%d bytes", len(dtb)), fmt.Sprintf("a header of %d", fdtHeader))
	}
	field := func(n int) int64 { return int64(binary.BigEndian.Uint32(dtb[4*n:])) }
	if field(0) != fdtMagic {
		return 0, 0, refuse("device tree", fmt.Sprintf("magic %#x", field(0)), hex(fdtMagic))
	}
	if field(5) < fdtVersion || field(6) > fdtVersion {
		return 0, 0, refuse("device tree", fmt.Sprintf("version %d", field(5)), fmt.Sprint(fdtVersion))
	}
	total, structure, strings := field(1), field(2), field(3)
	structureEnd, stringsEnd := structure+field(9), strings+field(8)
	if total > int64(len(dtb)) || structureEnd > total || stringsEnd > total || structure%4 != 0 {
		return 0, 0, refuse("device tree", fmt.Sprintf("%d bytes", len(dtb)), "all that its header tells of: it is cut short")
	}
	names := dtb[strings:stringsEnd]

	malformed := func(at int64) (int, int, error) {
		return 0, 0, refuse("device tree", fmt.Sprintf("malformed at byte %#x", at), "a node, a property, or an end")
	}
	depth, inNode := 0, false
	for at := structure; at+4 <= structureEnd; {
		start := at
		token := binary.BigEndian.Uint32(dtb[at:])
		at += 4
		switch token {
		case fdtBeginNode:
			length := bytes.IndexByte(dtb[at:structureEnd], 0)
			if length < 0 {
				return malformed(start)
			}
			depth++
			if depth == 2 {
				inNode = string(dtb[at:at+int64(length)]) == node
			}
			at += pad(int64(length) + 1)
		case fdtEndNode:
			depth--
			if depth < 0 {
				return malformed(start)
			}
			if depth < 2 {
				inNode = false
			}
		case fdtProp:
			if at+8 > structureEnd {
				return malformed(start)
			}
			length := int64(binary.BigEndian.Uint32(dtb[at:]))
			name := int64(binary.BigEndian.Uint32(dtb[at+4:]))
			at += 8
			if at+length > structureEnd || name >= int64(len(names)) {
				return malformed(start)
			}
			if inNode && depth == 2 && bytes.HasPrefix(names[name:], []byte(property+"\x00")) {
				return int(at), int(length), nil
			}
			at += pad(length)
		case fdtNop:
		case fdtEnd:
			return 0, 0, nil
		default:
			return malformed(start)
		}
	}
	return malformed(structureEnd)
}

// pad rounds up to a whole cell.
func pad(length int64) int64 { return (length + 3) &^ 3 }
