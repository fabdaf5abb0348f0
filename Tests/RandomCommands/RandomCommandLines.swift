// RandomCommandLines.swift — command lines of known and unknown words, over files that are there, odd, or not there
// SPDX-License-Identifier: MIT

import Foundation
import PurgatoryCommand
import PurgatoryKit
import SystemPackage
import TestSupport

/// Runs the command in this process, many times: the process is of no other use afterwards.
struct RandomCommandLines {
  private var random: SplitMix64
  private let folder: Folder
  /// What the inputs are before a command changes them.
  private var inputs: [String: [UInt8]] = [:]

  /// Where the command line that is being run is written.
  private let log: String
  /// The number of a command line that traps: a test of the test.
  private let planted: Int?

  init(seed: UInt64, log: String, planted: Int?) async throws {
    random = SplitMix64(seed: seed)
    folder = try Folder()
    self.log = log
    self.planted = planted
    try await makeTools()
    try makeInputs()
  }

  /// - Returns: how many ended in which status; nil: one ended in no documented one.
  mutating func run(count: Int) throws -> [CInt: Int]? {
    let null = open("/dev/null", O_RDWR)
    dup2(null, 0)
    dup2(null, 1)
    signal(SIGPIPE, SIG_IGN)
    guard chdir(folder.path) == 0 else { return nil }
    setenv("PATH", "\(folder.path)/bin", 1)
    setenv("TMPDIR", "\(folder.path)/tmp", 1)
    // What the command says is of interest only where it says too much; the last line survives a trap.
    let last = open(log, O_RDWR | O_CREAT | O_TRUNC, 0o600)
    dup2(null, 2)
    var statuses: [CInt: Int] = [:]
    for index in 0..<count {
      if index.isMultiple(of: 250) { try restoreInputs(mutated: index > 0) }
      let arguments = commandLine()
      ftruncate(last, 0)
      let line = Array("\(index): \(arguments)\n".utf8)
      pwrite(last, line, line.count, 0)
      if index == planted { fatalError("planted") }
      let status = Purgatory.status(of: arguments)
      guard (arguments.first == "check" ? [0, 1, 2, 64] : [0, 1, 64]).contains(status) else { return nil }
      statuses[status, default: 0] += 1
    }
    return statuses
  }

  private mutating func one<Element>(_ elements: [Element]) -> Element {
    elements[Int.random(in: elements.indices, using: &random)]
  }

  private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
}

// MARK: - Words

extension RandomCommandLines {
  private mutating func commandLine() -> [String] {
    let verb = one([
      "build", "patch", "patch", "patch", "show", "check", "verify", "bundle", "graft", "run", "shw",
      "--help",
    ])
    var words = [verb]
    switch verb {
    case "build":
      words += ["--source", chance(95) ? "src" : file()]
      words += infoOptions()
      switch Int.random(in: 0...9, using: &random) {
      case 0...2: words += ["--output-dir", one(["o4", "o5", "out", "dir", "kernel", "missing/x"])]
      case 3...4: words += ["--manifest", output()]
      case 5...6: words += ["-o", output(), "--format", one(["elf", "ro", "x"])]
      default: words += ["-o", output()]
      }
      if chance(10) { words += ["--depfile", output()] }
      words += flags(["--copy", "--dry-run", "-q", "-v", "--toolchain=llvm"])
    case "patch":
      words.append(file())
      words += infoOptions()
      if chance(70) { words += ["-o", output()] }
    case "show": words += [file()] + flags(["--json"])
    case "check":
      words += (0...Int.random(in: 0...2, using: &random)).map { _ in file() }
      words += ["--format", one(["text", "json", "sarif", "junit", "github"])]
      if chance(30) { words += ["--profile", one(Profile.allCases).rawValue] }
      if chance(30) {
        words += ["--allow", one(Rule.allCases).rawValue + one(["", "", ":.text", ":", ":*"])]
      }
      words += flags(["--require-proof", "--embedded", "--verbose"])
      if chance(5) { words += ["--allow-list", file()] }
      if chance(5) { words += ["--baseline", file()] }
      if chance(5) { words += ["--write-baseline", output()] }
      if chance(10) { words += ["-o", output()] }
      if chance(10) { words += ["--flat", file(), "--elf", file()] }
      if chance(2) { words += ["--explain", one(Rule.allCases).rawValue] }
      if chance(30) { words += ["--max-size", size()] }
      if chance(3) { words += ["--objects", file(), "--script", one(["src/purgatory.lds", file()])] }
    case "verify":
      words += [file()] + flags(["--json"])
      while chance(50) { words += ["--segment", chance(50) ? "\(file())@\(address())+\(size())" : placed()] }
      if chance(30) { words += ["--load-address", address()] }
    case "bundle":
      words += ["--source", "src", "--kernel", file(), "-o", output()] + behaviour()
      if chance(50) { words += ["--dtb", file()] }
    case "graft": words += ["--source", "src", file(), "-o", output()] + behaviour()
    case "run":
      words += [file(), "--timeout", one(["1", "1", "1", "0"])]
      if chance(50) { words += ["--memory", size()] }
      if chance(30) { words += ["--el", one(["1", "2"])] }
      words += flags(["--unverified"])
    default: break
    }
    if chance(1) { words.append(one(["--no-such-option", "", "-", "\u{1b}[31m", "--", "@", "0x"])) }
    return words
  }

