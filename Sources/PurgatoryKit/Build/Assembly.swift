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
  /// - Throws: `Rejection` for what does not assemble or link, with what the tool said in `Rejection.transcript`, and for bytes
  ///   that depend on their base.
  public func build(_ source: PurgatorySource) async throws(Rejection) -> [UInt8] {
    let elf = "purgatory.elf"
    let work = try WorkDirectory()
    try await assemble(source, in: work.path)
    let (folder, link) = (work.path, linkCommand(building: source, to: elf))
    let objects = objectNames(of: source).map { folder.appending($0).string }
    let input = LinkInput(objects: objects, script: source.linkerScript.string)
    // The proof does without what it proves, until the bytes are compared.
    async let linking: Void = link.run(in: folder)
    async let proving = prove(input)
    let proof: LinkProof
    do {
      try await linking
      proof = try await proving
    } catch {
      throw error as? Rejection
        ?? Rejection(Problem(elf, found: "\(error)", help: "see the commands with -v"))
    }
    guard proof.alignment <= PurgatoryInfo.loadAlignment else {
      throw Rejection(
        Problem(
          source.linkerScript.string, found: "an alignment of \(proof.alignment >> 10) KiB",
          expected: "at most 4 KiB", help: "lower the alignment of its sections"))
    }
    guard proof.findings.isEmpty else { throw Rejection(proof.findings.map { $0.problem(in: elf) }) }
    var bytes = try Files.read(work.path.appending(elf).string, .elf)
    let range: Range<Int>?
    do {
      let linked = try ELFFile(bytes)
      range = linked.segments.first { $0.type == .load }?.fileRange
      guard FlatImage(linked).isSame(as: proof.image) else {
        throw Problem(
          elf, found: "other bytes with -pie than without", expected: "the bytes that were proven",
          help: "see the commands with -v, and link without -pie to compare")
      }
    } catch {
      throw Rejection(error as? Problem ?? Problem(elf, found: "\(error)", help: "see the commands with -v"))
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
    let results = await atOnce(assemblies.count) { index in
      do throws(Rejection) {
        for command in assemblies[index] { try await command.run(in: directory) }
        return .success(())
      } catch {
        return .failure(error)
      }
    }
    for result in results { try result.get() }
  }
}

/// The results of `work`, for 0 up to `count`, in that order. As many are at work at once as there are cores; after a failure
/// nothing is begun, but what was begun before it is waited for.
func atOnce<Value: Sendable>(
  _ count: Int, _ work: @Sendable @escaping (Int) async -> Result<Value, Rejection>
) async -> [Result<Value, Rejection>] {
  await withTaskGroup(of: (index: Int, result: Result<Value, Rejection>).self) { group in
    var results: [Int: Result<Value, Rejection>] = [:]
    var hasFailed = false
    func note(_ done: (index: Int, result: Result<Value, Rejection>)?) {
      guard let done else { return }
      results[done.index] = done.result
      if case .failure = done.result { hasFailed = true }
    }
    let atOnce = max(ProcessInfo.processInfo.activeProcessorCount, 1)
    for index in 0..<count {
      if index >= atOnce { note(await group.next()) }
      guard !hasFailed else { break }
      group.addTask { (index, await work(index)) }
    }
    for await done in group { note(done) }
    return results.sorted { $0.key < $1.key }.map(\.value)
  }
}

extension Toolchain.Command {
  /// Of what a tool says, no more is kept.
  private static let saidLimit = 1 << 20

  /// What else there is may ask a tool for other bytes, or for files of its own. Their temporary files go with ours.
  private static func environment(in directory: FilePath) -> Environment {
    let inherited = ProcessInfo.processInfo.environment
    var kept: [Environment.Key: String] = ["TMPDIR": directory.string]
    for name in ["PATH", "HOME", "LD_LIBRARY_PATH"] as [Environment.Key] {
      kept[name] = inherited[name.rawValue]
    }
    return .custom(kept)
  }

  package func run(in directory: FilePath) async throws(Rejection) {
    // A group of its own: what it starts is ended with it.
    var options = PlatformOptions()
    options.processGroupID = 0
    let status: TerminationStatus
    let output: String
    let start = Leftovers.starts()
    do {
      let result = try await Subprocess.run(
        .path(program), arguments: Arguments(arguments),
        environment: Self.environment(in: directory), workingDirectory: directory,
        platformOptions: options, input: .none, output: .discarded, error: .sequence
      ) { execution in
        let group = start.add(.processGroup(execution.processIdentifier.value))
        defer { Leftovers.remove(group) }
        var said: [UInt8] = []
        for try await chunk in execution.standardError {
          said += chunk.withUnsafeBytes { $0.prefix(max(Self.saidLimit - said.count, 0)) }
        }
        return said
      }
      status = result.terminationStatus
      output = String(decoding: result.closureResult, as: UTF8.self)
    } catch {
      throw Rejection(Problem(program.string, found: "cannot be run: \(error)", help: "ls -l \(program)"))
    }
    guard status.isSuccess else {
      throw Rejection(
        [
          Problem(
            purpose, found: "\(program.lastComponent?.string ?? "") failed: \(status.words)",
            help: "mend what it says above; -v shows its command line")
        ],
        transcript: output)
    }
    // The last of its arguments is what it makes. A FIFO there would be waited for.
    let made = directory.appending(arguments.last ?? "").string
    guard
      let type = (try? FileManager.default.attributesOfItem(atPath: made))?[.type] as? FileAttributeType,
      type == .typeRegular
    else {
      throw Rejection(
        Problem(
          purpose, found: "\(program.lastComponent?.string ?? ""): \(status.words), and no file",
          expected: "\(arguments.last ?? "")", help: "see its command line with -v"))
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
