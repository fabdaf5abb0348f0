// EmulatorRun.swift — start QEMU, and watch its console
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import Subprocess
import SystemPackage

extension Emulator {
  /// How a run came to its end.
  package enum Ending: Equatable, Sendable {
    /// The text that was waited for appeared.
    case expected
    /// The guest powered off or reset.
    case guest
    case timeout
  }

  /// Runs the machine.
  ///
  /// - Parameters:
  ///   - expected: end the run when the console shows this.
  ///   - timeout: end it after so long; nil: never.
  ///   - output: gets the console as it comes; if it throws, the run ends with that.
  package func run(
    expecting expected: String?, timeout: Duration?, output: @Sendable @escaping ([UInt8]) throws -> Void
  ) async throws(Rejection) -> Ending {
    do {
      return try await withThrowingTaskGroup(of: Ending.self) { group in
        group.addTask { try await Self.watch(arguments, expecting: expected, output: output) }
        if let timeout {
          group.addTask {
            try await Task.sleep(for: timeout)
            return .timeout
          }
        }
        defer { group.cancelAll() }  // which ends QEMU
        return try await group.next() ?? .guest
      }
    } catch let rejection as Rejection {
      throw rejection
    } catch let error as SubprocessError where error.code == .executableNotFound {
      throw Rejection(
        Problem(
          Self.program, found: "not found", expected: "QEMU in PATH",
          help: "apt-get install qemu-system-arm"))
    } catch {
      throw Rejection(
        Problem(Self.program, found: "cannot be run: \(error)", help: "apt-get install qemu-system-arm"))
    }
  }

  private static func watch(
    _ arguments: [String], expecting expected: String?, output: @Sendable ([UInt8]) throws -> Void
  ) async throws -> Ending {
    let keyboard = try Keyboard()
    let terminal = Leftovers.add(.terminal(keyboard))
    defer {
      keyboard.close()
      Leftovers.remove(terminal)
    }
    keyboard.listen()
    let start = Leftovers.starts()
    let result = try await Subprocess.run(
      .name(program), arguments: Arguments(arguments),
      input: .fileDescriptor(keyboard.end, closeAfterSpawningProcess: true), output: .sequence,
      error: .string(limit: 1 << 20)
    ) { execution in
      // QEMU does not notice that nobody reads its console any more.
      let child = start.add(.process(execution.processIdentifier.value))
      defer { Leftovers.remove(child) }
      let pattern = Array((expected ?? "").utf8)
      var tail: [UInt8] = []
      for try await chunk in execution.standardOutput {
        let bytes = chunk.withUnsafeBytes { Array($0) }
        try output(bytes)
        guard !pattern.isEmpty else { continue }
        tail += bytes
        if tail.contains(pattern) {
          try execution.send(signal: .kill)
          return Ending.expected
        }
        tail.removeFirst(max(tail.count - pattern.count, 0))
      }
      return .guest
    }
    if result.closureResult == .guest, !result.terminationStatus.isSuccess {
      throw Rejection(
        [
          Problem(
            program, found: "failed: \(result.terminationStatus.words)", help: "mend what it says above")
        ],
        transcript: result.standardError)
    }
    return result.closureResult
  }
}
