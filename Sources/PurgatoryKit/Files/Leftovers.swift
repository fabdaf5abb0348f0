// Leftovers.swift — what would be left behind if a signal ended the program now
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import FoundationEssentials
import Synchronization
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Temporary files and folders, children that outlive their parent, and a terminal that is not as it was. Whoever makes one
/// adds it and removes it again; whoever ends the program early clears them all away.
package enum Leftovers {
  enum Leftover {
    /// A file, or a folder with all it holds.
    case path(FilePath)
    case process(pid_t)
    case terminal(Keyboard)

    func clear() {
      switch self {
      case .path(let path): try? FileManager.default.removeItem(atPath: path.string)
      case .process(let id): kill(id, SIGKILL)
      case .terminal(let keyboard): keyboard.restore()
      }
    }
  }

  private static let all = Mutex<[UInt64: Leftover]>([:])
  private static let numbers = Atomic<UInt64>(0)

  /// - Returns: what `remove` takes.
  static func add(_ leftover: Leftover) -> UInt64 {
    let number = numbers.wrappingAdd(1, ordering: .relaxed).newValue
    all.withLock { $0[number] = leftover }
    return number
  }

  static func remove(_ number: UInt64) {
    all.withLock { $0[number] = nil }
  }

  /// Clears all away, then does what must come last: nobody can leave anything behind in between.
  package static func clear(andThen end: () -> Never) -> Never {
    all.withLock { leftovers in
      // Children first: one may still write into a folder.
      for case .process(let id) in leftovers.values { Leftover.process(id).clear() }
      for leftover in leftovers.values { leftover.clear() }
      return end()
    }
  }
}
