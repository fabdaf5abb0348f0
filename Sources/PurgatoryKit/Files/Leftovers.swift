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
    /// A folder, unless something is in it.
    case emptyFolder(FilePath)
    case process(pid_t)
    /// And what it has started.
    case processGroup(pid_t)
    case terminal(Keyboard)

    var isProcess: Bool {
      switch self {
      case .process, .processGroup: true
      case .path, .emptyFolder, .terminal: false
      }
    }

    func clear() {
      switch self {
      case .path(let path): try? FileManager.default.removeItem(atPath: path.string)
      case .emptyFolder(let path): rmdir(path.string)
      case .process(let id): kill(id, SIGKILL)
      case .processGroup(let id): kill(-id, SIGKILL)
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

  private static let ending = Mutex<Void>(())

  /// Does what must not be done by half, such as to make a temporary file: whoever ends the program waits for it, and once
  /// he has begun, it is not begun any more.
  static func withoutEnding<Result: ~Copyable, Failure>(
    _ body: () throws(Failure) -> sending Result
  ) throws(Failure) -> sending Result {
    try ending.withLock { _ throws(Failure) in try body() }
  }

  /// Children that are started, and not added yet.
  private static let starting = Atomic<Int>(0)

  /// Says that a child is started, which whoever ends the program waits for. Once he has begun, none is started any more.
  static func starts() -> Start {
    _ = withoutEnding { starting.add(1, ordering: .sequentiallyConsistent) }
    return Start()
  }

  /// Lasts until the child is added, or could not be started.
  final class Start: Sendable {
    private let isOver = Atomic(false)

    /// - Returns: what `remove` takes.
    func add(_ leftover: Leftover) -> UInt64 {
      defer { end() }
      return Leftovers.add(leftover)
    }

    private func end() {
      guard !isOver.exchange(true, ordering: .sequentiallyConsistent) else { return }
      starting.subtract(1, ordering: .sequentiallyConsistent)
    }

    deinit { end() }
  }

  /// Clears all away, then does what must come last: nobody can leave anything behind in between.
  package static func clear(andThen end: () -> Never) -> Never {
    ending.withLock { _ in
      while starting.load(ordering: .sequentiallyConsistent) > 0 { usleep(1000) }
      all.withLock { leftovers in
        // Children first: one may still write into a folder.
        for leftover in leftovers.values where leftover.isProcess { leftover.clear() }
        // What was made last is in what was made before.
        for (_, leftover) in leftovers.sorted(by: { $0.key > $1.key }) { leftover.clear() }
        return end()
      }
    }
  }
}
