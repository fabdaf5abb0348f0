// Sources.swift — purgatories to build: the real one, and a small one whose bytes change only with the ABI
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport

enum Source {
  /// The purgatory of this checkout.
  static let real = "\(packageFolder)/purgatory"

  /// Copies the real purgatory into `folder` as `name`.
  static func copyReal(into folder: Folder, as name: String) throws {
    try FileManager.default.copyItem(atPath: real, toPath: "\(folder.path)/\(name)")
  }

  /// Makes a purgatory of the real header, linker script and ABI, and one instruction. Its scratch is a page of its
  /// own, so that it takes 0x2000 bytes of memory, however the linker script aligns.
  static func makeSmall(in folder: Folder, as name: String = "small") throws {
    try folder.makeFolder(name)
    for part in ["include", "header.S", "purgatory.lds"] {
      try FileManager.default.copyItem(atPath: "\(real)/\(part)", toPath: "\(folder.path)/\(name)/\(part)")
    }
    try folder.write(
      """
          .text
          .global purgatory_entry
      purgatory_entry:
          b       .
          .section .scratch, "aw", %nobits
          .balign 0x1000
          .skip   0x1000

      """, to: "\(name)/entry.S")
  }
}

/// Purgatories with nothing filled in, built once by the command under test.
struct Built: Sendable {
  let small: [UInt8]
  let smallELF: [UInt8]
  let real: [UInt8]
  let realELF: [UInt8]

  static func get() async throws -> Built { try await task.value }

  private static let task = Task {
    let folder = try Folder()
    try Source.makeSmall(in: folder)
    for format in ["bin", "elf"] {
      try await folder.done(["build", "--source", "small", "--format", format, "-o", "small.\(format)"])
      try await folder.done(["build", "--source", Source.real, "--format", format, "-o", "real.\(format)"])
    }
    return Built(
      small: try folder.read("small.bin"), smallELF: try folder.read("small.elf"),
      real: try folder.read("real.bin"), realELF: try folder.read("real.elf"))
  }
}
