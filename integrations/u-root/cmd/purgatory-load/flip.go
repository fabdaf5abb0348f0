// flip.go — only in a build for tests: FLIP=segment:N or digest:N flips a bit of it after everything was digested
// SPDX-License-Identifier: MIT

//go:build flip

package main

import (
	"fmt"
	"os"

	"purgatory"
)

func init() {
	digested = func(image *purgatory.Image) error {
		what, found := os.LookupEnv("FLIP")
		if !found {
			return nil
		}
		var number int
		if n, _ := fmt.Sscanf(what, "segment:%d", &number); n == 1 && number < len(image.Segments) {
			buffer := image.Segments[number].Buf
			buffer[len(buffer)/2] ^= 1
			return nil
		}
		if n, _ := fmt.Sscanf(what, "digest:%d", &number); n == 1 && number < purgatory.MaxRegions {
			const digests = 0x140
			image.Purgatory().Buf[purgatory.InfoOffset+digests+purgatory.DigestSize*number] ^= 1
			return nil
		}
		return fmt.Errorf("FLIP=%s: expected segment:N or digest:N", what)
	}
}
