// WritingCommand.swift — a command line for each way in which files are written, and what it writes
// SPDX-License-Identifier: MIT

import Testing

struct WritingCommand: Sendable, CustomTestStringConvertible {
  let name: String
  let arguments: [String]
  /// In the order in which they are put into their places.
  let outputs: [String]
  var testDescription: String { name }

  /// What a loader goes by.
  var manifest: String? { outputs.first { $0.hasSuffix("m.json") || $0.hasSuffix("manifest.json") } }

  private static let kernel = ["--kernel", "Image@0x40200000", "--load-address", "0x40000000"]
  private static let layout = ["--kernel", "Image", "--initrd", "initrd", "--memory", "0x40000000+1G"]
  private static let folder = ["purgatory.bin", "Image", "initrd", "manifest.json"]
  private static let pages =
    ["", "-build", "-patch", "-show", "-check", "-bundle", "-graft", "-run"].map { "man/purgatory\($0).1" }

  /// What makes the older outputs: of other bytes.
  static let older: [[String]] = [
    ["build", "-o", "p.bin", "--manifest", "m.json", "--depfile", "p.d"] + kernel,
    ["build", "--output-dir", "out", "--copy", "--depfile", "out.d"] + layout,
    ["build", "--format", "ro", "-o", "old.ro"],
    ["show", "--svg", "map.svg", "p.bin"],
    [
      "check", "--max-size", "1", "-o", "report.json", "--format", "json", "--write-baseline", "base.json",
      "p.bin",
    ],
    ["bundle", "--kernel", "Image", "-o", "b.img"],
  ]

  private static let change = ["--on-failure", "reset", "--console", "pl011@0x9000000"]
  static let all = [
    WritingCommand(
      name: "build", arguments: ["build", "-o", "p.bin"] + kernel + change, outputs: ["p.bin"]),
    WritingCommand(
      name: "build, several",
      arguments: [
        "build", "-o", "p.bin", "--manifest", "m.json", "--depfile", "p.d", "--initrd", "initrd@0x50000000",
      ]
        + kernel + change,
      outputs: ["p.bin", "m.json", "p.d"]),
    WritingCommand(
      name: "build a folder",
      arguments: ["build", "--output-dir", "out", "--copy", "--depfile", "out.d"] + layout + change,
      outputs: folder.map { "out/\($0)" } + ["out.d"]),
    WritingCommand(
      name: "build a new folder",
      arguments: ["build", "--output-dir", "new/out", "--copy"] + layout + change,
      outputs: folder.map { "new/out/\($0)" }),
    WritingCommand(name: "patch in place", arguments: ["patch", "p.bin"] + change, outputs: ["p.bin"]),
    WritingCommand(
      name: "patch into another", arguments: ["patch", "p.bin", "-o", "q.bin"] + change, outputs: ["q.bin"]),
    WritingCommand(
      name: "patch a folder", arguments: ["patch", "out"] + change,
      outputs: ["out/purgatory.bin", "out/manifest.json"]),
    WritingCommand(
      name: "show", arguments: ["show", "--svg", "map.svg", "out"], outputs: ["map.svg"]),
    WritingCommand(
      name: "check",
      arguments: ["check", "-o", "report.json", "--format", "json", "--write-baseline", "base.json", "out"],
      outputs: ["report.json", "base.json"]),
    WritingCommand(
      name: "bundle", arguments: ["bundle", "--kernel", "Image", "-o", "b.img"] + change, outputs: ["b.img"]),
    WritingCommand(
      name: "graft", arguments: ["graft", "kexec", "-o", "kexec.new"], outputs: ["kexec.new"]),
    WritingCommand(name: "manual", arguments: ["manual", "man"], outputs: pages),
  ]
}
