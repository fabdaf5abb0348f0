// OutputFiles.swift — all outputs of a command or none: nobody ever sees half a file, and no input is replaced
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What a command will write. Each file is written beside its place and synced; then all are renamed.
public struct OutputFiles: Sendable {
  fileprivate struct Output: Sendable {
    let path: String
    let contents: Contents
    let model: String?
    let copied: String?

    var name: String { copied.map { "the copy of \($0)" } ?? "the output \(path)" }
  }

  private let inputs: [String]
  private var outputs: [Output] = []
  private var relied: [Contents] = []

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
    outputs.append(Output(path: path, contents: contents, model: model, copied: source))
  }

  /// What the outputs tell of, and which therefore must not have been changed since.
  public mutating func rely(on contents: [Contents]) { relied += contents }

  /// What is written where, in bytes.
  package var sizes: [(path: String, size: UInt64)] { outputs.map { ($0.path, $0.contents.count) } }

  /// Whether two paths lead to one file.
  package static func areOne(_ first: String, _ second: String) -> Bool {
    guard let first = try? FileIdentity(first), let second = try? FileIdentity(second) else { return false }
    return first == second
  }

  /// Every output that would replace an input or another output.
  package func refuseCollisions() throws(Rejection) {
    var owners: [FileIdentity: String] = [:]
    for input in inputs {
      if let identity = try? FileIdentity(input) { owners[identity] = "the input \(input)" }
    }
    var problems: [Problem] = []
    for output in outputs where output.path != "-" {
      let identity: FileIdentity
      do {
        identity = try FileIdentity(output.path)
      } catch {
        problems.append(Problem(output.path, "cannot be written", error: error))
        continue
      }
      guard identity.isReplaced else { continue }
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
  /// link leads to is replaced, not the link; what is no regular file (a device, a pipe) is written to as it is.
  ///
  /// - Parameter progress: of what is copied.
  /// - Throws: `Rejection`, before anything is replaced: for an output that would replace an input or another output, that
  ///   cannot be written, or that tells of a file which was changed meanwhile.
  public func write(_ progress: Progress? = nil) throws(Rejection) {
    try refuseCollisions()
    var staged: [StagedFile] = []
    var others: [(Output, FileIdentity)] = []
    defer { for file in staged { file.discard() } }
    // To files first: if one cannot be written, nothing has been said to a pipe.
    for output in outputs where output.path != "-" {
      do {
        let identity = try FileIdentity(output.path)
        if identity.isReplaced {
          staged.append(try StagedFile(output, replacing: identity, progress))
        } else {
          others.append((output, identity))
        }
      } catch {
        throw error as? Rejection ?? Rejection(Problem(output.path, "cannot be written", error: error))
      }
    }
    for contents in relied { try contents.checkUnchanged() }
    for (output, identity) in others {
      do {
        let file = try FileDescriptor.open(identity.target, .writeOnly)
        _ = try file.closeAfter { try output.contents.write(to: file, output.path, progress) }
      } catch {
        throw error as? Rejection ?? Rejection(Problem(output.path, "cannot be written", error: error))
      }
    }
    for output in outputs where output.path == "-" {
      try output.contents.write(to: .standardOutput, "standard output")
    }
    for file in staged {
      do {
        try file.commit()
      } catch {
        throw Rejection(Problem(file.target.string, "cannot be written", error: error))
      }
    }
  }
}

/// A whole file beside the one that it will replace.
private struct StagedFile {
  let target: FilePath
  private let temporary: FilePath
  private let leftover: UInt64

  init(_ output: OutputFiles.Output, replacing identity: FileIdentity, _ progress: Progress?) throws {
    target = identity.target
    // Nobody else may open a file that will replace another, before its owner is that of the other.
    var permissions: FilePermissions = [.ownerReadWrite]
    if identity.status == nil {
      let model = try output.model.map { try FilePath($0).stat().permissions.intersection(.access) }
      permissions.formUnion(model ?? [.groupReadWrite, .otherReadWrite])
    }
    let file: FileDescriptor
    (file, temporary, leftover) = try Self.create(
      in: target.removingLastComponent(), permissions: permissions)
    do {
      try file.closeAfter {
        try output.contents.write(to: file, output.path, progress)
        if let replaced = identity.status { try Self.protect(file, like: replaced) }
        try check(fsync(file.rawValue))
      }
    } catch {
      discard()
      throw error
    }
  }

  /// A new file of a name that no other run uses, not even one of the same process number that was killed.
  private static func create(
    in folder: FilePath, permissions: FilePermissions
  ) throws -> (FileDescriptor, FilePath, leftover: UInt64) {
    var generator = SystemRandomNumberGenerator()
    while true {
      // Not the target's name with something added: that may be too long.
      let path = folder.appending(".purgatory-\(String(generator.next(), radix: 36)).tmp")
      // Before it is there: whoever is ended in between leaves nothing.
      let leftover = Leftovers.add(.path(path))
      do {
        let file = try FileDescriptor.open(
          path, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec], permissions: permissions)
        return (file, path, leftover)
      } catch {
        Leftovers.remove(leftover)
        if error as? Errno != .fileExists { throw error }
      }
    }
  }

  /// Owner, group and permissions of the file that is replaced, as far as the caller may give them.
  private static func protect(_ file: FileDescriptor, like replaced: Stat) throws {
    var permissions = replaced.permissions.intersection(.access)
    if fchown(file.rawValue, replaced.userID.rawValue, replaced.groupID.rawValue) != 0,
      fchown(file.rawValue, .max, replaced.groupID.rawValue) != 0, try file.stat().groupID != replaced.groupID
    {
      // Another group now: it may do no more than everybody could.
      permissions.subtract(.group)
      permissions.formUnion(
        FilePermissions(rawValue: replaced.permissions.intersection(.other).rawValue << 3))
    }
    try check(fchmod(file.rawValue, permissions.rawValue))
  }

  func commit() throws {
    try check(rename(temporary.string, target.string))
    Leftovers.remove(leftover)
  }

  /// Removes the temporary file, if it is still there.
  func discard() {
    unlink(temporary.string)
    Leftovers.remove(leftover)
  }

  private static func check(_ result: CInt) throws(Errno) {
    if result != 0 { throw Errno(rawValue: errno) }
  }
  private func check(_ result: CInt) throws(Errno) { try Self.check(result) }
}

extension FilePermissions {
  fileprivate static let group: Self = [.groupRead, .groupWrite, .groupExecute]
  fileprivate static let other: Self = [.otherRead, .otherWrite, .otherExecute]
  /// Reading, writing and executing: no set-user-id, set-group-id or sticky bit.
  fileprivate static let access: Self = [
    .ownerReadWriteExecute, .groupReadWriteExecute, .otherReadWriteExecute,
  ]
}
