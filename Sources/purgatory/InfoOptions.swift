// InfoOptions.swift — the options that fill in struct purgatory_info, for build and patch alike
// SPDX-License-Identifier: MIT

import ArgumentParser
import PurgatoryKit

struct InfoOptions: ParsableArguments {
  @Option(
    help: .init("The kernel, an arm64 Image; its base is the entry.", valueName: "file@addr"),
    transform: PlacedFile.init(parsing:))
  var kernel: PlacedFile?

  @Option(help: .init("Enter here, not at the kernel's base.", valueName: "addr"), transform: parseAddress)
  var kernelEntry: UInt64?

  @Option(
    help: .init("The device tree, handed over in x0.", valueName: "file@addr"),
    transform: PlacedFile.init(parsing:))
  var dtb: PlacedFile?

  @Option(
    help: .init(
      "Hand over this address in x0; 0: the x0 that the purgatory is entered with.", valueName: "addr"),
    transform: parseAddress)
  var dtbAddr: UInt64?

  @Option(help: .init("The initial RAM disk.", valueName: "file@addr"), transform: PlacedFile.init(parsing:))
  var initrd: PlacedFile?

  @Option(
    help: .init(
      "Any other file to verify; zeros follow it up to memsize. Repeatable.", valueName: "file@addr[+memsize]"
    ),
    transform: PlacedFile.init(parsingSized:))
  var segment: [PlacedFile] = []

  @Option(
    help: .init("Where the purgatory itself will be loaded.", valueName: "addr"), transform: parseAddress)
  var loadAddress: UInt64?

  @Option(help: "Verify one digest for each region, one over all of them, or nothing (build: regions).")
  var digest: InfoChanges.DigestMode?

  @Option(
    help: .init(
      "The UART for diagnostics: none, or raw, pl011, 8250 or 8250-mmio32 @ its address.",
      valueName: "type@addr"),
    transform: ConsoleChoice.init(parsing:))
  var console: ConsoleChoice?

  @Option(help: "What to do when verification fails (build: halt).")
  var onFailure: PurgatoryInfo.FailureAction?

  @Option(help: "The instruction that reaches the firmware (build: smc).")
  var psci: PurgatoryInfo.PSCIConduit?

  @Flag(
    inversion: .prefixedNo,
    help: "Store addresses relative to --load-address (0), so that all can be loaded elsewhere together.")
  var relative: Bool?

  @Flag(inversion: .prefixedNo, help: "Print only failures.")
  var quiet: Bool?

  /// Reads the files that are named.
  func changes() throws(Rejection) -> InfoChanges {
    var files: [(role: Segment.Role, placed: PlacedFile)] = []
    if let kernel { files.append((.kernel, kernel)) }
    if let dtb { files.append((.dtb, dtb)) }
    if let initrd { files.append((.initrd, initrd)) }
    files += segment.map { (.segment, $0) }

    var changes = InfoChanges()
    var problems: [Problem] = []
    for (role, placed) in files {
      do {
        let segment = try Segment(
          role: role, file: placed.file, bytes: try Files.read(placed.file), base: placed.address,
          memorySize: placed.memorySize)
        changes.segments.append(segment)
      } catch {
        problems += error.problems
      }
    }
    guard problems.isEmpty else { throw Rejection(problems) }

    changes.kernelEntry = kernelEntry
    changes.dtbAddress = dtbAddr
    changes.loadAddress = loadAddress
    changes.digest = digest
    switch console {
    case .uart(let uart): changes.console = .some(uart)
    case ConsoleChoice.none?: changes.console = .some(nil)
    case nil: break
    }
    changes.onFailure = onFailure
    changes.psci = psci
    changes.relative = relative
    changes.quiet = quiet
    return changes
  }
}
