// Segment.swift — bytes that a loader puts at a physical address
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import DeviceTree

/// A file's bytes at a physical address, followed by zeros up to its size in memory.
public struct Segment: Sendable {
  /// What a segment is to the next kernel.
  public enum Role: String, Sendable {
    /// The purgatory itself, flat.
    case purgatory
    /// An arm64 Image.
    case kernel
    /// A device tree blob.
    case dtb
    /// An initial RAM disk.
    case initrd
    /// Anything else.
    case segment
  }

  /// What it is.
  public let role: Role
  /// The file, as the user named it.
  public private(set) var file: String
  /// The file's bytes.
  public let contents: Contents
  /// What it is called when it is written, if it was unpacked from `file`; nil: it is that file.
  package private(set) var unpackedName: String?
  /// The physical address of the first byte.
  public let base: UInt64
  /// Bytes that it takes in memory: never less than `contents`.
  public let memorySize: UInt64
  /// The bytes from `base` that the purgatory verifies: the file's and the zeros that the loader adds. Not a kernel's
  /// BSS, which the kernel clears itself.
  public let verifiedSize: UInt64
  /// Those bytes.
  let verified: Contents
  /// The physical addresses that it takes.
  public let range: Range<UInt64>

  /// Zeros behind a file that are verified with it, in bytes: hashing 64 GiB of them takes minutes, here and at every boot.
  package static let maximumZeros: UInt64 = 1 << 30

  /// Places a file.
  ///
  /// - Parameters:
  ///   - role: what it is.
  ///   - file: what it is called in errors, and in a manifest.
  ///   - contents: the file's bytes.
  ///   - base: the physical address of the first, a multiple of 16; of a kernel, a multiple of 2 MiB plus its text_offset
  ///     (booting.rst).
  ///   - memorySize: bytes in memory, zeros after the file's; nil: what the file says or has.
  /// - Throws: `Rejection`, with every reason why the file cannot be what `role` says, or cannot be where `base` says.
  public init(
    role: Role, file: String, contents: Contents, base: UInt64, memorySize: UInt64? = nil
  ) throws(Rejection) {
    let fileSize = contents.count
    var size = max(memorySize ?? 0, fileSize)
    var problems: [Problem] = []
    if let memorySize, memorySize < fileSize {
      problems.append(
        Problem(
          file, "memory size", found: String(hex: memorySize),
          expected: "at least the file's \(fileSize) bytes",
          help: "leave +MEMSIZE out, or give at least the file's size"))
    }
    if !base.isMultiple(of: PurgatoryInfo.regionAlignment) {
      problems.append(
        Problem(
          file, "address", found: String(hex: base),
          expected: "a multiple of \(PurgatoryInfo.regionAlignment)",
          help:
            "let it be placed, without an address, or give \(String(hex: base.roundedDown(to: PurgatoryInfo.regionAlignment)))"
        ))
    }
    switch role {
    case .kernel:
      do {
        let image = try KernelImage(header: contents.prefix(KernelImage.headerSize), file: file)
        size = max(size, image.imageSize)
        if !(base &- image.textOffset).isMultiple(of: KernelImage.alignment) {
          problems.append(
            Problem(
              file, "address", found: String(hex: base),
              expected: "a multiple of 2 MiB plus text_offset \(String(hex: image.textOffset))",
              help: "let it be placed, without an address"))
        }
      } catch {
        problems += error.problems
      }
    case .dtb:
      do {
        try DeviceTree.validate(contents.bytes(.deviceTree))
      } catch let error as DeviceTreeError {
        problems.append(
          Problem(file, error))
      } catch {
        problems += (error as? Rejection)?.problems ?? [Problem(file, error: error)]
      }
    case .purgatory, .initrd, .segment: break
    }
    if role != .kernel, size &- fileSize > Self.maximumZeros {
      problems.append(
        Problem(
          file, "memory size", found: "\(String(hex: size &- fileSize)) bytes of zeros behind the file",
          expected: "at most \(String(hex: Self.maximumZeros)): each is hashed here, and again at every boot",
          help: "give a smaller +MEMSIZE, and let what runs there clear its memory itself"))
    }
    let range = Range(base: base, size: size)
    if range == nil {
      problems.append(
        Problem(
          file, "address", found: "\(String(hex: base)) + \(String(hex: size)) bytes",
          expected: "an end below 2^64", help: "give a lower address, or none"))
    }
    guard problems.isEmpty, let range else { throw Rejection(problems) }

    self.role = role
    self.file = file
    self.contents = contents
    self.base = base
    self.memorySize = size
    self.range = range
    let zeros = role == .kernel ? 0 : size &- fileSize
    verifiedSize = fileSize &+ zeros
    verified = zeros == 0 ? contents : Contents([.contents(contents), .zeros(zeros)], name: file)
  }

  /// Places bytes that are held.
  ///
  /// - Throws: as `init(role:file:contents:base:memorySize:)` does.
  public init(
    role: Role, file: String, bytes: [UInt8], base: UInt64, memorySize: UInt64? = nil
  ) throws(Rejection) {
    try self.init(
      role: role, file: file, contents: Contents(bytes, name: file), base: base, memorySize: memorySize)
  }

  /// The same segment, from a copy of its file.
  public func renamed(_ file: String) -> Segment {
    var segment = self
    segment.file = file
    segment.unpackedName = nil
    return segment
  }

  /// The same segment, of what was unpacked from its file.
  func unpacked(as name: String?) -> Segment {
    var segment = self
    segment.unpackedName = name
    return segment
  }
}

extension Problem {
  /// What is wrong with a device tree.
  init(_ file: String, _ error: DeviceTreeError) {
    self.init(
      file, error.place, found: error.found, expected: error.expected,
      help: error.place == "size"
        ? "leave out of it what this board does not need"
        : "give a device tree as dtc, QEMU or /sys/firmware/fdt has it, whole")
  }
}
