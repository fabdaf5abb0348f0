// Emulator.swift — a manifest's segments in a QEMU `virt` machine
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import SystemPackage

/// How to start what a manifest describes, or a kernel image, in QEMU.
package struct Emulator: Sendable {
  package static let program = "qemu-system-aarch64"
  /// Where `virt` has its RAM, and at its start a device tree of its own.
  static let ramBase: UInt64 = 0x4000_0000
  static let ownTree = Range(uncheckedBounds: (ramBase, ramBase &+ (1 << 20)))

  /// The exception level that the machine starts at: EL2 has PSCI over smc, EL1 over hvc.
  package enum Level: String, CaseIterable, Sendable {
    case el1 = "1"
    case el2 = "2"
  }

  package let arguments: [String]
  /// What the user may not expect, in sentences.
  package let notes: [String]
  /// What was unpacked for QEMU, as long as it may be wanted.
  private let unpacked: UnpackedFiles?

  /// - Parameters:
  ///   - kernel: an arm64 Image, or what it is packed in.
  ///   - initrd: nil: that of a UKI, or none.
  ///   - commandLine: nil: that of a UKI, or none.
  package init(
    kernel: Contents, initrd: Contents?, commandLine: String?, memory: UInt64?, level: Level?
  ) throws(Rejection) {
    let file = try KernelFile(kernel)
    // QEMU says little of what is wrong with one.
    _ = try KernelImage(header: file.image.prefix(KernelImage.headerSize), file: kernel.name)
    var options: [(option: String, path: String)] = []
    notes =
      file.deviceTree == nil
      ? [] : ["\(kernel.name): its .dtb is not used: the machine is QEMU's virt, which has its own"]
    var files: UnpackedFiles?
    for (option, contents) in [("-kernel", file.image), ("-initrd", initrd ?? file.initrd)] {
      guard let contents else { continue }
      if contents.isFile {
        options.append((option, contents.name))
      } else {
        if files == nil { files = try UnpackedFiles() }
        guard let path = try files?.write(contents, to: String(option.dropFirst())) else { continue }
        options.append((option, path))
      }
    }
    unpacked = files
    arguments =
      Self.machine(memory: memory ?? 1 << 30, level: level ?? .el1)
      + options.flatMap { [$0.option, $0.path] }
      + ((commandLine ?? file.commandLine).map { ["-append", $0] } ?? [])
  }

  /// - Parameters:
  ///   - files: a manifest and what it names.
  ///   - path: the manifest's own, for errors.
  ///   - memory: bytes of RAM; nil: what the device tree says, or 1 GiB.
  ///   - level: nil: what the purgatory's way to PSCI implies.
  package init(_ files: ManifestFiles, path: String, memory: UInt64?, level: Level?) throws(Rejection) {
    (unpacked, notes) = (nil, [])
    let manifest = files.manifest
    var problems: [Problem] = []
    var loads: [String] = []
    var taken: [(name: String, range: Range<UInt64>)] = []
    var size = memory
    var level = level
    for file in files.files {
      let segment = file.segment
      do throws(Rejection) {
        guard let range = Range(base: segment.base, size: max(segment.memorySize, file.contents.count))
        else {
          throw Rejection(
            Problem(
              path, segment.name, found: "base \(String(hex: segment.base))", expected: "an end below 2^64",
              help: "build the folder again: purgatory build --output-dir DIR"))
        }
        taken.append((segment.name, range))
        // QEMU takes two commas for one.
        loads += [
          "-device",
          "loader,file=\(file.path.replacing(",", with: ",,")),addr=\(String(hex: segment.base)),force-raw=on",
        ]
        switch segment.role {
        case .dtb where size == nil:
          // One that cannot be read is the purgatory's to refuse.
          let banks = (try? Board(file.contents.bytes(.deviceTree), file: file.path))?.memory ?? []
          // Which may begin behind what QEMU has there, and have holes.
          if let first = banks.first?.lowerBound, first >= Self.ramBase, first &- Self.ramBase < 1 << 30 {
            size = banks.last?.upperBound.minus(Self.ramBase)
          }
        case .purgatory where level == nil:
          level = try Blob(file.contents, file: file.path).info.psciConduit == .hvc ? .el1 : .el2
        default: break
        }
      } catch {
        problems += error.problems
      }
    }
    guard problems.isEmpty else { throw Rejection(problems) }

    // More than QEMU's virt takes is QEMU's to refuse.
    let ram = Range(
      uncheckedBounds: (Self.ramBase, Self.ramBase &+ min(size ?? 1 << 30, Self.maximumMemory)))
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
        Problem(
          path, "entry", found: String(hex: manifest.entry), expected: "an address in a segment",
          help: "build the folder again: purgatory build --output-dir DIR"))
    }
    guard problems.isEmpty else { throw Rejection(problems) }

    var start = manifest.entry
    if !manifest.segments.contains(where: { $0.role == .dtb }) {
      let free = FreeMemory(memory: [ram], reserved: taken.map(\.range) + [Self.ownTree])
      let words = Self.stub(x0: Self.ramBase, entry: manifest.entry)
      guard let place = free.place(size: UInt64(words.count * 8), alignment: 4 << 10) else {
        throw Rejection(
          Problem(
            path, found: "no free page to set x0 from", expected: "one in \(ram.addresses)",
            help: "give it more memory: --memory 2G"))
      }
      start = place.lowerBound
      for (index, word) in words.enumerated() {
        loads += [
          "-device",
          "loader,addr=\(String(hex: start &+ UInt64(index * 8))),data=\(String(hex: word)),data-len=8",
        ]
      }
    }
    arguments =
      Self.machine(memory: ram.size, level: level ?? .el1) + loads
      + ["-device", "loader,addr=\(String(hex: start)),cpu-num=0"]
  }

  /// More than any machine of QEMU's has, and far from where addresses end.
  private static let maximumMemory: UInt64 = 1 << 44

  private static func machine(memory: UInt64, level: Level) -> [String] {
    [
      // With 52-bit addresses, kexec_load makes Linux 6.12 oops.
      "-machine", level == .el2 ? "virt,virtualization=on" : "virt", "-cpu", "max,pauth-impdef=on,lpa2=off",
      "-m", "\(max(min(memory, maximumMemory).roundedUp(to: 1 << 20) ?? 0, 1 << 20) >> 20)M", "-nographic",
      "-nic", "none",
      "-no-reboot",
    ]
  }

  /// ldr x0, =x0; ldr x4, =entry; br x4; nop: for a manifest without a device tree, which gets QEMU's own.
  private static func stub(x0: UInt64, entry: UInt64) -> [UInt64] {
    [0x5800_00a4_5800_0080, 0xd503_201f_d61f_0080, x0, entry]
  }
}

/// Files that are gone with the last who knows of them.
private final class UnpackedFiles: Sendable {
  private let directory: WorkDirectory

  init() throws(Rejection) { directory = try WorkDirectory() }

  /// - Returns: the file's path.
  func write(_ contents: Contents, to name: String) throws(Rejection) -> String {
    let path = directory.path.appending(name).string
    do {
      let file = try FileDescriptor.open(
        path, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec], permissions: .ownerReadWrite)
      try file.closeAfter { try contents.write(to: file, path) }
    } catch {
      throw error as? Rejection ?? Rejection(Problem(path, "cannot be written", error: error))
    }
    return path
  }
}
