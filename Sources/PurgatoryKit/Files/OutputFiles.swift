// OutputFiles.swift — all outputs of a command or none: nobody ever sees half a file, and no input is replaced
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import SystemPackage

/// What a command will write. Each file is written beside its place and synced; then all are renamed, in the order in which
/// they were added: what tells of others is added after them.
public struct OutputFiles: Sendable {
  struct Output: Sendable {
    let path: String
    let contents: Contents
    let model: String?
    let copied: String?
    let isManifest: Bool

    var name: String { copied.map { "the copy of \($0)" } ?? "the output \(path)" }

    /// What is open already, and is written to as it is, whatever it leads to.
    var descriptor: FileDescriptor? {
      switch path {
      case "-", "/dev/stdout": return .standardOutput
      case "/dev/stderr": return .standardError
      default:
        guard let folder = ["/dev/fd/", "/proc/self/fd/"].first(where: path.hasPrefix) else { return nil }
        return CInt(path.dropFirst(folder.count)).map(FileDescriptor.init(rawValue:))
      }
    }
  }

  private let inputs: [String]
  private var outputs: [Output] = []
  private var relied: [Contents] = []
  private var folder: String?
  private var lock: FolderLock?
  /// Is told of a folder where another command has to be waited for.
  package var waiting: @Sendable (_ folder: String) -> Void = { _ in }

  /// Nothing to write yet.
  ///
  /// - Parameter inputs: the files that the outputs are made of, which none of them may replace.
  public init(from inputs: [String] = []) {
    self.inputs = inputs
  }

  /// Adds a file of bytes that are held.
  ///
  /// - Parameters:
  ///   - bytes: all of it.
  ///   - path: `-` is standard output.
  ///   - source: the file that this is a copy of, for errors; nil: none.
  ///   - model: a new file gets the permissions of this one, as far as the umask allows; nil: those that are usual.
  public mutating func add(
    _ bytes: some Sequence<UInt8>, to path: String, copyOf source: String? = nil,
    permissionsOf model: String? = nil
  ) {
    add(Contents(Array(bytes), name: path), to: path, copyOf: source, permissionsOf: model)
  }

  /// Adds a file of what need not be held.
  ///
  /// - Parameters:
  ///   - contents: all of it.
  ///   - path: `-` is standard output.
  ///   - source: the file that this is a copy of, for errors; nil: none.
  ///   - model: a new file gets the permissions of this one, as far as the umask allows; nil: those that are usual.
  public mutating func add(
    _ contents: Contents, to path: String, copyOf source: String? = nil, permissionsOf model: String? = nil
  ) {
    outputs.append(
      Output(path: path, contents: contents, model: model, copied: source, isManifest: false))
  }

  /// Adds what a loader goes by: while the files that were added before it are replaced, there is none.
  package mutating func add(manifest bytes: [UInt8], to path: String) {
    outputs.append(
      Output(
        path: path, contents: Contents(bytes, name: path), model: nil, copied: nil, isManifest: true))
  }

  /// What the outputs tell of, and which therefore must not have been changed since.
  public mutating func rely(on contents: [Contents]) { relied += contents }

  /// The folder at `path` is made, if need be, when the files are written.
  package mutating func make(folder path: String) { folder = path }

  /// Keeps other commands from replacing what is at `paths`, from before it is read until it is replaced.
  package mutating func lock(_ paths: [String]) { lock = FolderLock(of: paths, waiting) }

  /// What is written where, in bytes.
  package var sizes: [(path: String, size: UInt64)] { outputs.map { ($0.path, $0.contents.count) } }

  /// Whether two paths lead to one file.
  package static func areOne(_ first: String, _ second: String) -> Bool {
    guard let first = try? FileIdentity(first), let second = try? FileIdentity(second) else { return false }
    return first == second
  }

  /// Whether what is written to `path` goes into a pipe.
  package static func isPipe(_ path: String) -> Bool {
    (try? FileIdentity(path))?.status?.type == .fifo
  }

  /// Every output that would replace an input or another output.
  package func refuseCollisions() throws(Rejection) {
    var owners: [FileIdentity: String] = [:]
    for input in inputs {
      if let identity = try? FileIdentity(input) { owners[identity] = "the input \(input)" }
    }
    var problems: [Problem] = []
    for output in outputs where output.descriptor == nil {
      let identity: FileIdentity
      do {
        identity = try FileIdentity(output.path)
      } catch {
        problems.append(Problem(output.path, "cannot be written", error: error))
        continue
      }
      guard identity.isReplaced else {
        if let folder, output.path.hasPrefix("\(folder)/") {
          problems.append(
            Problem(
              output.path, found: "a pipe or a device", expected: "a file, as all of an output folder are",
              help: "rm \(output.path.quotedForShell)"))
        }
        continue
      }
      if let owner = owners.updateValue(output.name, forKey: identity) {
        problems.append(
          Problem(
            output.path, found: (output.copied.map { "the copy of \($0) " } ?? "") + "would replace \(owner)",
            expected: "an output that is no other file of this command", help: "write to another file"))
      }
    }
    guard problems.isEmpty else { throw Rejection(problems) }
  }

  /// Writes all of them. A file that is there keeps its owner and its permissions, but never a set-id or sticky bit; what a
  /// link leads to is replaced, not the link; what is no regular file (a device, a pipe) or is open already (`/dev/stdout`)
  /// is written to as it is.
  ///
  /// If one of several files cannot be replaced, those that were are put back. Where that is not possible, or the program is
  /// killed in between, `make` takes none of them for made: until the last is in its place, their time is that of 1970.
  ///
  /// - Parameter progress: of what is copied.
  /// - Throws: `Rejection`: for an output that would replace an input or another output, that cannot be written, or that tells
  ///   of a file which was changed meanwhile.
  public func write(_ progress: Progress? = nil) throws(Rejection) {
    try refuseCollisions()
    let made = try folder.map { path throws(Rejection) in try MadeFolders(path) }
    var staged: [StagedFile] = []
    var others: [(Output, FileIdentity)] = []
    var isDone = false
    defer {
      for file in staged { file.discard() }
      isDone ? made?.keep() : made?.discard()
    }
    // To files first: if one cannot be written, nothing has been said to a pipe.
    for output in outputs where output.descriptor == nil {
      try Self.writing(output.path) {
        let identity = try FileIdentity(output.path)
        if identity.isReplaced {
          staged.append(try StagedFile(output, replacing: identity, progress))
        } else {
          others.append((output, identity))
        }
      }
    }
    for contents in relied { try contents.checkUnchanged() }
    for (output, identity) in others {
      try Self.writing(output.path) {
        let file = try FileDescriptor.open(identity.target, .writeOnly, options: .closeOnExec)
        _ = try file.closeAfter { try output.contents.write(to: file, output.path, progress) }
      }
    }
    for output in outputs {
      guard let descriptor = output.descriptor else { continue }
      try output.contents.write(to: descriptor, output.path == "-" ? "standard output" : output.path)
    }
    guard !staged.isEmpty else { return }
    let lock = self.lock ?? FolderLock(of: staged.map(\.target.string), waiting)
    // Nobody else renames anything now.
    for contents in relied { try contents.checkUnchanged() }
    try StagedFile.commit(&staged, lock)
    isDone = true
  }

  private static func writing(_ path: String, _ body: () throws -> Void) throws(Rejection) {
    do {
      try body()
    } catch {
      throw error as? Rejection ?? Rejection(Problem(path, "cannot be written", error: error))
    }
  }
}
