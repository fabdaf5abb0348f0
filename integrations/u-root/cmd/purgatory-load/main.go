// main.go — purgatory-load: load what a manifest of `purgatory build` names through a purgatory, with kexec_load(2)
// SPDX-License-Identifier: MIT
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"syscall"

	"purgatory"
)

const usage = `usage: purgatory-load [OPTION]... PURGATORY.bin MANIFEST.json
  -e                   then enter it at once, without shutting anything down
  -p                   load it for a crash, into the memory that crashkernel= set aside
  -console UART@ADDR   where the purgatory says what it found: pl011@0x9000000
  -on-failure ACTION   halt, reset, poweroff or boot (default halt)
  -psci CONDUIT        smc or hvc, the one to try first (default smc)
  -iomem FILE          what is free (default /proc/iomem)
  -o FILE              write the purgatory, filled in, to FILE, and load nothing
`

var actions = map[string]purgatory.FailureAction{
	"halt": purgatory.Halt, "reset": purgatory.Reset, "poweroff": purgatory.PowerOff, "boot": purgatory.Boot,
}

var conduits = map[string]purgatory.Conduit{"smc": purgatory.SMC, "hvc": purgatory.HVC}

// intoKexec is LINUX_REBOOT_CMD_KEXEC.
const intoKexec = 0x45584543

// digested is called between digesting and loading, where a build for tests flips a bit (flip.go).
var digested = func(*purgatory.Image) error { return nil }

type arguments struct {
	blob, manifest, iomem, output string
	options                       purgatory.Options
	enter, crash                  bool
}

// parse reads the command line; what it returns was not understood.
func parse(words []string) (arguments, error) {
	var a arguments
	var console, action, conduit string
	flags := flag.NewFlagSet("purgatory-load", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // main says it
	flags.BoolVar(&a.enter, "e", false, "")
	flags.BoolVar(&a.crash, "p", false, "")
	flags.StringVar(&console, "console", "", "")
	flags.StringVar(&action, "on-failure", "halt", "")
	flags.StringVar(&conduit, "psci", "smc", "")
	flags.StringVar(&a.iomem, "iomem", "/proc/iomem", "")
	flags.StringVar(&a.output, "o", "", "")
	if err := flags.Parse(words); err != nil {
		return a, err
	}
	if flags.NArg() != 2 {
		return a, errors.New("a purgatory and a manifest are needed")
	}
	if a.enter && (a.crash || a.output != "") {
		return a, errors.New("-e enters what neither -p nor -o loads")
	}
	a.blob, a.manifest = flags.Arg(0), flags.Arg(1)

	var known bool
	if a.options.OnFailure, known = actions[action]; !known {
		return a, fmt.Errorf("-on-failure: %q, expected halt, reset, poweroff or boot", action)
	}
	if a.options.PSCI, known = conduits[conduit]; !known {
		return a, fmt.Errorf("-psci: %q, expected smc or hvc", conduit)
	}
	if console != "" {
		var err error
		if a.options.Console, err = purgatory.ParseConsole(console); err != nil {
			return a, err
		}
	}
	return a, nil
}

func run(a arguments) error {
	bytes, err := os.ReadFile(a.blob)
	if err != nil {
		return err
	}
	blob, err := purgatory.ParseBlob(bytes)
	if err != nil {
		return fmt.Errorf("%s: %w", a.blob, err)
	}
	next, err := readManifest(a.manifest)
	if err != nil {
		return err
	}
	a.options.Entry, a.options.DTB, a.options.Result = next.entry, next.dtb, next.result
	iomem, err := os.Open(a.iomem)
	if err != nil {
		return err
	}
	defer iomem.Close()
	memory, err := purgatory.ParseIOMem(iomem)
	if err != nil {
		return fmt.Errorf("%s: %w", a.iomem, err)
	}
	free, flags := memory.Free, uintptr(0)
	if a.crash {
		free, flags = memory.Crash, purgatory.KexecOnCrash
	}
	image, err := purgatory.Prepare(blob, next.segments, free, a.options)
	if err != nil {
		return fmt.Errorf("%s: %w", a.manifest, err)
	}
	if a.output != "" {
		return os.WriteFile(a.output, image.Purgatory().Buf, 0o644)
	}
	if err := digested(image); err != nil {
		return err
	}
	if err := image.Load(flags); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "purgatory-load: %d segments, entry %#x\n", len(image.Segments), image.Entry)
	if a.enter {
		syscall.Sync()
		return fmt.Errorf("reboot: %w", syscall.Reboot(intoKexec)) // it came back
	}
	return nil
}

func main() {
	a, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		fmt.Print(usage)
		return
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\n%s", err, usage)
		os.Exit(64)
	}
	if err := run(a); err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\n", err)
		os.Exit(1)
	}
}
