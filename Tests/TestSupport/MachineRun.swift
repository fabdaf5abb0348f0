// MachineRun.swift — runs a Machine in QEMU
// SPDX-License-Identifier: MIT

import Subprocess
import SystemPackage

extension Machine {
  /// Runs the machine until its guest ends or `stop` comes true; throws `Failure` for any other end.
  public func run() async throws -> Run {
    // A mutant's waits, as often as not: what runs at a time is for who makes it to say.
    if Mutant.current != nil { return try await runNow() }
    return try await QEMU.slots.run { try await runNow() }
  }

  private func runNow() async throws -> Run {
    if Hangs.areTooMany { throw Failure.notStarted }
    return try await withTemporaryDirectory { folder in
      let arguments = try arguments(in: folder)
      let memory = GuestMemory(file: FilePath(ram(in: folder)), base: Self.ramBase)
      let console = Console(stop: stop)
      let process = EmulatorProcess()
      // The guard throws, which cancels the other task, which kills QEMU.
      return try await withThrowingTaskGroup(of: Run.self) { group in
        group.addTask { try await emulate(arguments, console, memory, process) }
        group.addTask {
          if Mutant.current != nil {
            try await Mutant.untilIdle(process)
          } else {
            try await Task.sleep(for: hangGuard)
            if hangGuard >= Self.defaultHangGuard { Hangs.add() }
          }
          throw Failure.hung(console: console.text)
        }
        defer { group.cancelAll() }
        return try await group.next()!
      }
    }
  }

  private func ram(in folder: String) -> String { "\(folder)/ram" }

  private func arguments(in folder: String) throws -> [String] {
    var type = type
    var result: [String] = []
    if sharesMemory {
      type += ",memory-backend=m"
      result += ["-object", "memory-backend-file,id=m,size=\(memory),mem-path=\(ram(in: folder)),share=on"]
    }
    result += ["-machine", type, "-cpu", cpu, "-m", memory, "-nographic", "-nic", "none"]
    for (index, load) in loads.enumerated() where !load.bytes.isEmpty {
      let file = "\(folder)/\(index)"
      try write(load.bytes, to: file)
      result += ["-device", "loader,file=\(file),addr=\(load.address),force-raw=on"]
    }
    // At 0 a core starts by itself, and QEMU takes no such option.
    if isBareMetal, start != 0 { result += ["-device", "loader,addr=\(start),cpu-num=0"] }
    if !restarts { result.append("-no-reboot") }
    return result + self.arguments
  }

  private func emulate(
    _ arguments: [String], _ console: Console, _ memory: GuestMemory, _ process: EmulatorProcess
  ) async throws -> Run {
    let command =
      Mutant.current != nil ? ["prlimit", "--cpu=\(Mutant.cpuSeconds)", QEMU.command] : [QEMU.command]
    let result = try await Subprocess.run(
      .name(command[0]), arguments: Arguments(command.dropFirst() + arguments), input: .inputWriter,
      output: .sequence,
      error: .string(limit: 1 << 20)
    ) { execution in
      process.id.withLock { $0 = execution.processIdentifier.value }
      var due = replies[...]
      var searched = 0
      for try await chunk in execution.standardOutput {
        let stopped = chunk.withUnsafeBytes { console.append($0) }
        if stopped || console.count > consoleLimit {
          try execution.send(signal: .kill)
          return stopped ? Run.Ending.stopped : nil
        }
        while let reply = due.first, console.contains(reply.text, from: &searched) {
          try await Task.sleep(for: .seconds(1))
          try reply.action?(memory)
          _ = try await execution.standardInputWriter.write(reply.keys)
          due.removeFirst()
        }
      }
      return .guest
    }
    try Task.checkCancellation()
    guard let ending = result.closureResult else {
      throw Failure.hung(console: console.text)
    }
    if ending == .stopped {
      return Run(console: console.text, ending: ending)
    }
    guard result.terminationStatus == .exited(0) else {
      throw Failure.emulator(
        status: "\(result.terminationStatus)", messages: result.standardError, console: console.text)
    }
    if let stop {
      throw Failure.endedEarly(awaited: stop.text, console: console.text)
    }
    return Run(console: console.text, ending: ending)
  }
}
