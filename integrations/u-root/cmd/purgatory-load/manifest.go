// manifest.go — the segments that a manifest.json of `purgatory build` names, without its purgatory
// SPDX-License-Identifier: MIT
package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"purgatory"
)

type manifest struct {
	Version  int
	Segments []struct {
		Name, File string
		Base, Size uint64
		MemorySize uint64 `json:"memory_size"`
		SHA256     string
	}
}

// next is the next kernel: what is loaded, and what the purgatory has to know of it.
type next struct {
	segments           []purgatory.Segment
	entry, dtb, result uint64
}

func readManifest(path string) (next, error) {
	var next next
	text, err := os.ReadFile(path)
	if err != nil {
		return next, err
	}
	var manifest manifest
	if err := json.Unmarshal(text, &manifest); err != nil {
		return next, fmt.Errorf("%s: %w, expected what purgatory build writes into a manifest", path, err)
	}
	if manifest.Version != 1 {
		return next, fmt.Errorf("%s: version %d, expected 1", path, manifest.Version)
	}
	for _, segment := range manifest.Segments {
		if segment.Name == "purgatory" {
			continue // ours goes where this machine has room
		}
		file := segment.File
		if !filepath.IsAbs(file) {
			file = filepath.Join(filepath.Dir(path), file)
		}
		buffer, err := os.ReadFile(file)
		if err != nil {
			return next, err
		}
		if sum := fmt.Sprintf("%x", sha256.Sum256(buffer)); sum != segment.SHA256 {
			return next, fmt.Errorf("%s: SHA-256 %s, expected %s: not what the manifest was built for", file, sum, segment.SHA256)
		}
		switch segment.Name {
		case "kernel":
			next.entry = segment.Base
		case "dtb":
			next.dtb = segment.Base
			offset, err := purgatory.ResultOffset(buffer)
			if err != nil {
				return next, fmt.Errorf("%s: %w", file, err)
			}
			if offset != 0 {
				next.result = segment.Base + offset
			}
		}
		next.segments = append(next.segments, purgatory.Segment{
			Buf: buffer, Phys: purgatory.Range{Start: segment.Base, Size: segment.MemorySize},
		})
	}
	if next.entry == 0 || next.dtb == 0 {
		return next, fmt.Errorf("%s: kernel at %#x, device tree at %#x, expected both", path, next.entry, next.dtb)
	}
	return next, nil
}
