// Recipe.swift — an ELF file to be made: assembly, a linker script, and how the tools are called over them
// SPDX-License-Identifier: MIT

import PurgatoryKit
import TestSupport

struct Recipe: Sendable {
  var source: String
  /// nil: the linker's own.
  var script: String? = Recipe.plainScript
  var options = ["-pie", "--no-dynamic-linker"]
  var target = "aarch64-none-elf"
  /// Whether it is linked.
  var isLinked = true

  /// Code and data, and nothing that a script would have to say of a dynamic loader's tables.
  static let plainScript = """
    SECTIONS
    {
      . = 0x10000;
      .text : { *(.text) }
      .data : { *(.data) }
    }

    """

  /// Makes the file `name` in `folder`; its bytes.
  @discardableResult
  func make(_ tools: Toolchain.Kind = .llvm, in folder: Folder, as name: String) async throws -> [UInt8] {
    let object = isLinked ? "\(name).o" : name
    try folder.write(source + "\n", to: "\(name).s")
    switch tools {
    case .llvm:
      try await Command.tool(
        "clang", ["--target=\(target)", "-c", "\(name).s", "-o", object], in: folder.path)
    case .gnu:
      try await Command.tool("aarch64-linux-gnu-as", ["\(name).s", "-o", object], in: folder.path)
    }
    if isLinked { try await Self.link([object], script, options, tools, in: folder, as: name) }
    return try folder.read(name)
  }

  /// Links objects of `folder`.
  static func link(
    _ objects: [String], _ script: String?, _ options: [String], _ tools: Toolchain.Kind, in folder: Folder,
    as name: String
  ) async throws {
    var arguments = options + ["-z", "max-page-size=4096"]
    if let script {
      try folder.write(script, to: "\(name).lds")
      arguments += ["-T", "\(name).lds"]
    }
    // GNU ld warns of any segment that is writable and executable.
    if tools == .gnu { arguments.append("--no-warn-rwx-segments") }
    let linker = tools == .llvm ? "ld.lld" : "aarch64-linux-gnu-ld"
    try await Command.tool(linker, arguments + objects + ["-o", name], in: folder.path)
  }
}
