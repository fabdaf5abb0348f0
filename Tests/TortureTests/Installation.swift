// Installation.swift — the command as it is installed, with a purgatory that is built: it runs no other programs then
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport

@testable import CommandTests

/// Made once, and beside it what all tests start with: inputs, and outputs of an older run.
struct Installation: Sendable {
  let command: String
  private let folder: Folder
  private let start: Folder

  static func get() async throws -> Installation { try await task.value }

  private static let task = Task {
    let folder = try Folder()
    for name in ["bin", "share/purgatory"] { try folder.makeFolder(name) }
    let command = "\(folder.path)/bin/purgatory"
    try FileManager.default.copyItem(atPath: try Command.purgatory.get(), toPath: command)
    try folder.write(try await Built.get().realELF, to: "share/purgatory/purgatory.elf")
    try FileManager.default.copyItem(
      atPath: "\(Source.real)/purgatory.lds", toPath: "\(folder.path)/share/purgatory/purgatory.lds")
    let start = try Folder()
    try start.write(Input.image(), to: "Image")
    try start.write(Input.initrd(), to: "initrd")
    for arguments in WritingCommand.older {
      let outcome = try await Command.run(command, arguments, in: start.path)
      guard outcome.status == .exited(0) else {
        throw ToolFailure(description: "\(arguments): \(outcome.status): \(outcome.error)")
      }
    }
    // A program that carries a purgatory which is not of this project, by its symbols.
    var old = try start.read("old.ro")
    let ours = Array("purgatory_info".utf8)
    if let name = old.firstRange(of: ours) { old.replaceSubrange(name, with: ours.map { $0 ^ 0x20 }) }
    let host = try await Built.get().realELF
    try start.write(host + [UInt8](repeating: 0, count: 16 - host.count % 16) + old, to: "kexec")
    try FileManager.default.removeItem(atPath: "\(start.path)/old.ro")
    for name in try start.snapshot().keys where name.contains(".") {
      try start.setMode(0o640, of: name)
      // Another user's, if that can be made.
      if getuid() == 0 { chown("\(start.path)/\(name)", 65534, 65533) }
    }
    return Installation(command: command, folder: folder, start: start)
  }

  /// A new folder of that.
  func newFolder() throws -> Folder {
    let new = try Folder()
    for name in try FileManager.default.contentsOfDirectory(atPath: start.path) where name != "tmp" {
      try FileManager.default.copyItem(atPath: "\(start.path)/\(name)", toPath: "\(new.path)/\(name)")
    }
    return new
  }
}
