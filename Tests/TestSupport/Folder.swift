// Folder.swift — a folder for one test: the commands run in it, and what they leave there is known
// SPDX-License-Identifier: MIT

import Foundation

/// A new folder, with `tmp` in it for the command's own temporary files; gone with the value.
public final class Folder: Sendable {
  public let path: String

  public init() throws {
    path =
      FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
      .appending(path: "purgatory-test-\(UUID().uuidString)").path
    try makeFolder("tmp")
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  public func makeFolder(_ name: String) throws {
    try FileManager.default.createDirectory(atPath: "\(path)/\(name)", withIntermediateDirectories: true)
  }

  public func write(_ bytes: [UInt8], to name: String) throws {
    try Data(bytes).write(to: URL(filePath: "\(path)/\(name)"))
  }

  public func write(_ text: String, to name: String) throws {
    try write(Array(text.utf8), to: name)
  }

  public func read(_ name: String) throws -> [UInt8] {
    try [UInt8](Data(contentsOf: URL(filePath: "\(path)/\(name)")))
  }

  public func text(of name: String) throws -> String {
    String(decoding: try read(name), as: UTF8.self)
  }

  public func exists(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(path)/\(name)")
  }

  /// The permission bits of a file.
  public func mode(of name: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: "\(path)/\(name)")
    return attributes[.posixPermissions] as? Int ?? 0
  }

  public func setMode(_ mode: Int, of name: String) throws {
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: "\(path)/\(name)")
  }

  /// Runs the built command in this folder.
  public func purgatory(
    _ arguments: [String], environment: [String: String] = [:], input: [UInt8] = []
  ) async throws -> Outcome {
    let own = ["TMPDIR": "\(path)/tmp"]
    return try await Command.run(
      Command.purgatory.get(), arguments, in: path, environment: own.merging(environment) { $1 }, input: input
    )
  }

  /// Runs the built command, which has to succeed.
  @discardableResult
  public func done(_ arguments: [String], environment: [String: String] = [:]) async throws -> Outcome {
    let outcome = try await purgatory(arguments, environment: environment)
    guard outcome.status == .exited(0) else {
      throw ToolFailure(description: "purgatory \(arguments): \(outcome.status): \(outcome.error)")
    }
    return outcome
  }

  /// Everything in the folder: each file's bytes and permissions, each link's target.
  public func snapshot() throws -> [String: Entry] {
    var entries: [String: Entry] = [:]
    for case let name as String in FileManager.default.enumerator(atPath: path) ?? .init() {
      let attributes = try FileManager.default.attributesOfItem(atPath: "\(path)/\(name)")
      let mode = attributes[.posixPermissions] as? Int ?? 0
      switch attributes[.type] as? FileAttributeType {
      case .typeRegular?: entries[name] = .file(try read(name), mode: mode)
      case .typeSymbolicLink?:
        entries[name] = .link(
          try FileManager.default.destinationOfSymbolicLink(atPath: "\(path)/\(name)"))
      default: entries[name] = .other(mode: mode)
      }
    }
    return entries
  }

  public enum Entry: Equatable, Sendable {
    case file([UInt8], mode: Int)
    case link(String)
    case other(mode: Int)
  }
}

/// The names of what differs between two snapshots.
public func differences(_ before: [String: Folder.Entry], _ after: [String: Folder.Entry]) -> [String] {
  Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }.sorted()
}
