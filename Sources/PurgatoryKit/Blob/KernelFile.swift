// KernelFile.swift — a kernel as distributions ship it: the arm64 Image in whatever it is packed in
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import Decompression

/// An arm64 Image, unpacked: from gzip, zstd, xz or lzma, an EFI zboot image, or a unified kernel image (UKI).
public struct KernelFile: Sendable {
  /// The Image: what is loaded and verified.
  public private(set) var image: Contents
  /// What it was in, from the outside in; empty: the file is the Image.
  public private(set) var containers: [String] = []
  /// The initrd of a UKI, its section .initrd; nil: none.
  public private(set) var initrd: Contents?
  /// The device tree of a UKI, its section .dtb; nil: none.
  public private(set) var deviceTree: [UInt8]?
  /// The command line of a UKI, its section .cmdline; nil: none.
  public private(set) var commandLine: String?

  /// Bytes that an Image has at most: Linux's text, data and BSS are below 2 GiB; the largest that is built has some 300 MiB.
  static let maximumSize = 512 << 20
  /// A UKI with a zboot image with a compressed Image has three.
  private static let maximumDepth = 4

  /// Bytes in which headers are: those of a PE file may have very many sections.
  private static let startSize = 4 << 20

  /// Unpacks `contents`, whose name is that in errors. What was unpacked is not held, but kept in a file without a name.
  ///
  /// - Parameters:
  ///   - contents: the kernel's file.
  ///   - progress: of what is unpacked.
  /// - Throws: `Rejection` for what holds no arm64 Image, is packed more than four times, is damaged, or unpacks to more than
  ///   512 MiB.
  public init(_ contents: Contents, _ progress: Progress? = nil) throws(Rejection) {
    let file = contents.name
    image = contents
    while !KernelImage.hasMagic(try image.prefix(KernelImage.headerSize)) {
      guard containers.count < Self.maximumDepth else {
        throw Rejection(
          Problem(
            file, found: "packed \(containers.count) times: \(containers.joined(separator: ", "))",
            expected: "an arm64 Image in it", help: "unpack it, and give the Image that is in it"))
      }
      do throws(Rejection) {
        try unpack(file, progress)
      } catch {
        // Of what was unpacked, it matters where it was.
        guard !containers.isEmpty else { throw error }
        throw Rejection(
          error.problems.map {
            Problem(
              $0.file,
              [containers.joined(separator: ", "), $0.place].compactMap { $0 }.joined(separator: ": "),
              found: $0.found, expected: $0.expected, help: $0.help)
          })
      }
    }
  }

  /// Takes the outermost container off.
  private mutating func unpack(_ file: String, _ progress: Progress?) throws(Rejection) {
    var start = try image.prefix(FileKind.size)
    // Of a PE file there may be more.
    if start.starts(with: [0x4d, 0x5a]) { start = try image.prefix(Self.startSize) }
    let size = Int(clamping: image.count)
    if let compression = Compression(of: start) {
      image = try Self.decompress(
        image, compression, progress, help: "\(compression.command) \(file) > Image")
      containers.append(compression.rawValue)
    } else if let zboot = try ZBoot(start, size, file: file) {
      image = try Self.decompress(
        slice(zboot.payload), zboot.compression, progress, help: zboot.help(file))
      containers.append("EFI zboot (\(zboot.compression.rawValue))")
    } else if let pe = try PEFile(start, size, file: file) {
      guard let linux = try pe.section(".linux") else {
        throw Rejection(
          Problem(
            file, "sections", found: "no .linux", expected: "a UKI's, or the header of an arm64 Image",
            help: "name the kernel's Image"))
      }
      // A section's file may be in whatever a kernel's may be.
      // Of one in another, the inner one has its own, or none.
      initrd = try pe.section(".initrd").map { slice($0, ".initrd") } ?? initrd
      deviceTree =
        try pe.section(".dtb").map { range throws(Rejection) in
          try slice(range, ".dtb").bytes(.deviceTree)
        } ?? deviceTree
      commandLine =
        try pe.section(".cmdline").map { range throws(Rejection) in
          let text = String(
            decoding: try slice(range, ".cmdline").bytes(.text).prefix { $0 != 0 }, as: UTF8.self)
          return String(text.reversed().drop { $0.isNewline || $0 == " " }.reversed())
        } ?? commandLine
      image = slice(linux, ".linux")
      containers.append("UKI")
    } else {
      throw Rejection(KernelImage.notAnImage(start, file))
    }
  }

  /// A part of what has been unpacked so far.
  private func slice(_ range: Range<Int>, _ section: String? = nil) -> Contents {
    image.slice(
      Range(uncheckedBounds: (UInt64(clamping: range.lowerBound), UInt64(clamping: range.upperBound))),
      name: section.map { "\(image.name): \($0)" })
  }

  private static func decompress(
    _ packed: Contents, _ compression: Compression, _ progress: Progress?, help: String
  ) throws(Rejection) -> Contents {
    var spool = Spool(packed.name)
    do {
      try compression.decompress(packed.reader(progress), limit: maximumSize) { try spool.append($0) }
      // What follows the data is not read.
      progress?.advance(packed, by: packed.count)
    } catch let error as DecompressionError {
      throw Rejection(
        Problem(
          packed.name, "contents", found: error.found, expected: error.expected,
          help: compression.isSupported ? "the file is damaged: copy or build it again" : help))
    } catch {
      throw error as? Rejection ?? Rejection(Problem(packed.name, error: error))
    }
    return Contents([try spool.end()], name: packed.name, origin: packed)
  }
}

