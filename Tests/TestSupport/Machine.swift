// Machine.swift — an emulated AArch64 machine, and what is in its memory when it starts
// SPDX-License-Identifier: MIT

/// A run of QEMU to be: bare metal, without firmware and kernel loader unless `arguments` name them.
///
/// On `virt`, RAM starts at 0x40000000, where QEMU puts its own device tree: load nothing there.
public struct Machine: Sendable {
  /// Bytes that are in memory before the first instruction.
  public struct Load: Sendable {
    public var address: UInt64
    public var bytes: [UInt8]
    public init(at address: UInt64, _ bytes: [UInt8]) {
      self.address = address
      self.bytes = bytes
    }
    /// The address of the first byte behind.
    public var end: UInt64 { address + UInt64(bytes.count) }
  }

  /// What ends a run whose guest does not: the text has appeared on the console so many times.
  public struct Stop: Sendable {
    public var text: String
    public var occurrences: Int
    public init(after text: String, occurrences: Int = 1) {
      self.text = text
      self.occurrences = occurrences
    }
  }

  /// What is done once a text has appeared on the console, and the guest has had a moment to settle.
  public struct Reply: Sendable {
    public var text: String
    /// What is typed.
    public var keys: String
    /// What is done to the guest's memory before; the machine has to share it.
    public var action: (@Sendable (GuestMemory) throws -> Void)?
    public init(to text: String, keys: String, after action: (@Sendable (GuestMemory) throws -> Void)? = nil)
    {
      self.text = text
      self.keys = keys
      self.action = action
    }
    /// QEMU's escape for a break on the serial line, and the key that makes Linux crash.
    public static let breakAndC = "\u{1}bc"
  }

  /// Where the RAM of `virt` starts.
  public static let ramBase: UInt64 = 0x4000_0000

  /// QEMU's `-machine`.
  public var type = "virt"
  public var cpu = "max"
  /// QEMU's `-m`. It is backed by host memory only where it is touched.
  public var memory = "256M"
  /// Whether replies can read and change the memory. It is a file then, as sparse as what the guest touches.
  public var sharesMemory = false
  public var loads: [Load] = []
  /// The first core's program counter.
  public var start: UInt64
  /// Whether a reset starts the machine again, as hardware would; otherwise it ends the run.
  public var restarts = false
  public var stop: Stop?
  /// Done one by one: each once its text has appeared behind that of the one before.
  public var replies: [Reply] = []
  public var arguments: [String] = []
  /// A hang guard, not a limit: no machine is so slow that a guest which is going to end needs this long.
  public var hangGuard = Self.defaultHangGuard
  public static let defaultHangGuard = Duration.seconds(600)
  /// Bytes that no guest which is going to end writes.
  public var consoleLimit = 16 << 20

  /// Whether `start` decides; otherwise QEMU's own kernel loader or firmware does.
  let isBareMetal: Bool

  public init(start: UInt64) {
    self.start = start
    isBareMetal = true
  }

  /// A machine that boots what QEMU's `arguments` name (`-kernel`, `-bios`).
  public init(booting arguments: [String]) {
    start = 0
    isBareMetal = false
    self.arguments = arguments
  }
}

extension Machine {
  /// A run that came to its end.
  public struct Run: Sendable {
    public enum Ending: Sendable {
      /// The guest powered off, or reset and `restarts` is false.
      case guest
      /// `stop` came true.
      case stopped
    }
    /// What the machine wrote to its first serial port; if it was stopped, up to the text that did it.
    public var console: String
    public var ending: Ending
  }

  /// A run that did not. Each has the console so far, which is what one wants to see first.
  public enum Failure: Error, CustomStringConvertible {
    case hung(console: String)
    case notStarted
    case endedEarly(awaited: String, console: String)
    case emulator(status: String, messages: String, console: String)

    public var description: String {
      switch self {
      case .hung(let console):
        "the guest hangs, or never stops writing; the end of the console so far:\n\(console.suffix(4000))"
      case .notStarted:
        "\(Hangs.limit) guests hung before this one: it is not given the time to hang, too"
      case .endedEarly(let awaited, let console):
        "the guest ended before \"\(awaited)\" appeared; console:\n\(console)"
      case .emulator(let status, let messages, let console):
        "QEMU ended with \(status): \(messages)\nconsole:\n\(console)"
      }
    }
  }
}