  private mutating func infoOptions() -> [String] {
    var words: [String] = []
    if chance(40) { words += ["--kernel", placed()] }
    if chance(30) { words += ["--dtb", placed()] }
    if chance(30) { words += ["--initrd", placed()] }
    while chance(30) { words += ["--segment", chance(50) ? "\(file())@\(address())+\(size())" : placed()] }
    if chance(30) { words += ["--kernel-entry", address()] }
    if chance(20) { words += ["--dtb-addr", address()] }
    if chance(40) { words += ["--load-address", address()] }
    while chance(30) { words += ["--memory", "\(address())+\(size())"] }
    if chance(10) { words += ["--cmdline", one(["quiet", "", "a\u{7}b"])] }
    if chance(20) { words += ["--digest", one(["regions", "combined", "none"])] }
    if chance(20) { words.append(one(["--relative", "--no-relative"])) }
    return words + behaviour()
  }

  private mutating func behaviour() -> [String] {
    var words: [String] = []
    if chance(30) {
      words += [
        "--console",
        one(["auto", "none", one(["raw", "pl011", "8250", "8250-mmio32"]) + "@" + address()]),
      ]
    }
    if chance(20) { words += ["--on-failure", one(["halt", "reset", "poweroff", "boot"])] }
    if chance(20) { words += ["--psci", one(["smc", "hvc"])] }
    if chance(10) { words += ["--messages", one(["all", "failures"])] }
    return words + flags(["--no-cache", "--crypto", "--quiet", "-q"])
  }

  private mutating func flags(_ all: [String]) -> [String] { all.filter { _ in chance(8) } }

  private mutating func file() -> String { one(files) }

  private mutating func placed() -> String {
    file()
      + (chance(75) ? "@" + one([address(), address(), address(), address(), "auto", "0x40000000"]) : "")
  }

  private mutating func output() -> String {
    one([
      "o1", "o2", "o3", "o3", "-", "/dev/null", "/dev/full", "dir", "missing/x", "link", "loop", "kernel",
      "blob.bin",
    ])
  }

  /// Near every power of two, more often than not as aligned as it has to be.
  private mutating func number() -> UInt64 {
    let power = UInt64(1) << UInt64.random(in: 0...63, using: &random)
    let base = one([power, power, 0 &- power, 0x4000_0000, 0x8000_0000, random.next()])
    let delta = one([0, 0, 0, 1, 0x1000, 0x20_0000, 0x4000_0000] as [UInt64])
    return one([base &+ delta, base &- delta])
  }

