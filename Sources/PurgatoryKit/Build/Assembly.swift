// Assembly.swift — run the toolchain over the purgatory's sources
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import Subprocess
import SystemPackage

extension Toolchain {
  /// Assembles and links `source`, and proves that the bytes do not depend on the base they are linked at.
  ///
  /// - Returns: the linked ELF file, as the linker wrote it.
  public func build(_ source: PurgatorySource) async throws(Rejection) -> [UInt8] {
    let elf = "purgatory.elf"
    let work = try WorkDirectory()
    for command in commands(building: source, to: elf) {
      try await command.run(in: work.path)
    }
    let objects = objectNames(of: source).map { work.path.appending($0).string }
    let differences = try await prove(LinkInput(objects: objects, script: source.linkerScript.string))
    guard differences.isEmpty else { throw Rejection(differences.map { $0.problem(in: elf) }) }
    return try Files.read(work.path.appending(elf).string, .elf)
  }
}

extension Toolchain.Command {
  package func run(in directory: FilePath) async throws(Rejection) {
    let status: TerminationStatus
    let output: String?
    do {
      let result = try await Subprocess.run(
        .path(program), arguments: Arguments(arguments),
        // Their own temporary files go with ours.
        environment: .inherit.updating(["TMPDIR": directory.string]), workingDirectory: directory,
        output: .discarded, error: .string(limit: 1 << 20))
      status = result.terminationStatus
      output = result.standardError
    } catch {
      throw Rejection(Problem(program.string, found: "cannot be run: \(error)"))
    }
    guard status.isSuccess else {
      throw Rejection(
        [Problem(purpose, found: "\(program.lastComponent?.string ?? "") failed: \(status.words)")],
        transcript: output)
    }
  }
}

extension TerminationStatus {
  var words: String {
    switch self {
    case .exited(let code): "exit status \(code)"
    case .signaled(let signal): "signal \(signal)"
    }
  }
}
