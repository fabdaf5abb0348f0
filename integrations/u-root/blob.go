// blob.go — a flat purgatory's bytes: are they whole, and of the version that this package fills in
// SPDX-License-Identifier: MIT

package purgatory

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// codeOffset is where the code begins, and the struct ends.
const codeOffset = InfoOffset + InfoSize

// Blob is a flat purgatory, as `purgatory build -o` writes it.
type Blob struct {
	bytes []byte // without the zeros that may pad it
	info  info
}

// ParseBlob refuses what is no flat purgatory of this package's version, or not a whole one. It keeps the bytes.
func ParseBlob(blob []byte) (*Blob, error) {
	if len(blob) < codeOffset+EndSize {
		return nil, refuse("size", fmt.Sprintf("%d bytes", len(blob)),
			fmt.Sprintf("a flat purgatory of at least %d: this one is cut short, or another file", codeOffset+EndSize))
	}
	if found := blob[0x38:0x3c]; string(found) != "ARM\x64" {
		return nil, refuse("header.magic", fmt.Sprintf("%q", found), `"ARM\x64": a flat purgatory, as purgatory build -o writes it`)
	}
	var info info
	if err := binary.Read(bytes.NewReader(blob[InfoOffset:]), binary.LittleEndian, &info); err != nil {
		return nil, err
	}
	if string(info.Magic[:]) != InfoMagic {
		return nil, refuse("purgatory_info.magic", fmt.Sprintf("%q", info.Magic[:]), fmt.Sprintf("%q", InfoMagic))
	}
	if info.Version != InfoVersion {
		return nil, refuse("purgatory_info.version", fmt.Sprint(info.Version), fmt.Sprint(InfoVersion))
	}
	if info.Size != InfoSize {
		return nil, refuse("purgatory_info.size", hex(uint64(info.Size)), hex(InfoSize))
	}

	padded := len(blob)
	blob = bytes.TrimRight(blob, "\x00")
	if !bytes.HasSuffix(blob, []byte(EndMagic)) || len(blob) < codeOffset+EndSize {
		return nil, refuse("end", fmt.Sprintf("no %q before byte %d", EndMagic, padded),
			"a whole file: this one is cut short, or has something behind it")
	}
	if len(blob) > MaxFileSize {
		return nil, refuse("size", fmt.Sprintf("%d bytes", len(blob)), fmt.Sprintf("at most %d", MaxFileSize))
	}
	if info.MemorySize < uint64(len(blob)) || info.MemorySize > MaxMemorySize {
		return nil, refuse("purgatory_info.memory_size", hex(info.MemorySize),
			fmt.Sprintf("from the file's %#x bytes to %#x", len(blob), MaxMemorySize))
	}
	if err := checkSeal(blob); err != nil {
		return nil, err
	}
	return &Blob{blob, info}, nil
}

// checkSeal compares the SHA-256 of the code, which purgatory build leaves behind it; zeros are no seal.
func checkSeal(blob []byte) error {
	end := len(blob) - EndSize
	seal := blob[end : end+DigestSize]
	hash := sha256.New()
	hash.Write(blob[:8])
	hash.Write(blob[codeOffset:end])
	if sum := hash.Sum(nil); !bytes.Equal(seal, sum) && !bytes.Equal(seal, make([]byte, DigestSize)) {
		return refuse("seal", fmt.Sprintf("code with SHA-256 %x", sum),
			fmt.Sprintf("%x: the file is damaged, build or copy it again", seal))
	}
	return nil
}

// with is a copy of the blob's bytes with another struct in it.
func (b *Blob) with(info info) ([]byte, error) {
	var encoded bytes.Buffer
	if err := binary.Write(&encoded, binary.LittleEndian, &info); err != nil {
		return nil, err
	}
	filled := append([]byte(nil), b.bytes...)
	copy(filled[InfoOffset:], encoded.Bytes())
	return filled, nil
}
