// Emulator.swift — a manifest's segments in a QEMU `virt` machine
// SPDX-License-Identifier: MIT

import SystemPackage

/// How to start what a manifest describes, or a kernel image, in QEMU.
public struct Emulator: Equatable, Sendable {
  public static let program = "qemu-system-aarch64"
  /// Where `virt` has its RAM, and at its start a device tree of its own.
  static let ramBase: UInt64 = 0x4000_0000
  static let ownTree = ramBase..<ramBase + (1 << 20)

  /// The exception level that the machine starts at: EL2 has PSCI over smc, EL1 over hvc.
  public enum Level: String, CaseIterable, Sendable {
    case el1 = "1"
    case el2 = "2"
  }

  public let arguments: [String]
  /// A program that sets x0 before the entry, and where it goes; nil: the manifest has a device tree.
  let stub: (address: UInt64, bytes: [UInt8])?

  public static func == (left: Self, right: Self) -> Bool { left.arguments == right.arguments }

  /// - Parameter kernel: any image that QEMU's own loader takes.
  public init(kernel: String, memory: UInt64?, level: Level?) {
    stub = nil
    arguments = Self.machine(memory: memory ?? 1 << 30, level: level ?? .el1) + ["-kernel", kernel]
  }

  /// - Parameters:
  ///   - path: the manifest's own, which its files are relative to.
  ///   - memory: bytes of RAM; nil: what the device tree says, or 1 GiB.
  ///   - level: nil: what the purgatory's way to PSCI implies.
  public init(manifest: Manifest, path: String, memory: UInt64?, level: Level?) throws(Rejection) {
    let directory = FilePath(absolute: path).removingLastComponent()
    var problems: [Problem] = []
    var loads: [String] = []
    var taken: [(name: String, range: Range<UInt64>)] = []
    var size = memory
    var level = level
    for segment in manifest.segments {
      let file = directory.pushing(FilePath(segment.file)).lexicallyNormalized().string
      do throws(Rejection) {
        let bytes = try Files.read(file)
        guard let range = Range(base: segment.base, size: max(segment.memorySize, UInt64(bytes.count))) else {
          throw Rejection(
            Problem(
              path, segment.name, found: "base \(String(hex: segment.base))", expected: "an end below 2^64"))
        }
        taken.append((segment.name, range))
        loads += [
          "-device",
          "loader,file=\(file.replacing(",", with: ",,")),addr=\(String(hex: segment.base)),force-raw=on",
        ]
        switch Segment.Role(rawValue: segment.name) {
        case .dtb where size == nil:
          // One that cannot be read is the purgatory's to refuse.
          let banks = (try? Board(bytes, file: file))?.memory ?? []
          size = banks.first { $0.lowerBound == Self.ramBase }.map { $0.upperBound - $0.lowerBound }
        case .purgatory where level == nil:
          level = try Blob(bytes, file: file).info.psciConduit == .hvc ? .el1 : .el2
        default: break
        }
      } catch {
        problems += error.problems
      }
    }
    guard problems.isEmpty else { throw Rejection(problems) }

    let ram = Self.ramBase..<Self.ramBase + min(size ?? 1 << 30, 1 << 44)
    problems = taken.compactMap { name, range in
      if !ram.contains(range) {
        return Problem(
          path, name, found: range.addresses, expected: "memory of the machine: \(ram.addresses)",
          help: "run it with more --memory, or build it with --memory \(String(hex: ram.lowerBound))+SIZE")
      }
      if range.overlaps(Self.ownTree) {
        return Problem(
          path, name, found: range.addresses,
          expected: "nothing at \(Self.ownTree.addresses), where QEMU puts a device tree of its own",
          help: "build it with --memory \(String(hex: Self.ownTree.upperBound))+SIZE")
      }
      return nil
    }
    if !taken.contains(where: { $0.range.contains(manifest.entry) }) {
      problems.append(
        Problem(path, "entry", found: String(hex: manifest.entry), expected: "an address in a segment"))
    }
    guard problems.isEmpty else { throw Rejection(problems) }

    var start = manifest.entry
    if manifest.segments.contains(where: { $0.name == Segment.Role.dtb.rawValue }) {
      stub = nil
    } else {
      let free = FreeMemory(memory: [ram], reserved: taken.map(\.range) + [Self.ownTree])
      let bytes = Self.stub(x0: Self.ramBase, entry: manifest.entry)
      guard let place = free.place(size: UInt64(bytes.count), alignment: 4 << 10) else {
        throw Rejection(
          Problem(path, found: "no free page to set x0 from", expected: "one in \(ram.addresses)"))
      }
      stub = (place.lowerBound, bytes)
      start = place.lowerBound
    }
    arguments =
      Self.machine(memory: ram.upperBound - ram.lowerBound, level: level ?? .el1) + loads
      + ["-device", "loader,addr=\(String(hex: start)),cpu-num=0"]
  }

  private static func machine(memory: UInt64, level: Level) -> [String] {
    [
      // With 52-bit addresses, kexec_load makes Linux 6.12 oops.
      "-machine", level == .el2 ? "virt,virtualization=on" : "virt", "-cpu", "max,pauth-impdef=on,lpa2=off",
      "-m", "\((memory + (1 << 20) - 1) >> 20)M", "-nographic", "-nic", "none", "-no-reboot",
    ]
  }

  /// ldr x0, =x0; ldr x4, =entry; br x4
  private static func stub(x0: UInt64, entry: UInt64) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 32)
    for (index, instruction) in [0x5800_0080, 0x5800_00a4, 0xd61f_0080, 0xd503_201f].enumerated() {
      bytes.store(UInt32(instruction), at: index * 4)
    }
    bytes.store(x0, at: 16)
    bytes.store(entry, at: 24)
    return bytes
  }
}