/// The header of an EFI zboot image (Linux drivers/firmware/efi/libstub/zboot-header.S).
private struct ZBoot {
  let payload: Range<Int>
  let compression: Compression

  /// - Returns: nil for what is none.
  init?(_ bytes: [UInt8], _ fileSize: Int, file: String) throws(Rejection) {
    guard bytes.starts(with: [0x4d, 0x5a]), bytes.count >= 64, bytes[4..<8] == [0x7a, 0x69, 0x6d, 0x67],
      let offset: UInt32 = bytes.integer(at: 8), let size: UInt32 = bytes.integer(at: 12)
    else { return nil }
    let name = String(decoding: bytes[24..<56].prefix { $0 != 0 }, as: UTF8.self)
    let (start, end) = (Int(clamping: offset), Int(clamping: offset).plus(Int(clamping: size)) ?? .max)
    guard start >= 64, size > 0, end <= fileSize else {
      throw Rejection(
        Problem(
          file, "EFI zboot header", found: "\(size) bytes at \(String(hex: UInt64(offset)))",
          expected: "a payload in the file's \(fileSize) bytes", help: "the file is cut off: copy it again"))
    }
    // zstd22 and xzkern say how, too.
    guard let compression = Compression.allCases.first(where: { name.hasPrefix($0.rawValue) }) else {
      throw Rejection(
        Problem(
          file, "EFI zboot header", found: "compression \"\(name)\"",
          expected: Compression.allCases.map(\.rawValue).joined(separator: ", "),
          help: "unpack it, and give the Image that is in it"))
    }
    payload = start..<end
    self.compression = compression
  }

  func help(_ file: String) -> String {
    "tail -c +\(payload.lowerBound &+ 1) \(file) | head -c \(payload.count) | \(compression.command) > Image"
  }
}

/// The sections of a PE file (Microsoft's PE format; a UKI's are those of the UAPI group's specification).
private struct PEFile {
  private let sections: [(name: String, range: Range<Int>)]
  private let file: String

  /// - Parameter bytes: the first of the file's.
  /// - Returns: nil for what is none.
  init?(_ bytes: [UInt8], _ fileSize: Int, file: String) throws(Rejection) {
    guard bytes.starts(with: [0x4d, 0x5a]), let header: UInt32 = bytes.integer(at: 0x3c),
      let magic: UInt32 = bytes.integer(at: Int(header)), magic == 0x4550,
      let machine: UInt16 = bytes.integer(at: Int(header) &+ 4),
      let count: UInt16 = bytes.integer(at: Int(header) &+ 6),
      let optional: UInt16 = bytes.integer(at: Int(header) &+ 20)
    else { return nil }
    guard machine == 0xaa64 else {
      let name = [0x8664: "x86-64", 0x14c: "x86", 0x5064: "riscv64", 0x6264: "loongarch64"][Int(machine)]
      throw Rejection(
        Problem(
          file, "machine", found: name.map { "a kernel for \($0)" } ?? String(hex: UInt64(machine)),
          expected: "an arm64 kernel", help: "give a kernel that was built with ARCH=arm64"))
    }
    self.file = file
    var sections: [(String, Range<Int>)] = []
    let table = Int(header) &+ 24 &+ Int(optional)
    for index in 0..<Int(count) {
      let entry = table &+ index &* 40
      guard entry &+ 40 <= bytes.count, let size: UInt32 = bytes.integer(at: entry &+ 8),
        let rawSize: UInt32 = bytes.integer(at: entry &+ 16),
        let offset: UInt32 = bytes.integer(at: entry &+ 20)
      else {
        throw Rejection(
          Problem(
            file, "PE section \(index)", found: "an end of the file", expected: "its header",
            help: "the file is cut off: copy it again"))
      }
      let name = String(decoding: bytes[entry..<entry &+ 8].prefix { $0 != 0 }, as: UTF8.self)
      // Padded to what the file is aligned to.
      let start = Int(offset)
      let end = start &+ Int(min(size == 0 ? rawSize : size, rawSize))
      guard end <= fileSize else {
        throw Rejection(
          Problem(
            file, "PE section \(name)", found: "\(end &- start) bytes at \(String(hex: UInt64(offset)))",
            expected: "them in the file's \(fileSize) bytes", help: "the file is cut off: copy it again"))
      }
      sections.append((name, start..<end))
    }
    self.sections = sections
  }

  /// nil: there is none, or it is empty.
  func section(_ name: String) throws(Rejection) -> Range<Int>? {
    let found = sections.filter { $0.name == name }
    guard found.count <= 1 else {
      throw Rejection(
        Problem(
          file, "sections", found: "\(found.count) named \(name)", expected: "one",
          help: "make the UKI again, with one of each"))
    }
    return found.first.flatMap { $0.range.isEmpty ? nil : $0.range }
  }
}