  private mutating func text(_ number: UInt64) -> String {
    chance(97)
      ? "0x" + String(number, radix: 16)
      : one(["\(number)", "\(number)0", "-\(number)", "0X", "0x", "", "1e3"])
  }

  private mutating func address() -> String {
    let number = number()
    return text(chance(60) ? number & ~0x1f_ffff : number)
  }

  /// Few between what is hashed in no time and what is refused.
  private mutating func size() -> String {
    let small = UInt64.random(in: 0...0x1_0000, using: &random)
    return one([
      "\(small)", "0x" + String(small, radix: 16), "\(small)K", "1M", "16G", "17179869183G",
      text(number() | 1 << 40),
    ])
  }
}

// MARK: - Files

extension RandomCommandLines {
  private var files: [String] {
    inputs.keys.sorted() + [
      "out", "out/manifest.json", "src", "dir", "missing", "empty", "sparse", "link", "loop", "/dev/null",
      "/dev/zero",
      "/proc/self/status", "o1", "o2", "o3", "o4", "o4/manifest.json", "kernel", "kernel", "dtb", "blob.bin",
      "ready.bin",
    ]
  }

  /// Fast ones in the place of assembler, linker and QEMU: what they make was made once, by the real ones.
  private func makeTools() async throws {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    let tools = try Toolchain.find(nil, crossCompile: nil, path: path)
    let source = try PurgatorySource(directory: FilePath("\(packageFolder)/purgatory"))
    try folder.makeFolder("made")
    let made = FilePath("\(folder.path)/made")
    for command in tools.commands(building: source, to: "purgatory.elf") { try await command.run(in: made) }
    let script = try String(contentsOfFile: source.linkerScript.string, encoding: .utf8)
    try folder.write(script, to: "made/first.lds")
    for (name, distance) in zip(["second", "third", "fourth", "fifth"], Toolchain.proofDistances) {
      try folder.write(LinkerScript(Array(script.utf8)).moved(by: distance), to: "made/\(name).lds")
    }
    for name in ["first", "second", "third", "fourth", "fifth"] {
      try await tools.linkCommand(
        options: ["--no-dynamic-linker"], script: "\(name).lds", objects: tools.objectNames(of: source),
        to: "\(name).elf"
      ).run(in: made)
    }
    try folder.makeFolder("bin")
    let copy = "#!/bin/sh\nfor file; do :; done\nexec /bin/cp '\(made)'/\"$file\" \"$file\"\n"
    for (name, text) in [
      ("clang", "#!/bin/sh\nfor file; do :; done\n: >\"$file\"\n"), ("ld.lld", copy),
      ("qemu-system-aarch64", "#!/bin/sh\nexec /bin/echo hello\n"),
    ] {
      try folder.write(text, to: "bin/\(name)")
      try folder.setMode(0o755, of: "bin/\(name)")
    }
    try folder.makeFolder("src")
    try folder.write("ret\n", to: "src/a.S")
    try folder.write(script, to: "src/purgatory.lds")
  }

