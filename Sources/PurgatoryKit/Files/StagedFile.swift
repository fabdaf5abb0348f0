// StagedFile.swift — a whole file beside the one that it will replace; several are put in place all or none
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A file that is written and synced, under a name that nobody else uses.
struct StagedFile {
  let target: FilePath
  private let isManifest: Bool
  private let isNew: Bool
  private let file: FileDescriptor
  private let temporary: FilePath
  private let leftover: UInt64
  /// The file that is replaced, under another name.
  private var old: FilePath?
  /// Whether what was there is not there any more.
  private var isReplacing = false

  init(_ output: OutputFiles.Output, replacing identity: FileIdentity, _ progress: Progress?) throws {
    target = identity.target
    isManifest = output.isManifest
    isNew = identity.status == nil
    // Nobody else may open a file that will replace another, before its owner is that of the other.
    var permissions: FilePermissions = [.ownerReadWrite]
    if isNew {
      let model = try output.model.map { try FilePath($0).stat().permissions.intersection(.access) }
      permissions.formUnion(model ?? [.groupReadWrite, .otherReadWrite])
    }
    (file, temporary, leftover) = try Self.create(
      in: target.removingLastComponent(), permissions: permissions)
    do {
      try output.contents.write(to: file, output.path, progress)
      if let replaced = identity.status { try Self.protect(file, like: replaced) }
      try check(fsync(file.rawValue))
    } catch {
      discard()
      throw error
    }
  }

  /// A new file of a name that no other run uses, not even one of the same process number that was killed.
  private static func create(
    in folder: FilePath, permissions: FilePermissions
  ) throws -> (FileDescriptor, FilePath, leftover: UInt64) {
    while true {
      let path = newName(in: folder)
      do {
        return try Leftovers.withoutEnding {
          let file = try FileDescriptor.open(
            path, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec], permissions: permissions)
          return (file, path, Leftovers.add(.path(path)))
        }
      } catch {
        if error as? Errno != .fileExists { throw error }
      }
    }
  }

  /// Not the target's name with something added: that may be too long.
  private static func newName(in folder: FilePath) -> FilePath {
    var generator = SystemRandomNumberGenerator()
    return folder.appending(".purgatory-\(String(generator.next(), radix: 36)).tmp")
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

  /// Removes the temporary file, if it is still there.
  func discard() {
    try? file.close()
    unlink(temporary.string)
    Leftovers.remove(leftover)
  }
}

// MARK: - Into their places

extension StagedFile {
  /// Puts all into their places, in order.
  ///
  /// - Parameter lock: of their folders, which keeps another command's files from getting between them.
  /// - Throws: `Rejection`, after those that were replaced were put back; those that cannot be are named.
  static func commit(_ files: inout [StagedFile], _ lock: FolderLock) throws(Rejection) {
    // Whoever is ended by a signal is ended before or after it.
    let failure = Leftovers.withoutEnding { () -> Rejection? in
      defer { for file in files { file.forgetOld() } }
      do throws(Rejection) {
        try put(&files, lock)
        return nil
      } catch {
        let lost = files.reversed().filter { !$0.putBack() }
        return Rejection(
          error.problems
            + lost.map {
              Problem(
                $0.target.string, found: "is new already, and the old file cannot be put back",
                expected: "all files of one command", help: "run the command again")
            })
      }
    }
    if let failure { throw failure }
  }

  private static func put(_ files: inout [StagedFile], _ lock: FolderLock) throws(Rejection) {
    let last = files.indices.last ?? 0
    for index in files.indices where last > 0 { try files[index].prepare() }
    for index in files.indices where last > 0 && files[index].isManifest { try files[index].removeOld() }
    for index in files.indices {
      // Whatever a power failure leaves: what tells of others is not there before them.
      if last > 0, index == last || files[index].isManifest { try files[index].writing { try lock.sync() } }
      try files[index].put()
    }
    for file in files where last > 0 { try file.writing { try file.setTime(nil) } }
    try files[last].writing { try lock.sync() }
  }

  /// Keeps the old file, for `putBack`, and makes the new one older than whatever it is made of.
  private mutating func prepare() throws(Rejection) {
    if !isNew {
      let name = Self.newName(in: target.removingLastComponent())
      // Some file systems have no second names, and some files are not ours to give one.
      if link(target.string, name.string) == 0 { old = name }
    }
    try writing { try setTime(0) }
  }

  private mutating func removeOld() throws(Rejection) {
    guard !isNew else { return }
    try writing { try check(unlink(target.string)) }
    isReplacing = true
  }

  private mutating func put() throws(Rejection) {
    try writing { try check(rename(temporary.string, target.string)) }
    Leftovers.remove(leftover)
    isReplacing = true
  }

  /// Whether what was there is there again, or still.
  private func putBack() -> Bool {
    guard isReplacing else { return true }
    if let old { return rename(old.string, target.string) == 0 }
    return isNew && unlink(target.string) == 0
  }

  private func forgetOld() {
    if let old { unlink(old.string) }
  }

  /// - Parameter seconds: nil: now.
  private func setTime(_ seconds: Int?) throws(Errno) {
    let time = seconds.map { timespec(tv_sec: $0, tv_nsec: 0) } ?? timespec(tv_sec: 0, tv_nsec: .now)
    try check(futimens(file.rawValue, [timespec(tv_sec: 0, tv_nsec: .omitted), time]))
  }

  private func writing(_ body: () throws -> Void) throws(Rejection) {
    do {
      try body()
    } catch {
      throw Rejection(Problem(target.string, "cannot be written", error: error))
    }
  }
}

private func check(_ result: CInt) throws(Errno) {
  if result != 0 { throw Errno(rawValue: errno) }
}

extension Int {
  // UTIME_NOW and UTIME_OMIT, whose definitions Swift does not import.
  fileprivate static let now = 0x3fff_ffff
  fileprivate static let omitted = 0x3fff_fffe
}

extension FilePermissions {
  fileprivate static let group: Self = [.groupRead, .groupWrite, .groupExecute]
  fileprivate static let other: Self = [.otherRead, .otherWrite, .otherExecute]
  /// Reading, writing and executing: no set-user-id, set-group-id or sticky bit.
  fileprivate static let access: Self = [
    .ownerReadWriteExecute, .groupReadWriteExecute, .otherReadWriteExecute,
  ]
}
