// Signals.swift — a signal that ends the command leaves nothing behind: no child, no temporary file, no raw terminal
// SPDX-License-Identifier: MIT

import CheckedArithmetic
import PurgatoryKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The pipe between handler and thread: reading end, writing end. Set once, before the handler is.
nonisolated(unsafe) private var pipeEnds: (CInt, CInt) = (-1, -1)

enum Signals {
  /// Opens what a caller has closed of the standard descriptors, so that no file or pipe of ours takes its place: what is said
  /// would go there. Each is opened so that its use is the error that it was.
  static func occupyStandardDescriptors() {
    for (number, mode) in [(STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY)]
    where fcntl(number, F_GETFD) < 0 {
      _ = open("/dev/null", mode)
    }
  }

  /// What ends a program, unless it is caught.
  private static let ends = [
    SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM, SIGVTALRM, SIGPROF, SIGXCPU, SIGUSR1, SIGUSR2,
  ]

  /// Makes each of `ends` clear away what is left before it ends the program; one that whoever started it had
  /// ignored stays ignored. A handler may do next to nothing, so it only wakes a thread, which may take locks and remove
  /// files.
  static func watch() {
    // A closed pipe is an error of the write, which knows what to do about it.
    signal(SIGPIPE, SIG_IGN)
    // So is a file that may not grow any more.
    signal(SIGXFSZ, SIG_IGN)
    var ends: [CInt] = [-1, -1]
    guard pipe(&ends) == 0 else { return }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    pipeEnds = (ends[0], ends[1])
    var thread = pthread_t()
    let result = pthread_create(
      &thread, nil,
      { _ in
        var number: UInt8 = 0
        while read(pipeEnds.0, &number, 1) != 1 {}
        Signals.end(by: CInt(number))
      }, nil)
    guard result == 0 else { return }
    for number in Self.ends where !isIgnored(number) {
      var action = sigaction()
      action.sa_flags = SA_RESTART
      action.__sigaction_handler.sa_handler = { number in
        let old = errno
        var number = UInt8(truncatingIfNeeded: number)
        _ = write(pipeEnds.1, &number, 1)
        errno = old
      }
      sigaction(number, &action, nil)
    }
  }

  private static func isIgnored(_ number: CInt) -> Bool {
    var action = sigaction()
    // SIG_IGN is a cast of 1, which Swift does not import as a value to compare with.
    return sigaction(number, nil, &action) == 0
      && unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
  }

  /// Ends as if nobody had watched, for the parent to see.
  static func end(by number: CInt) -> Never {
    ProgressLines.shared.clear()
    Leftovers.clear {
      signal(number, SIG_DFL)
      kill(getpid(), number)
      while true { pause() }
    }
  }
}
