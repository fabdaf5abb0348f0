// main.go — fill in a flat purgatory.bin in Go, with encoding/binary only
// SPDX-License-Identifier: MIT
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// What purgatory/include/purgatory_info.h says.
const (
	infoOffset  = 0x40
	infoMagic   = 0x4f464e4947525550 // "PURGINFO"
	infoVersion = 2

	flagVerifyRegions  = 0x001
	flagOnFailureReset = 1 << 8
	flagPSCIHVC        = 0x400
)

// How a UART takes a byte: a PL011's registers are words, and a byte has left when bit 3 at 0x18 is clear.
type console struct{ Data, Status, Mask, Ready uint32 }

const pl011Access = 4

var pl011 = console{Data: 0, Status: 0x18, Mask: 1 << 3, Ready: 0}

type region struct{ Base, Size uint64 }

type purgatoryInfo struct {
	Magic         uint64
	Version       uint32
	Size          uint32
	KernelEntry   uint64
	DTBAddr       uint64
	Flags         uint64
	ConsoleBase   uint64
	ConsoleAccess uint32
	SkipChecks    uint32
	MemorySize    uint64
	Regions       [16]region
	Digests       [16][32]byte
	Digest        [32]byte
	Status        uint32
	FailedRegion  uint32
	VerifyTicks   uint64
	VerifyPath    uint64
	ResultAddr    uint64
	Console       console
}

// A file that the loader puts at a physical address.
type file struct {
	bytes   []byte
	address uint64
}

// fill tells the purgatory to verify every file, to enter the first, and to hand over the second as its device tree.
func (info *purgatoryInfo) fill(files []file) error {
	if info.Magic != infoMagic || info.Version != infoVersion || int(info.Size) != binary.Size(info) {
		return errors.New("no struct purgatory_info of version 2")
	}
	if len(files) < 2 || len(files) > len(info.Regions) {
		return errors.New("2 to 16 files are needed")
	}
	info.KernelEntry = files[0].address
	info.DTBAddr = files[1].address
	for i, file := range files {
		if file.address%16 != 0 {
			return fmt.Errorf("address %#x is not a multiple of 16", file.address)
		}
		info.Regions[i] = region{file.address, uint64(len(file.bytes))}
		info.Digests[i] = sha256.Sum256(file.bytes)
	}
	info.Flags = flagVerifyRegions | flagOnFailureReset | flagPSCIHVC
	info.ConsoleAccess, info.Console = pl011Access, pl011
	info.ConsoleBase = 0x09000000
	return nil
}

func run(in, out string, placed []string) error {
	blob, err := os.ReadFile(in)
	if err != nil {
		return err
	}
	var files []file
	for _, argument := range placed {
		at := strings.LastIndexByte(argument, '@')
		if at < 0 {
			return fmt.Errorf("%s: no FILE@ADDR", argument)
		}
		address, err := strconv.ParseUint(argument[at+1:], 0, 64)
		if err != nil {
			return err
		}
		contents, err := os.ReadFile(argument[:at])
		if err != nil {
			return err
		}
		files = append(files, file{contents, address})
	}

	var info purgatoryInfo
	if len(blob) < infoOffset+binary.Size(info) {
		return fmt.Errorf("%s: no flat purgatory", in)
	}
	if err := binary.Read(bytes.NewReader(blob[infoOffset:]), binary.LittleEndian, &info); err != nil {
		return err
	}
	if err := info.fill(files); err != nil {
		return fmt.Errorf("%s: %w", in, err)
	}
	var filled bytes.Buffer
	if err := binary.Write(&filled, binary.LittleEndian, &info); err != nil {
		return err
	}
	copy(blob[infoOffset:], filled.Bytes())
	return os.WriteFile(out, blob, 0o644)
}

func main() {
	if len(os.Args) < 5 {
		fmt.Fprintln(os.Stderr, "usage: fill-info-go PURGATORY.bin OUT.bin KERNEL@ADDR DTB@ADDR [FILE@ADDR]...")
		os.Exit(64)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}
