// FileKind.swift — what a file is by its first bytes, where it is nothing that can be judged
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic

/// Formats that people take for ELF files or flat blobs.
enum FileKind: CaseIterable {
  case arm64Image, riscvImage, portableExecutable, bitcode, thinArchive, machO, gzip, xz, zstandard,
    deviceTree

  /// The first bytes of a file, in which all that is told apart has its mark.
  static let size = 4096

  /// nil: another one.
  init?(_ bytes: [UInt8]) {
    guard let kind = Self.allCases.first(where: { $0.matches(bytes) }) else { return nil }
    self = kind
  }

  private func matches(_ bytes: [UInt8]) -> Bool {
    magics.contains { offset, magic in bytes.dropFirst(offset).starts(with: magic) }
  }

  private var magics: [(offset: Int, bytes: [UInt8])] {
    switch self {
    case .arm64Image: [(0x38, Array("ARM\u{64}".utf8))]
    case .riscvImage: [(0x38, Array("RSC\u{5}".utf8))]
    case .portableExecutable: [(0, Array("MZ".utf8))]
    case .bitcode: [(0, [0x42, 0x43, 0xc0, 0xde]), (0, [0xde, 0xc0, 0x17, 0x0b])]
    case .thinArchive: [(0, Array("!<thin>\n".utf8))]
    case .machO: [(0, [0xcf, 0xfa, 0xed, 0xfe]), (0, [0xca, 0xfe, 0xba, 0xbe])]
    case .gzip: [(0, [0x1f, 0x8b])]
    case .xz: [(0, [0xfd] + Array("7zXZ".utf8))]
    case .zstandard: [(0, [0x28, 0xb5, 0x2f, 0xfd])]
    case .deviceTree: [(0, [0xd0, 0x0d, 0xfe, 0xed])]
    }
  }

  var name: String {
    switch self {
    case .arm64Image: "an arm64 Image"
    case .riscvImage: "a RISC-V Image"
    case .portableExecutable: "a PE file"
    case .bitcode: "LLVM bitcode, which a link compiles"
    case .thinArchive: "a thin archive, which has names and no members"
    case .machO: "a Mach-O file"
    case .gzip: "gzip's"
    case .xz: "xz's"
    case .zstandard: "zstd's"
    case .deviceTree: "a device tree"
    }
  }

  /// Whether it is flat code, of which an ELF file may tell more.
  var isFlatCode: Bool { self == .arm64Image || self == .riscvImage }

  /// What can be judged instead, of the file at `path`.
  func help(_ path: String) -> String {
    switch self {
    case .arm64Image, .riscvImage, .portableExecutable: FileKind.helpOfFlat(path)
    case .bitcode: "compile it without -flto, or check what is linked"
    case .thinArchive: "check the objects that it names: ar t \(path)"
    case .machO: "build for an ELF target"
    case .gzip, .xz, .zstandard: "unpack it first"
    case .deviceTree: "purgatory build judges device trees; check takes what is run"
    }
  }

  static func helpOfFlat(_ path: String) -> String {
    "judge a flat file with its ELF file: purgatory check --profile pie --flat \(path) --elf FILE.elf"
  }
}
