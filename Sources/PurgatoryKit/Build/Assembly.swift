// Assembly.swift — run the toolchain over the purgatory's sources
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import ELF
import FoundationEssentials
import Subprocess
import SystemPackage

extension Toolchain {
  /// Assembles and links `source`, proves that the bytes do not depend on the base they are linked at, and seals them.
  ///
  /// - Returns: the linked ELF file, as the linker wrote it but for the seal.
  public func build(_ source: PurgatorySource) async throws(Rejection) -> [UInt8] {
    let elf = "purgatory.elf"
    let work = try WorkDirectory()
    try await assemble(source, in: work.path)
    try await linkCommand(building: source, to: elf).run(in: work.path)
    let objects = objectNames(of: source).map { work.path.appending($0).string }
    let proof = try await prove(LinkInput(objects: objects, script: source.linkerScript.string))
    guard proof.alignment <= PurgatoryInfo.loadAlignment else {
      throw Rejection(
        Problem(
          source.linkerScript.string, found: "an alignment of \(proof.alignment >> 10) KiB",
          expected: "at most 4 KiB"))
    }
    guard proof.findings.isEmpty else { throw Rejection(proof.findings.map { $0.problem(in: elf) }) }
    var bytes = try Files.read(work.path.appending(elf).string, .elf)
    let range: Range<Int>?
    do {
      let linked = try ELFFile(bytes)
      range = linked.segments.first { $0.type == .load }?.fileRange
      guard FlatImage(linked) == proof.image else {
        throw Problem(
          elf, found: "other bytes with -pie than without", expected: "the bytes that were proven")
      }
    } catch {
      throw Rejection(error as? Problem ?? Problem(elf, found: "\(error)"))
    }
    if let range { Seal.set(in: &bytes, at: range) }
    return bytes
  }
}

extension Toolchain {
  /// Assembles the sources, as many at once as there are cores.
  ///
  /// - Throws: what is wrong with the first one, in their order, that has something wrong.
  private func assemble(_ source: PurgatorySource, in directory: FilePath) async throws(Rejection) {
    let assemblies = assemblies(of: source)
    let failures = await withTaskGroup(of: (index: Int, failure: Rejection?).self) { group in
      var failures: [(index: Int, failure: Rejection)] = []
      func note(_ done: (index: Int, failure: Rejection?)?) {
        if let done, let failure = done.failure { failures.append((done.index, failure)) }
      }
      let atOnce = max(ProcessInfo.processInfo.activeProcessorCount, 1)
      for (index, commands) in assemblies.enumerated() {
        if index >= atOnce { note(await group.next()) }
        // What comes after a failure is not begun; what came before it is waited for.
        guard failures.isEmpty else { break }
        group.addTask {
          do throws(Rejection) {
            for command in commands { try await command.run(in: directory) }
            return (index, nil)
          } catch {
            return (index, error)
          }
        }
      }
      for await done in group { note(done) }
      return failures
    }
    if let first = failures.min(by: { $0.index < $1.index }) { throw first.failure }
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
