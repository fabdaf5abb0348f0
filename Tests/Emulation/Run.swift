// Run.swift — what became of a run: registers, accesses, and how it ended
// SPDX-License-Identifier: MIT

public struct Run: Sendable {
  public enum End: Equatable, Sendable {
    /// It went to the return address it had been given.
    case returned
    /// It executed as many instructions as it was allowed to.
    case limit
    /// It stopped by itself, as with `hlt`.
    case halted
    /// What libunicorn says, and the access if it is one that nothing is mapped for.
    case fault(String, Access?)
  }

  public var end: End
  /// By the names that `Processor` has for them.
  public var registers: [String: UInt64]
  /// The return address, or the last instruction begun, or with `limit` the one that would be next.
  public var pc: UInt64
  /// How many were executed, one that faulted included.
  public var instructions: Int
  /// Reads and writes of data, in their order; one that faulted included.
  public var accesses: [Access]

  public var reads: [Access] { accesses.filter { $0.kind == .read } }
  public var writes: [Access] { accesses.filter { $0.kind == .write } }

  /// nil also if the processor has no such register.
  public subscript(register: String) -> UInt64? { registers[register] }
}

public struct Access: Hashable, Sendable {
  public enum Kind: Sendable { case read, write, fetch }

  public var kind: Kind
  public var address: UInt64
  public var size: Int

  public init(_ kind: Kind, _ address: UInt64, _ size: Int) {
    self.kind = kind
    self.address = address
    self.size = size
  }
}

/// What libunicorn refused, and why.
public struct EmulationError: Error, CustomStringConvertible {
  public let description: String
}
