// Keyboard.swift — what is typed goes to the guest, as it is typed
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import Dispatch
import Synchronization
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Standard input on its way to a program. That does not get our own: it would make a terminal that others use, too, not
/// wait for who reads, and leave it so when it is killed.
final class Keyboard: Sendable {
  /// Where the program reads.
  let end: FileDescriptor
  private let source: FileDescriptor
  private let target: FileDescriptor
  /// What the terminal was; nil: it is none, or not ours.
  private let before: termios?
  private let isOver = Atomic<Bool>(false)

  /// Milliseconds until somebody notices that nobody listens any more.
  private static let patience: CInt = 100

  init(_ source: FileDescriptor = .standardInput) throws {
    self.source = source
    (end, target) = try FileDescriptor.pipe()
    // The program must not keep this end open itself, or it never sees the other one closed.
    _ = fcntl(target.rawValue, F_SETFD, FD_CLOEXEC)
    var state = termios()
    // Who is in the background would be stopped.
    let isOurs =
      isatty(source.rawValue) != 0 && tcgetpgrp(source.rawValue) == getpgrp()
      && tcgetattr(source.rawValue, &state) == 0
      // Another that reads from it will restore it.
      && state.c_lflag & tcflag_t(ICANON) != 0
    before = isOurs ? state : nil
  }

  /// Passes on what comes, until it ends or nobody listens; of a terminal as it is typed. Whoever calls this restores it.
  func listen() {
    if var state = before {
      state.c_iflag &= ~tcflag_t(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON)
      // Control-C is for the guest's shell.
      state.c_lflag &= ~tcflag_t(ECHO | ECHONL | ICANON | IEXTEN | ISIG)
      tcsetattr(source.rawValue, TCSANOW, &state)
    }
    DispatchQueue.global().async { [self] in
      defer { try? target.close() }
      while !isOver.load(ordering: .relaxed) {
        var state = pollfd(fd: source.rawValue, events: Int16(POLLIN), revents: 0)
        let result = poll(&state, 1, Self.patience)
        if result == 0 || (result < 0 && errno == EINTR) { continue }
        // In the background, what is typed is not for us, and reading it would be an error.
        if before != nil, tcgetpgrp(source.rawValue) != getpgrp() {
          usleep(100_000)
          continue
        }
        var bytes = [UInt8](repeating: 0, count: 4096)
        guard result > 0,
          let count = try? bytes.withUnsafeMutableBytes({ try source.read(into: $0) }), count > 0,
          (try? target.writeAll(bytes[..<count])) != nil
        else { return }
      }
    }
  }

  /// Nobody listens any more.
  func close() {
    isOver.store(true, ordering: .relaxed)
    restore()
  }

  func restore() {
    guard var before else { return }
    // From the background, where it would stop the process.
    var (stop, old) = (sigset_t(), sigset_t())
    sigemptyset(&stop)
    sigaddset(&stop, SIGTTOU)
    pthread_sigmask(SIG_BLOCK, &stop, &old)
    tcsetattr(source.rawValue, TCSANOW, &before)
    pthread_sigmask(SIG_SETMASK, &old, nil)
  }
}