  private mutating func makeInputs() throws {
    for name in ["dir", "out"] { try folder.makeFolder(name) }
    let tree = TreeNode(
      "", ["#address-cells": [2], "#size-cells": [2]],
      [
        TreeNode("chosen", ["stdout-path": "/uart"]),
        TreeNode("memory@40000000", ["device_type": "memory", "reg": .wide(0x4000_0000, 0x4000_0000)]),
        TreeNode("uart", ["compatible": "arm,pl011", "reg": .wide(0x900_0000, 0x1000)]),
        TreeNode("psci", ["compatible": "arm,psci-1.0", "method": "hvc"]),
      ])
    let top = TreeNode(
      "", ["#address-cells": [2], "#size-cells": [2]],
      [
        TreeNode("memory", ["device_type": "memory", "reg": .wide(0, .max, .max - 0xfff, 0x1000)]),
        TreeNode("chosen", ["linux,initrd-start": .wide(.max), "linux,initrd-end": .wide(1)]),
      ])
    inputs = [
      "dtb": tree.dtb(), "dtb.top": top.dtb(reserving: [1..<(.max)]), "initrd": .random(5000, seed: 2),
      "kernel": image(), "kernel.128G": image(imageSize: 1 << 37),
      "kernel.max": image(imageSize: .max),
      "kernel.offset": image(textOffset: .max - 7), "gzip": [0x1f, 0x8b, 8, 0, 1, 2, 3],
      "me@corp": [1, 2, 3],
      "a,b;c": [4],
      "a\u{1b}[31m": [5], "garbage": .random(5000, seed: 1),
      "archive": Array("!<arch>\na.o/            0           0     0     644     9999999999`\n".utf8),
    ]
    for (name, bytes) in inputs { try folder.write(bytes, to: name) }
    try folder.write([UInt8](), to: "empty")
    try folder.write([UInt8](), to: "sparse")
    truncate("\(folder.path)/sparse", 1 << 42)
    symlink("kernel", "\(folder.path)/link")
    symlink("loop", "\(folder.path)/loop")

    let elf = try folder.read("made/purgatory.elf")
    let blob = try Blob(elf, file: "purgatory.elf")
    inputs["blob.elf"] = elf
    inputs["blob.bin"] = blob.flat
    inputs["blob.ro"] = try RelocatableObject(blob).bytes
    var changes = InfoChanges()
    changes.segments = [
      try Segment(role: .kernel, file: "kernel", bytes: image(), base: 0x4020_0000),
      try Segment(role: .dtb, file: "dtb", bytes: tree.dtb(), base: 0x4400_0000),
    ]
    var ready = blob
    try ready.fill(try changes.applied(to: blob.info, file: "ready"))
    inputs["ready.bin"] = ready.flat
    changes.segments = []
    let kernel = File(role: .kernel, name: "kernel", bytes: image(), address: nil)
    inputs["bundle.img"] = try Bundle(blob, kernel: kernel, dtb: nil, changes: changes).contents.all
    let purgatory = try Segment(
      role: .purgatory, file: "\(folder.path)/out/purgatory.bin", bytes: ready.flat, base: 0x4800_0000,
      memorySize: blob.info.memorySize)
    let loaded = try Segment(
      role: .kernel, file: "\(folder.path)/kernel", bytes: image(), base: 0x4020_0000)
    let tree2 = try Segment(role: .dtb, file: "\(folder.path)/dtb", bytes: tree.dtb(), base: 0x4400_0000)
    inputs["out/purgatory.bin"] = ready.flat
    inputs["out/manifest.json"] = try Manifest(
      entry: 0x4800_0000, segments: [purgatory, loaded, tree2], path: "\(folder.path)/out/manifest.json"
    ).encoded()
  }

  /// An arm64 Image (booting.rst).
  private func image(imageSize: UInt64 = 0x10000, textOffset: UInt64 = 0) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 0x38) + Array("ARM\u{64}".utf8) + .random(4036, seed: 3)
    for (offset, value) in [(0x08, textOffset), (0x10, imageSize), (0x18, 0xa)] {
      withUnsafeBytes(of: value.littleEndian) { bytes.replaceSubrange(offset..<offset + 8, with: $0) }
    }
    return bytes
  }

  /// Commands write over their inputs; and every so often somebody else has.
  private mutating func restoreInputs(mutated: Bool) throws {
    for name in ["o1", "o2", "o3", "o4", "o5"] { try? FileManager.default.removeItem(atPath: name) }
    for (name, bytes) in inputs.sorted(by: { $0.key < $1.key }) {
      var bytes = bytes
      if mutated, chance(25) {
        for _ in 0...Int.random(in: 0...3, using: &random) {
          // Where the fields are: at the start, more often than not.
          let end = chance(60) ? min(bytes.count, 0x400) : bytes.count
          bytes[Int.random(in: 0..<end, using: &random)] = one([
            0, 0xff, 0x80, UInt8.random(in: 0...255, using: &random),
          ])
        }
        if chance(10) { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random)) }
      }
      try folder.write(bytes, to: name)
    }
  }
}
