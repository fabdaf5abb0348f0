// Assembly.swift — run the toolchain over the purgatory's sources
// SPDX-License-Identifier: MIT

import FoundationEssentials
import Subprocess
import SystemPackage

extension Toolchain {
  /// Assembles and links `source`.
  ///
  /// - Returns: the linked ELF file, as the linker wrote it; nothing about it has been checked.
  public func build(_ source: PurgatorySource) async throws(Rejection) -> [UInt8] {
    let elf = "purgatory.elf"
    let work = FilePath(
      FileManager.default.temporaryDirectory.appending(path: "purgatory-\(UUID().uuidString)").path)
    do {
      try FileManager.default.createDirectory(atPath: work.string, withIntermediateDirectories: true)
    } catch {
      throw Rejection(Problem(work.string, found: "cannot be created: \(error)"))
    }
    defer { try? FileManager.default.removeItem(atPath: work.string) }
    for command in commands(building: source, to: elf) {
      try await command.run(in: work)
    }
    return try Files.read(work.appending(elf).string)
  }
}

extension Toolchain.Command {
  func run(in directory: FilePath) async throws(Rejection) {
    let status: TerminationStatus
    let output: String?
    do {
      let result = try await Subprocess.run(
        .path(program), arguments: Arguments(arguments), workingDirectory: directory, output: .discarded,
        error: .string(limit: 1 << 20))
      status = result.terminationStatus
      output = result.standardError
    } catch {
      throw Rejection(Problem(program.string, found: "cannot be run: \(error)"))
    }
    guard status.isSuccess else {
      throw Rejection(
        [Problem(purpose, found: "\(program.lastComponent?.string ?? "") failed (\(status))")],
        transcript: output)
    }
  }
}
